"""What a function does with the result of a raw call."""

import textwrap

import pytest

from tests.audit.fix.sample import queries


def uses(body: str) -> list[tuple[str, str]]:
    """The uses of the first raw call in a coroutine."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    source = f"import asyncpg\n\nasync def run(db, key):\n{lines}\n"
    return [(use.kind, use.detail) for use in queries(source)[0].uses]


ROW = 'row = await db.fetchrow("SELECT id, name FROM links WHERE id = $1", key)\n'
ROWS = 'rows = await db.fetch("SELECT id, name FROM links")\n'
DONE = 'done = await db.execute("DELETE FROM links WHERE id = $1", key)\n'


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ('print(row["name"].upper())', [("key", "name")]),
        ("print(row[0] + 1)", [("position", "0")]),
        ("number, name = row", [("unpacked", "2")]),
        ("if row is None: key()", [("tested", "")]),
        ("while not row: key()", [("tested", "")]),
        ("print(dict(row)['a'])", [("method", "dict")]),
        ("print(row.get('a'))", [("method", "get")]),
        ("print(row.name)", [("attribute", "name")]),
        ("for value in row: key(value)", [("iterated", "")]),
        ("return row", [("returned", "row")]),
        ("self.cache = row", [("stored", "self.cache")]),
        ("key.show(row)", [("passed", "key.show")]),
        ("other = row\nprint(other['id'])", [("key", "id")]),
        ("print(row[key])", [("other", "[key]")]),
        ("name = row['name'] if row else None", [("key", "name"), ("tested", "")]),
        ("print(key)", [("unused", "")]),
    ],
)
def test_what_is_done_with_one_row(after: str, expected: list[tuple[str, str]]) -> None:
    assert uses(ROW + after) == expected


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (
            "for row in rows:\n    print(row['id'])",
            [("iterated", "rows"), ("key", "id")],
        ),
        ("for a, b in rows: print(a)", [("unpacked", "2"), ("iterated", "rows")]),
        ("x = [r[1] for r in rows]", [("position", "1"), ("iterated", "rows")]),
        ("print(len(rows))", [("length", "")]),
        ("print(rows[0]['id'])", [("key", "id")]),
        ("print(rows[:3][0][1])", [("position", "1")]),
        (
            "for n, row in enumerate(rows):\n    print(row['id'])",
            [("iterated", "rows"), ("key", "id")],
        ),
        ("rows.sort(key=key)", [("method", "list.sort")]),
        ("def later():\n    return rows", [("stored", "rows in an inner function")]),
    ],
)
def test_what_is_done_with_rows(after: str, expected: list[tuple[str, str]]) -> None:
    assert uses(ROWS + after) == expected


def test_the_status_of_a_statement_is_told_from_a_value() -> None:
    assert uses(DONE + 'return done == "DELETE 1"') == [
        ("status", "done == 'DELETE 1'")
    ]
    assert uses('await db.execute("DELETE FROM links")') == [("unused", "")]
    assert uses('return await db.fetchval("SELECT 1")') == [("returned", "value")]


def test_only_reads_that_the_value_reaches_are_its_uses() -> None:
    body = f"""
    {ROW.strip()}
    if row:
        row = await db.fetchrow("SELECT 2")
        print(row[0])
    else:
        print(row["id"])
    """
    assert uses(body) == [("tested", ""), ("key", "id")]


def test_a_loop_brings_the_value_back_to_its_beginning() -> None:
    body = f"""
    row = None
    while key:
        if row:
            print(row["last"])
        {ROW.strip()}
    """
    assert ("key", "last") in uses(body)


def test_a_handler_sees_what_its_try_had_got() -> None:
    body = f"""
    try:
        {ROW.strip()}
        key()
    except ValueError:
        print(row["id"])
    """
    assert uses(body) == [("key", "id")]
