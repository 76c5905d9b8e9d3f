"""What is found in a module: the calls, their text, and what may be put into it."""

import ast

import pytest

from tuxdb.audit.module import index
from tuxdb.audit.resolve import resolve
from tuxdb.audit.sinks import Sinks
from tuxdb.audit.sites import RawQuery


def queries(source: str) -> list[RawQuery]:
    return resolve(index("bot.py", ast.parse(source)), Sinks()).queries


def only(source: str) -> RawQuery:
    (query,) = queries(source)
    return query


@pytest.mark.parametrize(
    ("call", "api"),
    [
        ("await pool.fetch('SELECT 1')", "asyncpg.fetch"),
        ("await self.bot.db.fetchval('SELECT 1')", "asyncpg.fetchval"),
        ("cursor.execute('SELECT 1')", "dbapi.execute"),
        ("op.execute('SELECT 1')", "alembic.execute"),
        (
            "execute_values(cursor, 'INSERT INTO t VALUES %s', x)",
            "dbapi.execute_values",
        ),
        ("await loop.run_in_executor(None, cur.execute, 'SELECT 1')", "dbapi.execute"),
        ("await conn.fetchrow(*('SELECT 1', 2))", "asyncpg.fetchrow"),
    ],
)
def test_calls_that_take_sql_are_found(call: str, api: str) -> None:
    query = only(
        f"async def f(self, pool, cursor, op, loop, cur, conn, x):\n    {call}"
    )

    assert query.api == api
    assert query.classified == "safe"


@pytest.mark.parametrize(
    "call",
    [
        "await channel.fetch()",
        "await session.execute(select(User))",
        "await client.fetch('https://example.com')",
        "draw.text((1, 2), 'SELECT')",
        "executor.execute(task)",
        "request.execute()",
        "player.fetch('notify_channel')",
        "log.info('SELECT 1')",
    ],
)
def test_calls_of_the_same_name_are_left_alone(call: str) -> None:
    source = f"from sqlalchemy import select\nasync def f(session):\n    {call}"

    assert queries(source) == []


@pytest.mark.parametrize(
    ("body", "sql_is"),
    [
        ("await c.fetch('SELECT 1')", "constant"),
        ("q = 'SELECT 1'\n    await c.fetch(q)", "name-resolved"),
        ("await c.fetch(f'SELECT {a}')", "fstring"),
        ("await c.fetch('SELECT {}'.format(a))", "format"),
        ("await c.fetch('SELECT %s' % a)", "format"),
        ("await c.fetch('SELECT ' + a)", "concat"),
        ("await c.execute(make(a))", "variable"),
    ],
)
def test_how_the_text_is_made_is_told(body: str, sql_is: str) -> None:
    assert only(f"async def f(c, a):\n    {body}").sql_is == sql_is


@pytest.mark.parametrize(
    "body",
    [
        "t = 'a' if x else 'b'\n    await c.fetch(f'SELECT 1 FROM {t}')",
        "t = {'a': 'b'}.get(x, 'c')\n    await c.fetch(f'SELECT 1 FROM {t}')",
        "t = random.choice(['a', 'b'])\n    await c.fetch(f'SELECT 1 FROM {t}')",
        "for t in ('a', 'b'):\n        await c.fetch(f'SELECT 1 FROM {t}')",
        "for t, u in (('a', 'b'),):\n        await c.fetch(f'SELECT {u} FROM {t}')",
        "if x in ('a', 'b'):\n        await c.fetch(f'SELECT 1 FROM {x}')",
        "match x:\n        case 'a':\n            await c.fetch(f'SELECT {x}')",
        "await c.fetch(f'SELECT 1 LIMIT ${len(x)}')",
        "await c.fetch(f'SELECT 1 FROM {TABLE}')",
        "await c.fetch(f'SELECT 1 FROM {helper(x)}')",
    ],
)
def test_literals_are_followed_through_the_function(body: str) -> None:
    source = "TABLE = 't'\ndef helper(y):\n    return 'a' if y else 'b'\n"

    query = only(f"{source}async def f(c, x):\n    {body}")

    assert query.classified == "safe"


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT a FROM t WHERE b = {x}", "value"),
        ("INSERT INTO t (a) VALUES ({x})", "value"),
        ("UPDATE t SET a = {x}", "value"),
        ("SELECT a FROM t WHERE b BETWEEN 1 AND {x}", "value"),
        ("SELECT a FROM t WHERE b IN ({x})", "list"),
        ("SELECT a FROM t WHERE b = '{x}'", "quoted"),
        ("SELECT a FROM t LIMIT {x}", "limit"),
        ("SELECT now() - INTERVAL '{x} days'", "limit"),
        ("SELECT {x} FROM t", "identifier"),
        ("SELECT a FROM {x}", "identifier"),
        ("SELECT a FROM t_{x}", "identifier"),
        ('SELECT a FROM "{x}"', "identifier"),
        ("SELECT a FROM t ORDER BY {x}", "identifier"),
        ("SELECT a FROM t ORDER BY a {x}", "keyword"),
        ("UPDATE t SET {x} = $1", "identifier"),
        ("SELECT a FROM t WHERE {x} = $1", "identifier"),
        ("SELECT a FROM t WHERE {x}", "keyword"),
        ("SELECT a FROM t WHERE b = ${x}", "placeholder"),
        ("INSERT INTO t ({x}) VALUES ($1)", "identifier"),
    ],
)
def test_the_place_of_a_hole_decides_its_kind(sql: str, kind: str) -> None:
    query = only(f"async def f(c, x):\n    await c.fetch(f{sql!r})")

    assert [hole.kind for hole in query.holes] == [kind]


def test_markers_stand_where_the_holes_are() -> None:
    query = only("async def f(c, a, b):\n    await c.fetch(f'SELECT {a} FROM {b}')")

    assert query.text == "SELECT tuxdb_hole_0 FROM tuxdb_hole_1"
    assert query.statement == "SELECT {a} FROM {b}"
    assert [query.text[hole.position :][:12] for hole in query.holes] == [
        "tuxdb_hole_0",
        "tuxdb_hole_1",
    ]


def test_what_is_around_a_call_is_told() -> None:
    source = (
        "class Cog:\n"
        "    async def f(self, conn, rows):\n"
        "        async with conn.transaction():\n"
        "            for row in rows:\n"
        "                await conn.execute('SELECT $1', row)\n"
    )

    query = only(source)

    assert query.function == "Cog.f"
    assert query.loop == "for row in rows"
    assert (query.in_loop, query.in_transaction, query.awaited) == (True, True, True)
    assert query.args == ("row",)


def test_branches_that_choose_a_statement_are_variants() -> None:
    source = (
        "async def f(c, x):\n"
        "    if x:\n        q = 'SELECT 1'\n"
        "    else:\n        q = 'SELECT 2'\n"
        "    await c.fetch(q)\n"
    )

    query = only(source)

    assert {query.text, *query.variants} == {"SELECT 1", "SELECT 2"}
