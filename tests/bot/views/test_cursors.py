"""Cursors in buttons."""

from typing import TYPE_CHECKING, cast

import pytest

from tuxdb.bot.declined import ListExpired
from tuxdb.bot.views.cursors import pack, restore, shorten, unpack
from tuxdb.bot.views.dialogs import Dialogs, base36
from tuxdb.repositories.pages import write_cursor

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot


def dialogs() -> Dialogs:
    """What a process remembers; no press is taken here, so that it needs no bot."""
    return Dialogs(cast("TuxdbBot", None))


@pytest.mark.parametrize(
    "values",
    [(81,), (2**53 - 1, 2**63 - 1), (0, -5), (7, 0)],
)
def test_a_cursor_of_numbers_is_packed_into_little(values: tuple[int, ...]) -> None:
    cursor = write_cursor("mark", values)

    packed = pack(cursor)

    assert unpack(packed) == cursor
    assert len(packed) <= 40
    assert len(packed) < len(cursor)
    assert ":" not in packed


@pytest.mark.parametrize("values", [("text",), (None, 5), (1.5,), (True, 3)])
def test_a_cursor_of_something_else_stays_as_it_is(values: tuple[object, ...]) -> None:
    cursor = write_cursor("mark", values)

    assert unpack(pack(cursor)) == cursor


@pytest.mark.parametrize("cursor", ["no cursor", "AAAA", "W10", "e30", "é"])
def test_what_is_no_cursor_of_ours_stays_as_it_is(cursor: str) -> None:
    assert unpack(pack(cursor)) == cursor


def test_the_first_page_needs_no_cursor() -> None:
    assert pack(None) == ""
    assert unpack("") is None


def test_a_cursor_that_is_too_long_is_remembered_for_as_long_as_the_process() -> None:
    memory, long = dialogs(), "x" * 90

    short = shorten(memory, long, 40)

    assert len(short) <= 40
    assert restore(memory, short) == long
    with pytest.raises(ListExpired):
        restore(dialogs(), short)


@pytest.mark.parametrize("number", [0, 1, 35, 36, 2**63 - 1])
def test_base_36_is_read_back(number: int) -> None:
    assert int(base36(number), 36) == number
