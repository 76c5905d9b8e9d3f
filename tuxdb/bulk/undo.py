"""Taking a change set back: row by row, only where nobody has changed it since."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.bulk.changesets import Author, RowChange, begin, prepare, sample_of
from tuxdb.bulk.failures import explained, retried
from tuxdb.bulk.problems import SHOWN
from tuxdb.bulk.restoring import Step, Touched
from tuxdb.bulk.watching import INCIDENTAL
from tuxdb.errors import Conflict, NotFound, Refused
from tuxdb.models import ChangeSet


@dataclass(frozen=True)
class Undone:
    """What an undo does, as done and not yet committed.

    `left` are rows that were changed since, which --partial leaves alone. `overruled`
    rows did not become what they were, as triggers of the table changed them again.
    """

    undoes: UUID
    changeset: UUID
    changed: int
    left: list[Touched]
    overruled: int
    sample: list[RowChange]


class RowsChanged(Conflict):
    """Rows of a change set were changed or used by others since; nothing was undone."""

    def __init__(
        self, changeset: UUID, touched: list[Touched], undone_by: UUID | None
    ) -> None:
        shown = [f"{row.table} {row.key}: {row.problem}" for row in touched[:SHOWN]]
        more = len(touched) - len(shown)
        why = f"change set {changeset} was undone by {undone_by}"
        used = all(row.is_used for row in touched)
        what = "are in use by now" if used else "were changed since"
        super().__init__(
            f"{len(touched)} rows of change set {changeset} {what}; nothing was undone"
            if undone_by is None
            else f"{why}; nothing was undone",
            hint="--partial undoes the others"
            if undone_by is None
            else f"tuxdb changes undo {undone_by}",
            details={
                "rows": [
                    {"table": row.table, "key": row.row_key, "problem": row.problem}
                    for row in touched[:SHOWN]
                ],
                "changed": len(touched),
                "undone_by": undone_by and str(undone_by),
            },
            lines=[*shown, f"… {more} more"] if more else shown,
        )


async def apply_undo(
    session: AsyncSession, changeset_id: UUID, author: Author, *, partial: bool = False
) -> Undone:
    """Undo a change set in the session's transaction, which the caller ends.

    Raises RowsChanged where a row differs from what was recorded, unless `partial`.
    """
    await prepare(session)

    async def work() -> Undone:
        return await _undo(session, changeset_id, author, partial=partial)

    return await retried(session, work)


async def _undo(
    session: AsyncSession, changeset_id: UUID, author: Author, *, partial: bool
) -> Undone:
    original = await session.get(
        ChangeSet, changeset_id, with_for_update=True, populate_existing=True
    )
    if original is None:
        raise NotFound("change set", changeset_id, hint="tuxdb changes list")
    _refuse_forgotten(original)
    original.progress = None  # whatever was not changed by now is not to be
    undo = await begin(session, author, undoes=changeset_id)
    parts: list[dict[str, Any]] = []
    left: list[Touched] = []
    overruled = 0
    for number, described in reversed(list(enumerate(original.parts))):
        step = await Step.of(session, changeset_id, number, described)
        found = await step.touched(session)
        incidental = described.get(INCIDENTAL, False)
        if incidental:
            found = []
        if found and not partial:
            undone_by = await _undone_by(session, changeset_id, but=undo.id)
            raise RowsChanged(changeset_id, found, undone_by)
        left.extend(found)
        async with explained(step.part.table):
            rows, lost = await step.take_back(session, undo, len(parts))
        overruled += lost
        more = {INCIDENTAL: True} if incidental else {}
        parts.append({**step.part.describe(rows), **more})
    undo.parts = parts
    undo.rows = sum(part["rows"] for part in parts)
    await session.flush()
    sample = await sample_of(session, undo)
    return Undone(changeset_id, undo.id, undo.rows, left, overruled, sample)


def _refuse_forgotten(original: ChangeSet) -> None:
    if any(part.get("forgotten") for part in original.parts):
        raise Refused(f"the rows of change set {original.id} were forgotten for good")
    if any(part.get("unrecorded") for part in original.parts):
        raise Refused(
            f"change set {original.id} says how many rows were loaded, and not which",
            hint="tuxdb db reset, or tuxdb guilds purge for each guild",
        )


async def _undone_by(
    session: AsyncSession, changeset: UUID, *, but: UUID
) -> UUID | None:
    """The change set that undid this one and was not undone itself."""
    undoes = select(ChangeSet).where(
        col(ChangeSet.undoes) == changeset, col(ChangeSet.id) != but
    )
    latest = undoes.order_by(col(ChangeSet.created_at).desc()).limit(1)
    found = (await session.scalars(latest)).one_or_none()
    if found is None or await _undone_by(session, found.id, but=but) is not None:
        return None
    return found.id
