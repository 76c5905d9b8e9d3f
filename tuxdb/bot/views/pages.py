"""Pages of a list, turned by buttons that hold where they lead.

By keyset: a button holds the cursor of its page, so a page costs the same wherever it
is. The first button also holds the cursor of the page that is shown, which becomes
that of the page before when the next one is turned to; so a press after a restart
finds its way. Further back than one page, a process remembers; a new one begins again,
unless the list can say where a page begins by its number. Then buttons hold that too,
and there are two more: to the last page, and to one whose number is typed. Rows that
come and go shift what a number stands for, but no page that is reached by a cursor.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from tuxdb.bot.answers import acknowledge_press, answer, answer_privately, say
from tuxdb.bot.declined import ListExpired, NotYourButton
from tuxdb.bot.interaction import Interaction, Stage
from tuxdb.bot.views.cursors import pack, restore, shorten, unpack
from tuxdb.bot.views.dialogs import (
    LONGEST_ID,
    base36,
    buttons,
    presses,
    understood,
)
from tuxdb.bot.views.jumps import ask_for_page, typed_page
from tuxdb.errors import ForeignCursor
from tuxdb.repositories import PageAt

log = logging.getLogger(__name__)

PREFIX = "p"
FIRST, PREVIOUS, NEXT, LAST, ASK, TYPED = "f", "p", "n", "l", "g", "t"
UNKNOWN = 0
"""The number of a page that nobody has counted."""
BEYOND = 2**31
SECONDS = 180.0
GRACE_SECONDS = 10.0
"""For a press that was on its way when the buttons were taken."""
ROWS = 10
FURTHEST = 500
TRAIL = "trail"


@dataclass(frozen=True)
class PageView:
    """A page as it is shown, and the cursor of the next one, if there is any."""

    embed: discord.Embed
    next_cursor: str | None = None


Turn = Callable[..., Awaitable[PageView]]
Find = Callable[..., Awaitable[PageAt]]
_LISTS: dict[str, Turn] = {}
_FINDS: dict[str, Find] = {}


def pages(tag: str, *, at: Find | None = None) -> Callable[[Turn], Turn]:
    """Make a function the one that makes the pages of a list under a short tag.

    It gets the interaction, the cursor (None for the first page) and the arguments of
    `show`; it is to look at permissions itself, as they may change between pages.
    `at` gets the number of a page in place of the cursor, and says where the nearest
    page to it begins, which shows nothing yet; without it there is no jumping.
    """

    def register(turn: Turn) -> Turn:
        _LISTS[tag] = turn
        if at is not None:
            _FINDS[tag] = at
        return turn

    return register


@dataclass(frozen=True)
class _Shown:
    """What the buttons of a page are made of."""

    tag: str
    args: tuple[str, ...]
    page: PageView
    trail: list[str]
    number: int


async def show(
    interaction: Interaction, tag: str, *args: str, cursor: str | None = None
) -> None:
    """Answer with a page of a list, the first one if no cursor says otherwise."""
    page = await _LISTS[tag](interaction, cursor, *args)
    at = pack(cursor)
    back = [""] if cursor else []
    number = UNKNOWN if cursor else 1
    view = _view(interaction, _Shown(tag, args, page, [*back, at], number))
    message = await answer(interaction, embed=page.embed, view=view)
    if message is not None and view is not None:
        interaction.client.dialogs.note(TRAIL, message.id, [*back, at])
        _remove_later(interaction, message.id)


@presses(PREFIX)
async def pressed(interaction: Interaction, parts: list[str]) -> None:
    """Turn to another page, or ask for its number."""
    with understood():
        tag, towards, author_text, born_text, held, *args = parts
        turn = _LISTS[tag]
        author, born = int(author_text, 36), int(born_text, 36)
        direction, number = towards[:1], int(towards[1:] or "0", 36)
        target = _target(interaction, tag, direction, number, held)
    if interaction.user.id != author:
        raise NotYourButton
    if interaction.message is None or _too_old(interaction, born):
        raise ListExpired
    if direction == ASK:
        await ask_for_page(
            interaction,
            ":".join((PREFIX, tag, TYPED, author_text, born_text, "", *args)),
        )
        return
    if direction == TYPED:
        typed = typed_page(interaction)
        if typed is None:
            text = say(interaction, "common.pages.no_number")
            await answer_privately(interaction, text)
            return
        number = typed
    message_id = interaction.message.id
    interaction.client.breaker.admit()
    await acknowledge_press(interaction, Stage.LIST)
    if target is None:
        number = BEYOND if direction == LAST else number
        found = await _FINDS[tag](interaction, number, *args)
        number, target = found.number, pack(found.after)
    number = number if target else 1
    page = await _turned(interaction, turn, unpack(target), args)
    trail = _trail(interaction, direction, target)
    view = _view(interaction, _Shown(tag, tuple(args), page, trail, number))
    await answer(interaction, embed=page.embed, view=view)
    interaction.client.breaker.succeeded()
    interaction.client.dialogs.note(TRAIL, message_id, trail)
    _remove_later(interaction, message_id)


async def _turned(
    interaction: Interaction, turn: Turn, cursor: str | None, args: list[str]
) -> PageView:
    """The page behind a cursor; ListExpired if it is not one of this list."""
    try:
        return await turn(interaction, cursor, *args)
    except ForeignCursor as error:
        log.info("a cursor of another list: %s", error)
        raise ListExpired from error


def _target(
    interaction: Interaction, tag: str, direction: str, number: int, held: str
) -> str | None:
    """The cursor that a button leads to; None if the list is to say by the number."""
    if direction == FIRST:
        return ""
    if direction in (LAST, ASK, TYPED):
        _FINDS[tag]  # KeyError: a button of another version
        return None
    counted = tag in _FINDS and number > 1
    try:
        target = restore(interaction.client.dialogs, held)
        unpack(target)
    except ListExpired:
        if counted:
            return None
        raise
    return None if counted and not target else target


def _trail(interaction: Interaction, direction: str, target: str) -> list[str]:
    """The cursors from the first page, or as far back as is known, to the one shown."""
    if direction == FIRST or not target:
        return [""]
    message_id = interaction.message.id if interaction.message else 0
    known = interaction.client.dialogs.noted(TRAIL, message_id)
    trail = list(known or _held(interaction))
    if target in trail:
        return trail[: trail.index(target) + 1]
    if direction == NEXT:
        return [*trail, target][-FURTHEST:]
    return ["", target]


def _held(interaction: Interaction) -> list[str]:
    """What the buttons of the message say about the page before and the one shown."""
    held: dict[str, str] = {}
    for row in interaction.message.components if interaction.message else []:
        for button in getattr(row, "children", []):
            prefix, _tag, towards, _by, _born, cursor, *_ = button.custom_id.split(":")
            direction = towards[:1]
            if prefix != PREFIX or direction not in (PREVIOUS, FIRST):
                continue
            if not (direction == PREVIOUS and button.disabled):
                held[direction] = cursor
    try:
        return [
            restore(interaction.client.dialogs, held[direction])
            for direction in (PREVIOUS, FIRST)
            if direction in held
        ]
    except ListExpired:  # forgotten, and only wanted for the way back
        return [""]


def _view(interaction: Interaction, shown: _Shown) -> discord.ui.View | None:
    """The buttons of a page; None for a list of one page."""
    page, trail, number = shown.page, shown.trail, shown.number
    if len(trail) == 1 and page.next_cursor is None:
        return None
    before = trail[-2] if len(trail) > 1 else ""
    at_first = trail[-1] == ""
    goes_on = page.next_cursor is not None
    items = [
        (FIRST, 1, "first", trail[-1], not at_first),
        (PREVIOUS, number - 1, "previous", before, not at_first),
        (NEXT, number + 1, "next", pack(page.next_cursor), goes_on),
    ]
    if shown.tag in _FINDS:
        name = "some_page" if number == UNKNOWN else "page"
        items += [(LAST, UNKNOWN, "last", "", goes_on), (ASK, number, name, "", True)]
    return buttons(
        *(
            (
                say(interaction, f"common.pages.{name}", page=number),
                _custom_id(
                    interaction,
                    shown,
                    direction if number == UNKNOWN else f"{direction}{base36(to)}",
                    cursor,
                ),
                discord.ButtonStyle.secondary,
                enabled,
            )
            for direction, to, name, cursor, enabled in items
        )
    )


def _custom_id(
    interaction: Interaction, shown: _Shown, towards: str, cursor: str
) -> str:
    before = ":".join(
        (
            PREFIX,
            shown.tag,
            towards,
            base36(interaction.user.id),
            base36(int(interaction.created_at.timestamp())),
        )
    )
    behind = "".join(f":{arg}" for arg in shown.args)
    room = LONGEST_ID - len(before) - 1 - len(behind)
    return f"{before}:{shorten(interaction.client.dialogs, cursor, room)}{behind}"


def _too_old(interaction: Interaction, born: int) -> bool:
    return interaction.created_at.timestamp() - born > SECONDS + GRACE_SECONDS


def _remove_later(interaction: Interaction, message_id: int) -> None:
    """Take the buttons away when nobody has turned a page for long enough."""

    async def remove() -> None:
        await interaction.edit_original_response(view=None)

    interaction.client.dialogs.remove_after(SECONDS, message_id, remove)
