"""Parameters of every driver, read as PostgreSQL's own."""

import pytest

from tests.audit.fix.sample import queries
from tuxdb.audit.placeholders import Unnumbered, numbered


@pytest.mark.parametrize(
    ("call", "text", "args"),
    [
        (
            "cur.execute(\"SELECT 1 WHERE a=%s AND b LIKE 'x%%'\", (a, b.id))",
            "SELECT 1 WHERE a=$1 AND b LIKE 'x%'",
            ("a", "b.id"),
        ),
        (
            (
                'cur.execute("SELECT 1 WHERE a=%(x)s OR b=%(y)s OR c=%(x)s", '
                '{"y": 2, "x": f(1)})'
            ),
            "SELECT 1 WHERE a=$1 OR b=$2 OR c=$1",
            ("f(1)", "2"),
        ),
        ("cur.execute(\"SELECT 1 WHERE a = '%s'\")", "SELECT 1 WHERE a = '%s'", ()),
        ('cur.execute("SELECT 1 WHERE a=%s", given)', "SELECT 1 WHERE a=$1", None),
    ],
)
def test_psycopg(call: str, text: str, args: tuple[str, ...] | None) -> None:
    (query,) = queries(f"import psycopg\n\n{call}\n")

    found = numbered(query)

    assert (found.text, found.args) == (text, args)


def test_sqlite_counts_its_question_marks() -> None:
    (query,) = queries(
        f"import {'aio'}{'sqlite'}\n\n"
        "db.execute(\"SELECT 1 WHERE a=? AND b = '?' AND c IN (?, ?)\", (1, x, y))\n"
    )

    found = numbered(query)

    assert found.text == "SELECT 1 WHERE a=$1 AND b = '?' AND c IN ($2, $3)"
    assert found.args == ("1", "x", "y")


@pytest.mark.parametrize(
    ("run", "args"),
    [
        ('session.execute({}, {{"id": a.id}})', ("a.id",)),
        ("session.execute({}.bindparams(id=a.id))", ("a.id",)),
        ("session.execute({}, params)", None),
        ("statement = {}", None),
    ],
)
def test_named_parameters_of_sqlalchemy(run: str, args: tuple[str, ...] | None) -> None:
    text = 'text("SELECT a::int FROM t WHERE id = :id")'
    (query,) = queries(f"from sqlalchemy import text\n\n{run.format(text)}\n")

    found = numbered(query)

    assert found.text == "SELECT a::int FROM t WHERE id = $1"
    assert found.args == args


def test_what_a_driver_would_read_in_a_string_is_not_guessed() -> None:
    (query,) = queries(
        "from sqlalchemy import text\n\n"
        "session.execute(text(\"SELECT 1 FROM t WHERE a = ' :b'\"))\n"
    )

    with pytest.raises(Unnumbered):
        numbered(query)


def test_operators_beside_a_parameter_are_no_part_of_it() -> None:
    (query,) = queries(
        'import psycopg\n\ncur.execute("SELECT 1 FROM t WHERE a->>%s=%s", (b, c))\n'
    )

    assert numbered(query).text == "SELECT 1 FROM t WHERE a->>$1=$2"
