"""TUX401: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def each(conn, members):
    for member in members:
        await conn.fetchrow("SELECT a FROM t WHERE id = $1", member.id)  # TUX401
    for attempt in range(3):
        await conn.fetchrow("SELECT a FROM t WHERE id = $1", attempt)
    while True:
        await conn.fetchrow("SELECT a FROM t WHERE id = 1")
    for name in ("a", "b"):
        await conn.fetchrow("SELECT a FROM t WHERE name = $1", name)
    return [
        await conn.fetchval("SELECT a FROM t WHERE id = $1", m.id)  # TUX401
        for m in members
    ]


async def other_statements(conn, tables):
    for table in tables:
        await conn.execute(f"ANALYZE {table}")
        await conn.execute("DELETE FROM logs WHERE kind = $1", table)  # TUX401
