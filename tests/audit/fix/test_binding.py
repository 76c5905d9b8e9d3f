"""Interpolated values become parameters of the same statement."""

import pytest

from tests.audit.fix.sample import fixed, method, outcome, planned
from tuxdb.audit.sql.results import Unsupported

DB = "await self.bot.db"


def call(source: str) -> str:
    """The last line of the coroutine of the sample."""
    return source.rstrip().splitlines()[-1].strip()


def bound(source: str, types: tuple[str, ...]) -> str:
    """The source with bound values, where there is no conversion."""
    (file,) = planned(source, Unsupported("for the test"), types=types).files
    return file.after.decode()


@pytest.mark.parametrize(
    ("before", "after", "types"),
    [
        (
            "fetch(f\"SELECT * FROM links WHERE tag = '{key}'\")",
            'fetch("SELECT * FROM links WHERE tag = $1", str(key))',
            ("text",),
        ),
        (
            "fetch(f\"SELECT * FROM links WHERE tag LIKE '%{key}%'\")",
            'fetch("SELECT * FROM links WHERE tag LIKE $1", f"%{key}%")',
            ("text",),
        ),
        (
            'fetch(f"SELECT * FROM links WHERE id = {key.id}")',
            'fetch("SELECT * FROM links WHERE id = $1", key.id)',
            ("bigint",),
        ),
        (
            'fetch(f"SELECT * FROM links WHERE id = {key} AND a = $1", 5)',
            'fetch("SELECT * FROM links WHERE id = $2 AND a = $1", 5, int(key))',
            ("bigint", "bigint"),
        ),
        (
            "fetch(f\"SELECT * FROM links WHERE id IN ({','.join(map(str, key))})\")",
            (
                'fetch("SELECT * FROM links WHERE id = ANY($1)", '
                "[int(value) for value in key])"
            ),
            ("bigint[]",),
        ),
        (
            "fetch(f\"SELECT * FROM links WHERE id NOT IN ({','.join(key)})\")",
            (
                'fetch("SELECT * FROM links WHERE id <> ALL($1)", '
                "[int(value) for value in key])"
            ),
            ("bigint[]",),
        ),
        (
            'fetch(f"SELECT * FROM links LIMIT 5 OFFSET {(key - 1) * 5}")',
            'fetch("SELECT * FROM links LIMIT 5 OFFSET $1", (key - 1) * 5)',
            ("bigint",),
        ),
        (
            "fetch(f\"SELECT now() - INTERVAL '{int(key)} days' FROM links\")",
            "fetch(\"SELECT now() - ($1 * INTERVAL '1 day') FROM links\", int(key))",
            ("double precision",),
        ),
        (
            "fetch(f\"SELECT '{{}}', id FROM links WHERE id = {key.id}\")",
            "fetch(\"SELECT '{}', id FROM links WHERE id = $1\", key.id)",
            ("bigint",),
        ),
    ],
)
def test_a_value_is_bound(before: str, after: str, types: tuple[str, ...]) -> None:
    source = method(f"{DB}.{before}")

    assert call(bound(source, types)) == f"{DB}.{after}"


def test_arguments_over_lines_get_a_line_each() -> None:
    source = method(
        f"{DB}.execute(\n"
        "    f\"UPDATE links SET tag = '{key}' \"\n"
        '    f"WHERE id = {key.id} AND x = $1",\n'
        "    7,\n"
        ")"
    )

    assert bound(source, ("int", "text", "bigint")).endswith(
        "execute(\n"
        '            "UPDATE links SET tag = $2 "\n'
        '            "WHERE id = $3 AND x = $1",\n'
        "            7,\n"
        "            str(key),\n"
        "            key.id,\n"
        "        )\n"
    )


def test_a_text_that_has_a_name_is_bound_where_it_stands() -> None:
    source = method(
        f'query = f"SELECT * FROM links WHERE id = {{key.id}}"\n{DB}.fetch(query)'
    )

    assert bound(source, ("bigint",)).endswith(
        'query = "SELECT * FROM links WHERE id = $1"\n'
        f"        {DB}.fetch(query, key.id)\n"
    )


def test_without_a_schema_a_quoted_value_is_an_unsafe_fix() -> None:
    source = method(f"{DB}.fetch(f\"SELECT * FROM links WHERE tag = '{{key}}'\")")

    assert outcome(source).startswith("unsafe: without a schema")
    assert fixed(source) == source


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('fetch(f"SELECT * FROM {key} WHERE id = {key.id}", *key)', "run time"),
        ("fetch(f\"SELECT E'{key}' FROM links\")", "another kind"),
        ('fetch("SELECT * FROM links WHERE id = %s" % key.id)', "literal"),
    ],
)
def test_what_cannot_be_bound_says_why(code: str, reason: str) -> None:
    assert reason in outcome(method(f"{DB}.{code}"))
