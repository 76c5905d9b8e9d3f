"""TUX403: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def earn(conn, user, amount):
    row = await conn.fetchrow("SELECT points FROM users WHERE id = $1", user)
    await conn.execute(  # TUX403
        "UPDATE users SET points = $1 WHERE id = $2", row["points"] + amount, user
    )


async def at_once(conn, user, amount):
    await conn.execute(
        "UPDATE users SET points = points + $1 WHERE id = $2", amount, user
    )
