"""TUX107: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, UP032
# mypy: ignore-errors


async def by_name(conn, name):
    await conn.fetch(f"SELECT id FROM users WHERE name = '{name}'")  # TUX107
    await conn.fetch("SELECT a FROM t WHERE b LIKE '%{}%'".format(name))  # TUX107
    safe = name.replace("'", "''")
    await conn.fetch(f"SELECT a FROM t WHERE b = '{safe}'")  # TUX107
    await conn.fetch("SELECT id FROM users WHERE name = $1", name)
