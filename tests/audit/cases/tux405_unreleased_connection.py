"""TUX405: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def leak(pool):
    conn = await pool.acquire()  # TUX405
    await conn.execute("SELECT 1")
    await pool.release(conn)


async def released(pool):
    conn = await pool.acquire()
    try:
        await conn.execute("SELECT 1")
    finally:
        await pool.release(conn)


async def best(pool):
    async with pool.acquire() as conn:
        await conn.execute("SELECT 1")
