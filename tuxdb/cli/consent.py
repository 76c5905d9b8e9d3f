"""Showing a change that is made and not yet committed, and asking for its commit."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from tuxdb.bulk.changesets import RowChange
    from tuxdb.controllers.changes import Pending

SHOWN = 10
LONGEST_VALUE = 40
CLOCK = "updated_at"
ROW = ("row_key", "before", "after")
LINE = ("row", "change")


def approve(call: Invocation, pending: "Pending[Any]") -> None:
    """Show what a change does, and ask; raises Refused when that is declined.

    --yes, or --confirm where the database is protected, are an answer beforehand.
    """
    change = outcome(pending)
    for line in change_lines(change):
        call.say(line)
    if not change["changed"]:
        return
    protection = pending.protection
    call.consent(
        f"this would change {change['changed']} rows in {protection.place}",
        name=protection.database if pending.guarded else None,
        recorded=True,
    )
    pending.agree()


def outcome(pending: "Pending[Any]", *, committed: bool = False) -> dict[str, Any]:
    """A change as one object for programs, with where it really was."""
    done = vars(pending.done)
    return {
        **done,
        "changeset": done["changeset"] if committed else None,
        "committed": committed,
        "database": pending.protection.database,
        "server": pending.protection.server,
        "environment": pending.protection.environment,
    }


def change_lines(change: Mapping[str, Any]) -> Iterator[str]:
    """A summary of a change, and its first rows."""
    count = change["changed"]
    if "matched" in change:
        yield (
            f"{change['table']}: {change['matched']} rows match, "
            f"{count} change, {change['unchanged']} already so"
        )
        if change["missing"]:
            yield f"{change['missing']} keys are in no row and were passed over"
        if change["withheld"]:
            yield f"triggers of the table keep {change['withheld']} rows as they are"
    else:
        left = f", {len(change['left'])} left alone" if change["left"] else ""
        yield f"undo of {change['undoes']}: {count} rows go back{left}"
        if change["overruled"]:
            yield f"triggers of the table changed {change['overruled']} of them again"
    for row in change["sample"][:SHOWN]:
        yield f"  {row_line(row)}"
    more = count - min(SHOWN, len(change["sample"]))
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


def row_output(form: str) -> dict[str, Any]:
    """How rows are written: objects where the format has them, else a line each."""
    if form in ("json", "ndjson"):
        return {"columns": ROW}
    return {"columns": LINE, "row": _line, "uncut": LINE}


def _line(row: "RowChange") -> dict[str, str]:
    return {"row": key_text(row), "change": change_text(row)}


def _short(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"
