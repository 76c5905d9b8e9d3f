"""TUX103: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, UP031
# mypy: ignore-errors


async def among(conn, ids):
    wanted = ",".join(map(str, ids))
    await conn.fetch(f"SELECT a FROM t WHERE id IN ({wanted})")  # TUX103
    await conn.fetch("SELECT a FROM t WHERE id IN (" + wanted + ")")  # TUX103
    await conn.fetch("SELECT a FROM t WHERE id = ANY($1)", ids)


def marks(cursor, ids):
    wanted = ",".join("?" * len(ids))
    cursor.execute(f"SELECT a FROM t WHERE id IN ({wanted})", ids)
    cursor.execute("SELECT a FROM t WHERE id IN (%s)" % ",".join(["?"] * len(ids)), ids)
