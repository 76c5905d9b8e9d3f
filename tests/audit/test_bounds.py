"""What grows beyond measure in a source ends, and the file is audited all the same."""

import pytest

from tests.audit.fix.sample import queries
from tuxdb.audit.scan import Surroundings, scan


@pytest.mark.parametrize(
    ("first", "step", "sql"),
    [
        ("x = a", "x = x + x", "x"),
        ("x = [a]", "x = x + x", '",".join(x)'),
        ("x = {a: a}", "x = {**x, **x}", 'x["a"]'),
        ("x = (a,)", "x = (x, x)", "x"),
        ('x = "%s"', 'x = x.replace("%s", "%s%s")', "x"),
        ('x = f"{a}"', 'x = f"{x}{x}"', "x"),
    ],
)
def test_values_that_double_again_and_again_are_let_go(
    first: str, step: str, sql: str
) -> None:
    steps = "".join(f"    {step}\n" for _ in range(50))

    found = queries(
        f"def f(conn, a):\n    {first}\n{steps}    conn.fetchrow({sql}, 1)\n"
        '    conn.fetchrow("SELECT 1")\n'
    )

    assert [query.line for query in found][-1] == 54


def test_loops_in_loops_are_not_followed_without_end() -> None:
    loops = "".join(f"    {' ' * n}for x{n} in y:\n" for n in range(60))
    source = (
        'def f(conn):\n    row = conn.fetchrow("SELECT a FROM t")\n'
        f"{loops}    {' ' * 60}print(row['a'])\n"
    )

    (query,) = scan("bot.py", source.encode(), Surroundings()).queries

    assert [use.detail for use in query.uses] == ["too much to follow"]


def test_thousands_of_calls_in_one_function_are_found() -> None:
    calls = "".join(
        f'    a{n} = conn.fetchrow("SELECT {n}")\n    print(a{n}[0])\n'
        for n in range(800)
    )

    assert len(queries(f"def f(conn):\n{calls}")) == 800
