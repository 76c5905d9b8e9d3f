"""Showing a change that is made and not yet committed, and asking for its commit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from tuxdb.bulk.changesets import RowChange
    from tuxdb.controllers.guard import Protection

SHOWN = 10
LONGEST_VALUE = 40
FREE_ROWS = 100
"""So many rows of a protected database change without its name being typed."""
CLOCK = "updated_at"


class Approval:
    """Shows what a change does, and asks; raises Refused when that is declined."""

    def __init__(self, call: Invocation) -> None:
        self.call = call

    def __call__(self, change: Any, protection: "Protection") -> None:  # noqa: ANN401
        """Ask on the terminal, or take --yes or --confirm for an answer."""
        for line in change_lines(change):
            self.call.say(line)
        guarded = protection.protected and change.changed > FREE_ROWS
        self.call.consent(
            f"this would change {change.changed} rows",
            name=protection.database if guarded else None,
        )


def change_lines(change: Any) -> Iterator[str]:  # noqa: ANN401
    """A summary of a change, and its first rows."""
    if hasattr(change, "matched"):
        yield (
            f"{change.table}: {change.matched} rows match, "
            f"{change.changed} change, {change.unchanged} already so"
        )
    else:
        left = f", {len(change.left)} left alone" if change.left else ""
        yield f"undo of {change.undoes}: {change.changed} rows go back{left}"
    for row in change.sample[:SHOWN]:
        yield f"  {row_line(row)}"
    more = change.changed - min(SHOWN, len(change.sample))
    if more > 0:
        yield f"  … {more} more (--format ndjson shows all)"


def undo_line(changeset: object) -> str:
    """The change set, and the command that takes it back."""
    return f"change set {changeset}  undo: tuxdb changes undo {changeset}"


def row_line(row: "RowChange") -> str:
    """`id 12  points 4 → 10`."""
    return f"{key_text(row)}  {change_text(row)}"


def key_text(row: "RowChange") -> str:
    """`id 12`."""
    return "  ".join(f"{name} {value}" for name, value in row.row_key.items())


def change_text(row: "RowChange") -> str:
    """`points 4 → 10  username bob → ann`, or `inserted`, or `deleted`."""
    if row.before is None:
        return "inserted"
    if row.after is None:
        return "deleted"
    before = row.before
    return "  ".join(
        f"{name} {_short(before.get(name))} → {_short(value)}"
        for name, value in row.after.items()
        if name != CLOCK and value != before.get(name)
    )


def _short(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
