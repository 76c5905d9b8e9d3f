"""TUX204: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, F821
# mypy: ignore-errors


class User(Base):
    __tablename__ = "users"


async def read(conn):
    await conn.fetch("SELECT id FROM users WHERE id = 1")
    await conn.fetch("SELECT id FROM polls WHERE id = 1")  # TUX204
    await conn.fetch("SELECT name FROM polls WHERE id = 1")
    await conn.fetch("WITH p AS (SELECT 1) SELECT * FROM p")
    await conn.fetch("SELECT a FROM public.users, jsonb_each(b)")
    await conn.fetch("SELECT a FROM jsonb_each($1) JOIN unnest($2) AS b ON true", c, d)
    await conn.fetch("SELECT a FROM users WHERE b IS DISTINCT FROM c FOR UPDATE NOWAIT")
    await conn.fetch("SELECT EXTRACT(EPOCH FROM now()) FROM information_schema.tables")
