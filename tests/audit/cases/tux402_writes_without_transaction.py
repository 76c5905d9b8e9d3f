"""TUX402: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors

import asyncpg


async def bare(conn: asyncpg.Connection):
    await conn.execute("UPDATE a SET b = 1 WHERE c = 1")
    await conn.execute("UPDATE d SET e = 1 WHERE f = 1")  # TUX402


async def together(conn: asyncpg.Connection):
    async with conn.transaction():
        await conn.execute("UPDATE a SET b = 1 WHERE c = 1")
        await conn.execute("UPDATE d SET e = 1 WHERE f = 1")


async def either(conn: asyncpg.Connection, first):
    if first:
        await conn.execute("UPDATE a SET b = 1 WHERE c = 1")
    else:
        await conn.execute("UPDATE d SET e = 1 WHERE f = 1")


async def early(conn: asyncpg.Connection, first):
    if first:
        await conn.execute("UPDATE a SET b = 1 WHERE c = 1")
        return
    await conn.execute("UPDATE d SET e = 1 WHERE f = 1")
