"""Reading what was typed: each parser returns a value or says what would be one.

A parser raises ValueError with the rest of a sentence that begins with the option:
`--guild: 'abc' is not a Discord ID (an integer from 1 to 9223372036854775807)`.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

HIGHEST_ID = 2**63 - 1
HIGHEST_AMOUNT = 2**53 - 1
LARGEST_PAGE = 1000
SHOWN = 40


def snowflake(text: str) -> int:
    """A Discord ID, bare or as a mention of a user or channel."""
    found = re.fullmatch(r"([0-9]{1,19})|<(?:@!?|#)([0-9]{1,19})>", text)
    value = int(found[1] or found[2]) if found else 0
    if not 1 <= value <= HIGHEST_ID:
        raise ValueError(
            f"{quoted(text)} is not a Discord ID (an integer from 1 to {HIGHEST_ID})"
        )
    return value


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """A parser of whole numbers in ASCII digits, both ends included."""

    def parse(text: str) -> int:
        found = re.fullmatch(r"-?[0-9]{1,19}", text)
        value = int(text) if found else lowest - 1
        if not lowest <= value <= highest:
            raise ValueError(
                f"{quoted(text)} is not a whole number from {lowest} to {highest}"
            )
        return value

    return parse


amount = whole(1, HIGHEST_AMOUNT)
amount_or_zero = whole(0, HIGHEST_AMOUNT)
page_size = whole(1, LARGEST_PAGE)


def duration(text: str) -> float:
    """`250ms`, `2s`, `1m`, `0`; a bare number is seconds."""
    from tuxdb.config_files import seconds

    try:
        return seconds(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} {error}") from error


def moment(text: str) -> "datetime":
    """A time in ISO format; without a zone it is UTC."""
    from datetime import UTC, datetime

    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-01-31 or 2026-01-31T12:00:00Z"
        raise ValueError(f"{quoted(text)} is not a time such as {example}") from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def changeset_id(text: str) -> "UUID":
    """The id of a change set."""
    from uuid import UUID

    try:
        return UUID(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} is not the id of a change set") from error


def plain_text(text: str) -> str:
    """Text that PostgreSQL can hold."""
    if "\0" in text:
        raise ValueError("holds a NUL byte, which PostgreSQL cannot store")
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("is not valid UTF-8")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """A parser of a fixed set of words."""

    def parse(text: str) -> str:
        if text not in allowed:
            near = closest(text, allowed)
            also = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{quoted(text)} is not one of {', '.join(allowed)}{also}")
        return text

    return parse


def names(text: str) -> tuple[str, ...]:
    """A comma-separated list of column names."""
    found = tuple(name.strip() for name in plain_text(text).split(","))
    if not all(found):
        raise ValueError(f"{quoted(text)} is not a list of columns such as id,name")
    return found


def quoted(text: str) -> str:
    """What was typed, in quotes, short enough for a line."""
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def closest(
    word: str, known: "tuple[str, ...] | list[str]", likeness: float = 0.6
) -> str | None:
    """The known word that was probably meant."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, 1, likeness)), None)
