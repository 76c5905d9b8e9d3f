"""TUX305: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def change(conn):
    await conn.execute("UPDATE users SET points = 0")  # TUX305
    await conn.execute("DELETE FROM users")  # TUX305
    await conn.fetch("SELECT id FROM users WHERE name = NULL")  # TUX305
    await conn.execute("UPDATE users SET name = NULL WHERE id = 1")
    await conn.fetch("SELECT id FROM users WHERE name IS NULL")
