"""TUX108: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, UP031
# mypy: ignore-errors


async def page(conn, number, days):
    await conn.fetch(f"SELECT id FROM cases LIMIT {number}")  # TUX108
    await conn.fetch("SELECT id FROM cases OFFSET %s" % number)  # TUX108
    await conn.fetch(f"SELECT now() - '{days} days'::interval")  # TUX108
    await conn.fetch("SELECT id FROM cases LIMIT $1", number)
