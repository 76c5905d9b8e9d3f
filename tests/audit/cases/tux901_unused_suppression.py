"""TUX901: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def read(conn, name):
    await conn.fetch(f"SELECT a FROM t WHERE b = {name}")  # tuxdb: ignore[TUX101] ours
    await conn.fetch(
        "SELECT a FROM t WHERE b = $1", name
    )  # tuxdb: ignore[TUX101] TUX901
