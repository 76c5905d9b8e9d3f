"""TUX301: an expected line ends in the code."""
# ruff: noqa: ANN201
# mypy: ignore-errors

import asyncpg


async def read(conn: asyncpg.Connection):
    await conn.fetch("SELECT * * FROM users")  # TUX301
    await conn.execute("UPDATE users SET WHERE id = 1")  # TUX301
    await conn.fetch("SELECT * FROM users WHERE id = $1", 1)
