"""TUX207: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def one(conn, guild):
    await conn.fetchrow("SELECT * FROM guilds WHERE id = $1", guild)  # TUX207


async def two(conn, guild):
    await conn.fetchrow("select *\nfrom guilds where id = $1", guild)


async def three(conn, guild):
    await conn.fetchrow("SELECT * FROM guilds WHERE id = $1;", guild)
    await conn.fetchrow("SELECT a FROM guilds WHERE id = $1", guild)
