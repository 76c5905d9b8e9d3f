"""Names of tables, taken apart and put together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxdb.bulk.names import joined_name, split_name
from tuxdb.errors import UsageError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("users", (None, "users")),
        ("audit.log", ("audit", "log")),
        ('"odd.name"', (None, "odd.name")),
        ('"a ""b"""."c.d"', ('a "b"', "c.d")),
        ('audit."Log"', ("audit", "Log")),
    ],
)
def test_a_name_has_a_table_and_perhaps_a_schema(
    text: str, parts: tuple[str | None, str]
) -> None:
    assert split_name(text) == parts


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a..b", '"a', '""', 'a"b', "a.b.c"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        split_name(text)


@given(st.none() | st.text(min_size=1), st.text(min_size=1))
def test_every_name_survives(schema: str | None, name: str) -> None:
    assert split_name(joined_name(schema, name)) == (schema, name)
