"""TUX102: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201, UP031, UP032
# mypy: ignore-errors


async def of_guild(conn, ctx, amount: int):
    await conn.fetch(f"SELECT id FROM t WHERE guild_id = {ctx.guild.id}")  # TUX102
    await conn.execute("UPDATE t SET a = {} WHERE b = 1".format(amount))  # TUX102
    await conn.execute("UPDATE t SET a = %d WHERE b = 1" % amount)  # TUX102
    await conn.execute(f"UPDATE t SET a = {int(amount) + 1} WHERE b = 1")  # TUX102
    await conn.execute("UPDATE t SET a = $1 WHERE b = 1", amount)
