"""Parsing: PostgreSQL's own grammar, places in characters, no text that breaks it."""

import contextlib

import pytest

from tuxdb.audit.sql.parse import NotSql, fingerprint, single, statements


def test_each_statement_of_a_text_is_told_apart() -> None:
    found = statements("SELECT 'é;'; -- one\n DELETE FROM t")

    assert [(one.kind, one.start) for one in found] == [
        ("select_stmt", 0),
        ("delete_stmt", 21),
    ]


def test_a_mistake_has_its_place_in_characters() -> None:
    with pytest.raises(NotSql) as caught:
        statements("SELECT 'é' FROM * t")

    assert caught.value.position == 16


def test_constants_do_not_change_the_fingerprint() -> None:
    assert fingerprint("SELECT a FROM t WHERE b = 1") == fingerprint(
        "select a from t where b = 2"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        "SELECT " + "NOT " * 3_000 + "true",
        "SELECT '" + "x" * 2_000_000 + "'",
        "SELECT \0 1",
        "\ud800",
    ],
    ids=["parentheses", "nots", "length", "zero byte", "surrogate"],
)
def test_a_hostile_text_is_a_problem_and_no_failure(text: str) -> None:
    with contextlib.suppress(NotSql):
        statements(text)


def test_two_statements_are_not_one() -> None:
    with pytest.raises(NotSql, match="2 statements"):
        single("SELECT 1; SELECT 2")
