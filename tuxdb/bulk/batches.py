"""A change of very many rows, committed in batches, which can go on after a stop.

Each batch is a transaction that changes the next rows in key order and says in the
change set how far it came, so what is recorded is what happened, whatever stops it.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, cast, func, literal, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import begin, prepare
from tuxdb.bulk.tracking import Part, as_texts, locked_rows, tracked_update
from tuxdb.bulk.update import Prepared, UpdateRequest, broken_rule, prepare_update
from tuxdb.errors import Conflict, NotFound, Refused
from tuxdb.models import ChangeSet


@dataclass(frozen=True)
class Progress:
    """How far a change in batches has come; counts are of committed rows."""

    changeset: UUID
    table: str
    total: int
    matched: int
    changed: int
    complete: bool = False


Report = Callable[[Progress], None]


async def apply_in_batches(
    session: AsyncSession,
    request: UpdateRequest,
    size: int,
    report: Report,
    *,
    resume: UUID | None = None,
) -> Progress:
    """Change rows in batches of `size`, each committed by itself.

    `session` keeps one connection over several transactions. Goes on with a change
    set that was stopped if `resume` names it and the request is the same. Raises
    Refused before the first batch if more rows match than `max_rows`.
    """
    request.check()
    await prepare(session)
    prepared = await prepare_update(session, request, keep=True)
    counted = prepared.source.with_only_columns(func.count())
    total = int(await session.scalar(counted) or 0)
    if total > request.max_rows:
        raise Refused(
            f"{total} rows of {request.table} match, "
            f"more than --max-rows {request.max_rows}",
            hint=f"--max-rows {total}",
        )
    changeset = await _begin_or_resume(session, request, prepared.part, resume)
    state = changeset.progress or {}
    progress = Progress(
        changeset.id,
        request.table,
        total,
        int(state.get("matched", 0)),
        changeset.rows,
    )
    await session.commit()
    report(progress)
    while not progress.complete:
        progress = await _batch(session, prepared, progress, size)
        report(progress)
    return progress


async def _begin_or_resume(
    session: AsyncSession, request: UpdateRequest, part: Part, resume: UUID | None
) -> ChangeSet:
    if resume is None:
        changeset = await begin(session, request.author)
        changeset.progress = {"request": _digest(request), "matched": 0, "last": None}
        changeset.parts = [part.describe(0)]
        return changeset
    found = await session.get(ChangeSet, resume)
    if found is None:
        raise NotFound("change set", resume, hint="tuxdb changes list")
    if found.progress is None:
        raise Refused(f"change set {resume} is complete")
    if found.progress["request"] != _digest(request):
        raise Conflict(
            f"change set {resume} was another change; nothing was changed",
            hint="repeat the command as it was, with --resume",
        )
    return found


async def _batch(
    session: AsyncSession, prepared: Prepared, before: Progress, size: int
) -> Progress:
    """One transaction: the next rows, and how far that came."""
    await prepare(session)
    changeset = await session.get(ChangeSet, before.changeset, with_for_update=True)
    if changeset is None or changeset.progress is None:
        raise Conflict(f"change set {before.changeset} was ended by somebody else")
    part = prepared.part
    source = _behind(prepared.source, part, changeset.progress["last"]).limit(size)
    locked = locked_rows(part, prepared.new, source)
    last = (
        select(as_texts(locked, part.key))
        .order_by(*(locked.c[name].desc() for name in part.key))
        .limit(1)
        .scalar_subquery()
    )
    statement = tracked_update(part, locked, changeset.id, 0)
    try:
        found = (await session.execute(statement.add_columns(last))).one()
    except IntegrityError as error:
        raise broken_rule(error) from error
    matched, changed, reached = found
    done = matched < size
    total_changed = changeset.rows + changed
    seen = changeset.progress["matched"] + matched
    changeset.rows = total_changed
    changeset.parts = [part.describe(total_changed)]
    changeset.progress = (
        None if done else {**changeset.progress, "matched": seen, "last": reached}
    )
    await session.commit()
    return Progress(
        before.changeset, before.table, before.total, seen, total_changed, complete=done
    )


def _behind(
    source: Select[Any], part: Part, last: dict[str, str] | None
) -> Select[Any]:
    """The rows after a key, in the order of the primary key."""
    if last is None:
        return source
    columns = [part.table.c[name] for name in part.key]
    values = [cast(literal(last[c.name]), c.type) for c in columns]
    return source.where(tuple_(*columns) > tuple_(*values))


def _digest(request: UpdateRequest) -> str:
    """What makes it the same change: all that decides which rows become what."""
    parts = [
        request.table,
        request.assignments,
        request.where,
        request.file,
        request.key,
        request.skip_missing,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
