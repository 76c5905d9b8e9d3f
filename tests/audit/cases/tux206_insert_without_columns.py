"""TUX206: an expected line ends in the code."""
# ruff: noqa: ANN001, ANN201
# mypy: ignore-errors


async def add(conn, a):
    await conn.execute("INSERT INTO users VALUES ($1)", a)  # TUX206
    await conn.execute("INSERT INTO public.users SELECT * FROM old")  # TUX206
    await conn.execute("INSERT INTO users (id) VALUES ($1)", a)
    await conn.execute("INSERT INTO users DEFAULT VALUES")
