"""`--set column=value`."""

import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from tests.bulk.columns import table
from tuxdb.bulk.assignments import parse_assignments
from tuxdb.bulk.literals import Literals
from tuxdb.errors import UsageError

USERS = table(
    id="int8", points="int8", username="text", rate="numeric", **{"a b": "int4"}
)


def compiled(*texts: str) -> dict[str, str]:
    found = parse_assignments(texts, USERS, Literals())
    ours = dialect()  # type: ignore[no-untyped-call]
    return {
        item.name: str(
            item.value.compile(dialect=ours, compile_kwargs={"literal_binds": True})
        )
        for item in found
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("points=3", "CAST('3' AS int8)"),
        ("points = 3", "CAST('3' AS int8)"),
        ("points=points+3", "CAST(users.points + CAST('3' AS int8) AS int8)"),
        ("points = points - 3", "CAST(users.points - CAST('3' AS int8) AS int8)"),
        ("rate=rate+0.5", "CAST(users.rate + CAST('0.5' AS numeric) AS numeric)"),
        ('"a b"="a b"+1', "CAST(users.\"a b\" + CAST('1' AS int4) AS int4)"),
        ("username=null", "CAST(NULL AS text)"),
        ("username='null'", "CAST('null' AS text)"),
        ("username=", "CAST('' AS text)"),
        ("username= x ", "CAST(' x ' AS text)"),
        ("username='it''s'", "CAST('it''s' AS text)"),
        ("username=a=b", "CAST('a=b' AS text)"),
        ("username=username+1", "CAST('username+1' AS text)"),
        ("username=x; drop table users", "CAST('x; drop table users' AS text)"),
    ],
)
def test_a_column_gets_a_value(text: str, value: str) -> None:
    assert list(compiled(text).values()) == [value]


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["pionts=3"], "users has no column 'pionts'; did you mean 'points'?"),
        (["points"], "expected column=value"),
        (["=3"], "expected column=value"),
        (["points=x"], "points: 'x' is not a whole number"),
        (["points=username+1"], "not a whole number"),
        (["points=points+1.5"], "not a whole number"),
        (["points=points*2"], "not a whole number"),
        (["id=null"], "id must have a value"),
        (["points=1", "points=2"], "--set names 'points' twice"),
    ],
)
def test_a_mistake_is_named(texts: list[str], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(*texts)

    assert problem in caught.value.message
