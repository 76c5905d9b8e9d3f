"""TUX304: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors

import asyncpg


async def change(conn: asyncpg.Connection, x):
    await conn.execute("DELETE FROM a WHERE b = $1; SELECT 1", x)  # TUX304
    await conn.execute("DELETE FROM a WHERE b = 1; DELETE FROM c WHERE d = 1")
    await conn.execute("DELETE FROM a WHERE b = $1;", x)
