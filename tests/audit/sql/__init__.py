"""Tests of the SQL side of the audit, on a real PostgreSQL."""
