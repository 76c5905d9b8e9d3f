"""Values bound in the manner of each driver, and texts of SQLAlchemy retold."""

import pytest

from tests.audit.fix.sample import fixed, outcome
from tuxdb.audit.sql.results import Converted

BY_ID = Converted(
    "select(Link.id, Link.url).where(Link.id == tuxdb_arg_1)",
    imports=("from sqlalchemy import select", "from models.links import Link"),
    params=("tuxdb_arg_1",),
)
BIGINT = ("bigint",)


def module(driver: str, call: str) -> str:
    return f"{driver}\n\n\ndef find(cur, session, key):\n    {call}\n"


@pytest.mark.parametrize(
    ("driver", "before", "after"),
    [
        (
            "import psycopg",
            'cur.execute(f"SELECT a FROM t WHERE b = {int(key)}")',
            'cur.execute("SELECT a FROM t WHERE b = %s", (int(key),))',
        ),
        (
            "import psycopg",
            'cur.execute(f"SELECT a FROM t WHERE b={int(key)} AND c = %s", (1,))',
            'cur.execute("SELECT a FROM t WHERE b=%s AND c = %s", (int(key), 1,))',
        ),
        (
            "import psycopg",
            (
                'cur.execute(f"SELECT a FROM t WHERE c = %(c)s AND b = {int(key)}", '
                '{"c": 1})'
            ),
            (
                'cur.execute("SELECT a FROM t WHERE c = %(c)s AND b = %(value)s", '
                '{"c": 1, "value": int(key)})'
            ),
        ),
        (
            "import sqlite3",
            'cur.execute(f"DELETE FROM t WHERE a = ? AND b = {int(key)}", [2])',
            'cur.execute("DELETE FROM t WHERE a = ? AND b = ?", [2, int(key)])',
        ),
        (
            "from sqlalchemy import text",
            'session.execute(text(f"SELECT a FROM t WHERE b = {int(key)}"))',
            (
                'session.execute(text("SELECT a FROM t WHERE b = :value")'
                ".bindparams(value=int(key)))"
            ),
        ),
    ],
)
def test_values_are_bound_as_the_driver_takes_them(
    driver: str, before: str, after: str
) -> None:
    assert fixed(module(driver, before)) == module(driver, after)


@pytest.mark.parametrize(
    ("driver", "call", "reason"),
    [
        (
            "import psycopg",
            "cur.execute(f\"SELECT a FROM t WHERE b LIKE 'x%' AND c = {int(key)}\")",
            "refused: a % in its text would have to be doubled",
        ),
        (
            "import psycopg",
            'cur.execute(f"SELECT a FROM t WHERE b = %s AND c = {int(key)}", given)',
            "refused: its parameters and its arguments differ in number",
        ),
        (
            "import sqlite3",
            "cur.execute(f\"SELECT a FROM t WHERE b IN ({','.join(key)})\")",
            "refused: SQLite has no parameter for a whole list",
        ),
        (
            "import psycopg",
            'cur.execute("SELECT id, url FROM links WHERE id = %s", (key,))',
            "refused: its rows are read from a cursor, apart from the call",
        ),
    ],
)
def test_what_is_not_sure_is_refused(driver: str, call: str, reason: str) -> None:
    assert outcome(module(driver, call), BY_ID, types=BIGINT) == reason


def test_a_text_becomes_an_expression_and_its_call_stays() -> None:
    source = module(
        "from sqlalchemy import text",
        'return session.execute(text("SELECT id, url FROM links WHERE id = :id"), '
        '{"id": key}).all()',
    )

    assert fixed(source, BY_ID, types=BIGINT) == (
        "from models.links import Link\n"
        "from sqlalchemy import select\n\n\n"
        "def find(cur, session, key):\n"
        "    return session.execute("
        "select(Link.id, Link.url).where(Link.id == key)).all()\n"
    )


def test_a_session_with_changes_may_write_them_first() -> None:
    source = module(
        "from sqlalchemy import text",
        "session.add(key)\n"
        '    session.execute(text("SELECT id, url FROM links WHERE id = :id"), '
        '{"id": key})',
    )

    assert outcome(source, BY_ID, types=BIGINT) == (
        "unsafe: the session has changes that it would write first"
    )


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (
            'text("SELECT id, url FROM links WHERE id = :id")',
            "the text is not given to a session where it is written",
        ),
        (
            (
                'session.exec(text("SELECT id, url FROM links WHERE id = :id"), '
                '{"id": key})'
            ),
            "`exec` is not known to run it",
        ),
        (
            'session.execute(text("SELECT id, url FROM links WHERE id = :id"), key)',
            "it cannot be seen what is bound to its parameters",
        ),
    ],
)
def test_a_text_stays_where_it_is_not_clear_what_runs_it(
    call: str, reason: str
) -> None:
    source = module("from sqlalchemy import text", call)

    assert outcome(source, BY_ID, types=BIGINT) == f"refused: {reason}"
