"""What a removal takes, shown before it is agreed to: forget, merge, purge."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tuxdb.cli.consent import undo_line
from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from tuxdb.controllers.guard import Protection
    from tuxdb.controllers.removals import Removed


class Agreement:
    """Shows what would go, table by table, and asks; raises Refused when declined.

    `consequence` goes on from `this would`. Where it is `guarded` and the database is
    protected, its name has to be typed, however few rows it is.
    """

    def __init__(
        self, call: Invocation, consequence: str, *, guarded: bool = True
    ) -> None:
        self.call = call
        self.consequence = consequence
        self.guarded = guarded

    def __call__(self, removed: "Removed", protection: "Protection") -> None:
        """Ask on the terminal, or take --yes or --confirm for an answer."""
        for line in _lines(removed):
            self.call.say(line)
        named = self.guarded and protection.protected
        self.call.consent(
            f"this would {self.consequence}: "
            f"{_rows(removed.changed)} in {protection.place}",
            name=protection.database if named else None,
            recorded=True,
        )


def said(call: Invocation, done: str, *, undoable: bool) -> dict[str, Any]:
    """How a removal is said: `user 5 everywhere: 12 rows deleted`, and by table."""

    def sentence(removed: "Removed") -> list[str]:
        if call.dry_run:
            return [*_lines(removed), "nothing was changed"]
        end = undo_line(removed.changeset)
        if not undoable:
            end = f"change set {removed.changeset}, which cannot be undone"
        return [f"{removed.what}: {_rows(removed.changed)} {done}", end]

    def row(removed: "Removed") -> dict[str, Any]:
        return {
            "what": removed.what,
            "rows": removed.changed,
            "tables": [vars(table) for table in removed.tables],
            "changeset": None if call.dry_run else removed.changeset,
        }

    return {"sentence": sentence, "row": row, "rolls_back": False}


def _lines(removed: "Removed") -> Iterator[str]:
    yield f"{removed.what}:"
    width = max((len(table.table) for table in removed.tables), default=0)
    for table in removed.tables:
        yield f"  {table.table:<{width}}  {_rows(table.rows)}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
