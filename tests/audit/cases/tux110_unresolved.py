"""TUX110: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, F821
# mypy: ignore-errors


async def run(conn, builder):
    await conn.execute(builder.build())  # TUX110
    await conn.fetchrow(load("query"))  # TUX110
    await conn.fetchrow("SELECT 1")


async def expressions(session, statement):
    await session.execute(select(User))
    await session.execute(statement)
