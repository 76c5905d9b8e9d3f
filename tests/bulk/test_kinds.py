"""Texts read as values of each type."""

import pytest

from tests.bulk.columns import kind
from tuxdb.bulk.kinds import BadLiteral


@pytest.mark.parametrize(
    ("base", "text", "read"),
    [
        ("int8", "9223372036854775807", "9223372036854775807"),
        ("int8", "-9223372036854775808", "-9223372036854775808"),
        ("int2", "+5", "+5"),
        ("text", "a\nb\\", "a\nb\\"),
        ("bool", "Yes", "true"),
        ("bool", "0", "false"),
        ("timestamptz", "2026-01-31", "2026-01-31 00:00:00+00"),
        ("timestamp", "2026-01-31T12:00:00+02:00", "2026-01-31 10:00:00+00:00"),
        ("date", "2026-01-31", "2026-01-31"),
        ("float8", "1e-400", "0.0"),
        ("numeric", "1.50", "1.50"),
        (
            "uuid",
            "{11111111-1111-1111-1111-111111111111}",
            "1" * 8 + "-1111" * 3 + "-" + "1" * 12,
        ),
        ("bytea", "\\xDE ad", "\\xdead"),
        ("jsonb", '{"a": 1.50}', '{"a": 1.50}'),
        ("inet", "anything at all", "anything at all"),
    ],
)
def test_a_value_is_read_as_its_column_has_it(base: str, text: str, read: str) -> None:
    assert kind(base).read(text) == read


@pytest.mark.parametrize(
    ("base", "text", "why"),
    [
        ("int8", "9223372036854775808", "outside"),
        ("int4", "2147483648", "outside"),
        ("int2", "-32769", "outside"),
        ("int8", "1_000", "not a whole number"),
        ("int8", "٣", "not a whole number"),
        ("int8", "1.0", "not a whole number"),
        ("int8", "1e3", "not a whole number"),
        ("int8", "", "not a whole number"),
        ("int8", "9" * 5000, "not a whole number"),
        ("float8", "NaN", "not a finite number"),
        ("float8", "Infinity", "not a finite number"),
        ("float8", "1e999", "not a finite number"),
        ("numeric", "NaN", "not a finite number"),
        ("numeric", "0x10", "not a finite number"),
        ("bool", "maybe", "not true or false"),
        ("timestamptz", "yesterday", "not a time"),
        ("timestamptz", "2026-02-30T00:00:00", "not a time"),
        ("timestamptz", "0001-01-01T00:00:00+10:00", "not a time"),
        ("date", "31.01.2026", "not a date"),
        ("uuid", "1", "not a UUID"),
        ("bytea", "\\xg", "not bytes"),
        ("json", "{", "not JSON"),
        ("json", "NaN", "not JSON"),
        ("json", "[" * 100_000, "not JSON"),
        ("text", "a\0b", "NUL"),
        ("text", "\ud800", "not valid Unicode"),
        ("inet", "\0", "NUL"),
    ],
)
def test_what_is_no_value_says_why(base: str, text: str, why: str) -> None:
    with pytest.raises(BadLiteral, match=why):
        kind(base).read(text)


def test_lengths_and_labels_come_from_the_column() -> None:
    short = kind("varchar", modifier=5 + 4)
    mood = kind("mood", labels=["sad", "ok"])

    assert (short.read("äöüäö"), mood.read("ok")) == ("äöüäö", "ok")
    with pytest.raises(BadLiteral, match="longer than 5 characters"):
        short.read("abcdef")
    with pytest.raises(BadLiteral, match="not one of sad, ok"):
        mood.read("OK")


def test_the_server_is_asked_about_what_is_not_settled_here() -> None:
    settled = [
        base
        for base in ("int8", "text", "uuid", "inet", "jsonb", "float4")
        if kind(base).settled
    ]

    assert settled == ["int8", "text", "uuid"]
    assert not kind("int4", domain=True).settled
    assert not kind("numeric", modifier=100).settled
