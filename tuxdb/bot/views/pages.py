"""Pages of a list, turned by buttons that hold where they lead.

By keyset: a button holds the cursor of its page, so a page costs the same wherever it
is. The first button also holds the cursor of the page that is shown, which becomes
that of the page before when the next one is turned to; so a press after a restart
finds its way. Further back than one page, a process remembers; a new one begins again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import discord

from tuxdb.bot.answers import acknowledge_press, answer, say
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

PREFIX = "p"
FIRST, PREVIOUS, NEXT = "f", "p", "n"
SECONDS = 180.0
GRACE_SECONDS = 10.0
"""For a press that was on its way when the buttons were taken."""
ROWS = 10
FURTHEST = 500
TRAIL = "trail"


@dataclass(frozen=True)
class PageView:
    """A page as it is shown, and the cursors of those beside it, if there are any.

    A list that can say where the page before begins gives `previous_cursor`; for all
    others the way back is remembered.
    """

    embed: discord.Embed
    next_cursor: str | None = None
    previous_cursor: str | None = None


Turn = Callable[..., Awaitable[PageView]]
_LISTS: dict[str, Turn] = {}


def pages(tag: str) -> Callable[[Turn], Turn]:
    """Make a function the one that makes the pages of a list under a short tag.

    It gets the interaction, the cursor (None for the first page) and the arguments of
    `show`; it is to look at permissions itself, as they may change between pages.
    """

    def register(turn: Turn) -> Turn:
        _LISTS[tag] = turn
        return turn

    return register


async def show(
    interaction: Interaction, tag: str, *args: str, cursor: str | None = None
) -> None:
    """Answer with a page of a list, the first one if no cursor says otherwise."""
    page = await _LISTS[tag](interaction, cursor, *args)
    at = pack(cursor)
    back = [""] if cursor else []
    view = _view(interaction, tag, args, page, [*back, at])
    message = await answer(interaction, embed=page.embed, view=view)
    if message is not None and view is not None:
        interaction.client.dialogs.note(TRAIL, message.id, [*back, at])
        _remove_later(interaction, message.id)


@presses(PREFIX)
async def pressed(interaction: Interaction, parts: list[str]) -> None:
    """Turn to another page."""
    dialogs = interaction.client.dialogs
    with understood():
        tag, direction, author_text, born_text, held, *args = parts
        turn = _LISTS[tag]
        author, born = int(author_text, 36), int(born_text, 36)
        target = "" if direction == FIRST else restore(dialogs, held)
        cursor = unpack(target)
    if interaction.user.id != author:
        raise NotYourButton
    if interaction.message is None or _too_old(interaction, born):
        raise ListExpired
    message_id = interaction.message.id
    interaction.client.breaker.admit()
    await acknowledge_press(interaction, Stage.LIST)
    page = await turn(interaction, cursor, *args)
    trail = _trail(interaction, direction, target)
    view = _view(interaction, tag, tuple(args), page, trail)
    await answer(interaction, embed=page.embed, view=view)
    interaction.client.breaker.succeeded()
    dialogs.note(TRAIL, message_id, trail)
    _remove_later(interaction, message_id)


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
            prefix, _tag, direction, _by, _born, cursor, *_ = button.custom_id.split(
                ":"
            )
            if prefix == PREFIX and not (direction == PREVIOUS and button.disabled):
                held[direction] = restore(interaction.client.dialogs, cursor)
    return [held[d] for d in (PREVIOUS, FIRST) if d in held]


def _view(
    interaction: Interaction,
    tag: str,
    args: tuple[str, ...],
    page: PageView,
    trail: list[str],
) -> discord.ui.View | None:
    """The buttons of a page; None for a list of one page."""
    before = pack(page.previous_cursor) if page.previous_cursor else ""
    if not page.previous_cursor and len(trail) > 1:
        before = trail[-2]
    if len(trail) == 1 and page.next_cursor is None and not page.previous_cursor:
        return None
    at_first = trail[-1] == ""
    items = (
        (FIRST, "first", trail[-1], not at_first),
        (PREVIOUS, "previous", before, not at_first),
        (NEXT, "next", pack(page.next_cursor), page.next_cursor is not None),
    )
    return buttons(
        *(
            (
                say(interaction, f"common.pages.{name}"),
                _custom_id(interaction, tag, direction, cursor, args),
                discord.ButtonStyle.secondary,
                enabled,
            )
            for direction, name, cursor, enabled in items
        )
    )


def _custom_id(
    interaction: Interaction,
    tag: str,
    direction: str,
    cursor: str,
    args: tuple[str, ...],
) -> str:
    before = ":".join(
        (
            PREFIX,
            tag,
            direction,
            base36(interaction.user.id),
            base36(int(interaction.created_at.timestamp())),
        )
    )
    behind = "".join(f":{arg}" for arg in args)
    room = LONGEST_ID - len(before) - 1 - len(behind)
    return f"{before}:{shorten(interaction.client.dialogs, cursor, room)}{behind}"


def _too_old(interaction: Interaction, born: int) -> bool:
    return interaction.created_at.timestamp() - born > SECONDS + GRACE_SECONDS


def _remove_later(interaction: Interaction, message_id: int) -> None:
    """Take the buttons away when nobody has turned a page for long enough."""

    async def remove() -> None:
        await interaction.edit_original_response(view=None)

    interaction.client.dialogs.remove_after(SECONDS, message_id, remove)
