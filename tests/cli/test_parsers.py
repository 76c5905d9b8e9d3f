"""What is typed becomes a value, or a sentence that says what would be one."""

import pytest

from tuxdb.cli.parsers import (
    HIGHEST_AMOUNT,
    HIGHEST_ID,
    amount,
    duration,
    names,
    one_of,
    page_size,
    plain_text,
    snowflake,
    whole,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("123456789012345678", 123456789012345678),
        (str(HIGHEST_ID), HIGHEST_ID),
        ("<@12>", 12),
        ("<@!12>", 12),
        ("<#12>", 12),
    ],
)
def test_a_discord_id_may_be_a_mention(text: str, value: int) -> None:
    assert snowflake(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "-1", "abc", "1.0", "1_0", "٣", "<@12", "12>", "<@&12>", " 1"),
        *("1\n", str(HIGHEST_ID + 1), "9" * 5000),
    ],
)
def test_what_is_no_discord_id(text: str) -> None:
    with pytest.raises(ValueError, match="is not a Discord ID") as caught:
        snowflake(text)

    assert str(caught.value).endswith(f"(an integer from 1 to {HIGHEST_ID})")
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("text", ["1", str(HIGHEST_AMOUNT)])
def test_amounts(text: str) -> None:
    assert amount(text) == int(text)


@pytest.mark.parametrize(
    "text",
    [
        *("0", "-5", "1.5", "1e3", "٣", "1_000", "", "+1", " 1", "0x1", "1,000"),
        *("True", str(HIGHEST_AMOUNT + 1), "9" * 5000),
    ],
)
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match=f"a whole number from 1 to {HIGHEST_AMOUNT}"):
        amount(text)


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "1001"])
def test_a_page_has_one_to_a_thousand_rows(text: str) -> None:
    with pytest.raises(ValueError, match="a whole number from 1 to 1000"):
        page_size(text)


def test_a_range_may_go_below_zero() -> None:
    assert whole(-5, 5)("-5") == -5


@pytest.mark.parametrize("text", ["a\0b", "a\udcff"])
def test_text_that_postgresql_cannot_hold(text: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|UTF-8"):
        plain_text(text)


def test_a_wrong_word_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'json'"):
        one_of("json", "csv")("jsno")


def test_column_names_are_separated_by_commas() -> None:
    assert names("id, name") == ("id", "name")
    with pytest.raises(ValueError, match="is not a list of columns"):
        names("id,,name")


def test_a_duration_repeats_what_was_typed() -> None:
    assert duration("250ms") == 0.25
    with pytest.raises(ValueError, match="'soon' is not a duration"):
        duration("soon")
