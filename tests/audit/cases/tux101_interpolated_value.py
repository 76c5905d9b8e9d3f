"""TUX101: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, UP031, UP032
# mypy: ignore-errors


async def by_name(conn, name):
    await conn.fetch(f"SELECT id FROM users WHERE name = {name}")  # TUX101
    await conn.fetch("SELECT id FROM users WHERE name = " + name)  # TUX101
    await conn.fetch("SELECT id FROM users WHERE name = %s" % name)  # TUX101
    await conn.fetch("SELECT id FROM users WHERE name = {}".format(name))  # TUX101
    query = "SELECT id FROM users"
    if name:
        query += f" WHERE name = {name}"
    await conn.fetch(query)  # TUX101
    await conn.fetch("SELECT id FROM users WHERE name = $1", name)


async def from_branches(conn, wanted):
    kind = "'ban'" if wanted else "'kick'"
    await conn.fetch(f"SELECT id FROM cases WHERE kind = {kind}")
    for kind in ("1", "2"):
        await conn.fetch(f"SELECT id FROM cases WHERE kind = {kind}")


async def placeholders(conn, values):
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    await conn.fetch(f"SELECT id FROM users WHERE id IN ({marks})", *values)


async def clauses(conn, guild, user):
    found = ["guild_id = $1"]
    if user:
        found.append("user_id = $2")
    await conn.fetch(f"SELECT id FROM cases WHERE {' AND '.join(found)}", guild)
