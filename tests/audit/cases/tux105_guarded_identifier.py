"""TUX105: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def change(conn, column, allowed):
    if column not in allowed:
        raise ValueError(column)
    await conn.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)  # TUX105


async def checked(conn, column):
    if column.isidentifier():
        await conn.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)  # TUX105
    await conn.execute(f"UPDATE users SET {column} = $1 WHERE id = 1", 1)
