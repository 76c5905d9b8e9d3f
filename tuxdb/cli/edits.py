"""Edits of single rows: by whom, and how they are taken back."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from tuxdb.cli.consent import undo_line
from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from tuxdb.bulk.changesets import Author
    from tuxdb.controllers.edits import Edited

T = TypeVar("T")


def author_of(call: Invocation, command: str) -> "Author":
    """Who changes something, by which command, and why."""
    from tuxdb.bulk.changesets import Author

    return Author(command, call.actor, call.reason)


async def kept(call: Invocation, edit: "Awaitable[Edited[T]]") -> T:
    """The row that an edit has led to; says how to take the edit back."""
    edited = await edit
    if edited.changeset is None:
        call.say("unchanged")
    elif not call.dry_run:
        call.say(undo_line(edited.changeset))
    return edited.row
