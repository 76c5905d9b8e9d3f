"""What `scripts/bench` measures: one module per group of rows."""
