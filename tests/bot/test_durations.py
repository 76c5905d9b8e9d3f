"""Durations are read strictly."""

from datetime import timedelta

import pytest

from tuxdb.bot.durations import (
    LONGEST_BAN,
    LONGEST_TIMEOUT,
    parse_duration,
    suggested,
)
from tuxdb.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
        (" 28D ", timedelta(days=28)),
        ("40320m", timedelta(days=28)),
    ],
)
def test_a_number_and_a_unit_is_a_duration(text: str, length: timedelta) -> None:
    assert parse_duration(text, LONGEST_TIMEOUT) == length


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "0m", "-1h", "1.5h", "1h30m", "10 m", "1e3m", "٣d", "10s", "1y",
     "9" * 30 + "d", "10m\n10m"],
)  # fmt: skip
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="such as 10m, 2h or 7d"):
        parse_duration(text, LONGEST_BAN)


@pytest.mark.parametrize("text", ["29d", "5w", "40321m", "999999w"])
def test_a_timeout_lasts_four_weeks_at_most(text: str) -> None:
    with pytest.raises(InvalidValue, match="longer than 28 days"):
        parse_duration(text, LONGEST_TIMEOUT)


def test_suggestions_begin_with_what_is_typed_and_are_all_allowed() -> None:
    assert suggested("", LONGEST_TIMEOUT)[0] == "10m"
    assert suggested("1", LONGEST_TIMEOUT) == ["10m", "1h", "12h", "1d"]
    assert suggested("45m", LONGEST_TIMEOUT) == ["45m"]
    assert suggested("29d", LONGEST_TIMEOUT) == []
    assert suggested("soon", LONGEST_TIMEOUT) == []
