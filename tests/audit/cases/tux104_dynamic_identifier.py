"""TUX104: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors

COLUMNS = {"money": "coins", "xp": "experience"}


async def change(conn, column, table, kind):
    await conn.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)  # TUX104
    await conn.fetch(f"SELECT a FROM {table} WHERE b = 1")  # TUX104
    await conn.fetch(f"SELECT a FROM t WHERE b = 1 ORDER BY {column}")  # TUX104
    await conn.fetch(f'SELECT "crates_{kind}" FROM profile WHERE b = 1')  # TUX104
    await conn.execute(f"UPDATE t SET {COLUMNS[kind]} = $1 WHERE b = 1", 1)


async def known(conn, column):
    if column not in ("money", "xp"):
        return
    await conn.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)
