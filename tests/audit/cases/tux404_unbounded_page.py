"""TUX404: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def pages(conn, page):
    await conn.fetch("SELECT id FROM cases ORDER BY id OFFSET $1", page * 10)  # TUX404
    await conn.fetch("SELECT id FROM cases")  # TUX404
    await conn.fetch("SELECT count(*) FROM cases")
    await conn.fetch("SELECT id FROM cases WHERE guild_id = $1", 1)
