"""Looking into any PostgreSQL database: sizes, indexes, findings and their fixes."""
