"""Conditions: what they mean, and where they are wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from tests.bulk.columns import table
from tuxdb.bulk.expressions import parse_where
from tuxdb.bulk.literals import Literals
from tuxdb.errors import UsageError

USERS = table(
    id="int8", points="int8", username="text", is_active="bool", joined="timestamptz",
    **{"odd name": "text", "select": "int4"},
)  # fmt: skip


def compiled(text: str) -> str:
    """The SQL of a condition, with the values in place of the parameters."""
    found = parse_where(text, USERS, Literals()).compile(
        dialect=dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True},
    )
    return str(found).replace("users.", "").replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("points > 3", "points > CAST('3' AS int8)"),
        ("points<>-3", "points != CAST('-3' AS int8)"),
        ("points == 3", "points = CAST('3' AS int8)"),
        ("username = 'it''s'", "username = CAST('it''s' AS text)"),
        ("is_active", "is_active IS true"),
        ("not is_active", "is_active IS NOT true"),
        ("is_active is false", "is_active IS false"),
        ("joined is not null", "joined IS NOT NULL"),
        (
            "points in (1, 2)",
            "points IN (CAST('1' AS int8), CAST('2' AS int8))",
        ),
        (
            "points not between 1 and 2",
            "points NOT BETWEEN CAST('1' AS int8) AND CAST('2' AS int8)",
        ),
        ("username not like 'a%'", "username NOT LIKE 'a%'"),
        ("username ilike 'a%'", "username ILIKE 'a%'"),
        (
            "points = 1 or points = 2 and is_active",
            "points = CAST('1' AS int8) OR points = CAST('2' AS int8) "
            "AND is_active IS true",
        ),
        (
            "(points = 1 or points = 2) and is_active",
            "(points = CAST('1' AS int8) OR points = CAST('2' AS int8)) "
            "AND is_active IS true",
        ),
        ("\"odd name\" = 'x'", "\"odd name\" = CAST('x' AS text)"),
        ("select = 1", "\"select\" = CAST('1' AS int4)"),
        ("POINTS IS NULL or points is NULL", None),
    ],
)
def test_a_condition_means_what_it_says(text: str, sql: str | None) -> None:
    if sql is None:  # columns have their case, words of the grammar have none
        with pytest.raises(UsageError, match="no column 'POINTS'; did you mean"):
            compiled(text)
    else:
        assert compiled(text) == sql


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("pionts > 3", "users has no column 'pionts'; did you mean 'points'?", 0),
        ("points > ", "expected a value", 8),
        ("points > x", "expected a value", 9),
        ("points > 3 username", "expected 'and', 'or' or the end", 11),
        ("points", "expected =, !=", 6),
        ("points = null", "compare with null by 'is null'", 9),
        ("points > 99999999999999999999", "not a whole number", 9),
        ("points > 'x'", "not a whole number", 9),
        ("(points > 3", "expected ')'", 11),
        ("points in ()", "expected a value", 11),
        ("points between 1 or 2", "expected 'and'", 17),
        ("points like 'a'", "points is not a text column", 7),
        ("username like 3", "expected a text in single quotes", 14),
        ("username is true", "expected null", 12),
        ("points > 3; drop table users", "cannot read the condition here", 10),
        ("points > 3 -- x", "cannot read the condition here", 11),
        ("1 = 1", "expected the name of a column", 0),
        ("username = 'a", "cannot read", 11),
        ("pg_sleep(9) > 1", "no column 'pg_sleep'", 0),
        ("points > (select 1)", "expected a value", 9),
        ("", "expected the name of a column", 0),
        ("not " * 200 + "is_active", "nested too deeply", None),
        ("(" * 100_000, "nested too deeply", None),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_with_a_caret(
    text: str, problem: str, place: int | None
) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(text)

    assert problem in caught.value.message
    shown, caret = caught.value.lines
    assert caret.strip() == "^"
    if place is not None:
        assert caught.value.details["position"] == place + 1
        assert shown[len(caret) - 1 :] == text[place : place + 25]


def test_a_condition_has_a_limit() -> None:
    with pytest.raises(UsageError, match="longer than"):
        compiled("points = 1 or " * 10_000 + "points = 2")


@given(st.text(max_size=60))
def test_a_text_cannot_become_anything_but_a_value(text: str) -> None:
    quoted = text.replace("'", "''")

    try:
        found = parse_where(f"username = '{quoted}'", USERS, Literals())
    except UsageError:
        assert "\0" in text or not text.isprintable()
        return
    values = found.compile(dialect=dialect()).params  # type: ignore[no-untyped-call]
    assert list(values.values()) == [text]


@given(st.text(alphabet="points()=<>'\" \n1andortis.,-", max_size=40))
def test_no_text_ends_in_anything_but_a_condition_or_a_mistake(text: str) -> None:
    try:
        parse_where(text, USERS, Literals())
    except UsageError as error:
        assert error.message
