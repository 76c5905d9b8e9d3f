"""TUX205: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def setup(conn):
    await conn.execute("CREATE TABLE IF NOT EXISTS users (id bigint)")  # TUX205
    await conn.execute("ALTER TABLE users ADD COLUMN name text")  # TUX205
    await conn.execute("INSERT INTO users (id) VALUES (1)")
