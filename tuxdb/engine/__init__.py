"""The database service and the embedded PostgreSQL server under it."""
