"""A change of very many rows, committed in batches, which can go on after a stop.

Which rows are meant is settled at the start, in key order, in a temporary table. Each
batch is a transaction that changes the next of them and says in the change set how
far it came, so what is recorded is what happened, whatever stops it.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Select,
    Table,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from tuxdb.bulk.changesets import begin, prepare
from tuxdb.bulk.failures import explained
from tuxdb.bulk.requests import Prepared, Report, UpdateRequest
from tuxdb.bulk.tables import name_of
from tuxdb.bulk.tracking import Part, texts_of
from tuxdb.bulk.update import change, prepare_update
from tuxdb.errors import Conflict, NotFound, Refused
from tuxdb.models import ChangeSet

QUEUE = "tuxdb_queue"
NUMBER = "n"


@dataclass(frozen=True)
class Progress:
    """How far a change in batches has come; counts are of committed rows.

    `matched` of `total` rows were looked at. There is no change set if none matched.
    """

    changeset: UUID | None
    table: str
    total: int
    matched: int
    changed: int
    complete: bool = False


Committed = Callable[[Progress], None]
"""Hears of each commit, the first one being that of the empty change set."""
Agree = Callable[[str, int], None]
"""Takes the table and how many rows match; raises Refused to have nothing done."""


async def apply_in_batches(
    session: AsyncSession,
    request: UpdateRequest,
    size: int,
    *,
    agree: Agree,
    committed: Committed,
    resume: UUID | None = None,
    report: Report | None = None,
) -> Progress:
    """Change rows in batches of `size`, each committed by itself.

    `session` keeps one connection over several transactions. Goes on with a change
    set that was stopped if `resume` names it and the request is the same. Raises
    Refused before the first batch if more rows match than `max_rows`.
    """
    await prepare(session)
    prepared = await prepare_update(session, request, keep=True, report=report)
    name = name_of(prepared.part.table)
    digest = _digest(request, prepared)
    changeset = await _stopped(session, resume, digest) if resume else None
    queue = await _queued(session, prepared, changeset)
    if request.max_rows is not None and queue.rows > request.max_rows:
        raise Refused(
            f"{queue.rows} rows of {name} match, "
            f"more than --max-rows {request.max_rows}",
            hint=f"--max-rows {queue.rows}",
        )
    if changeset is None and not queue.rows:
        return Progress(None, name, 0, 0, 0, complete=True)
    waits = func.set_config("idle_in_transaction_session_timeout", "0", true())
    await session.execute(select(waits))  # no row is locked while somebody is asked
    agree(name, queue.rows)
    if changeset is None:
        changeset = await begin(session, request.author)
        changeset.progress = {"request": digest, "matched": 0, "last": None}
        changeset.parts = [prepared.part.describe(0)]
    before = int((changeset.progress or {})["matched"])
    start = Progress(changeset.id, name, before + queue.rows, before, changeset.rows)
    await _commit(session, lambda: committed(start))
    return await _Run(session, prepared, queue, size, committed).finish(start)


@dataclass(frozen=True)
class _Queue:
    """A temporary table with the keys of the rows that are meant, numbered from 1."""

    table: Table
    part: Part
    rows: int

    def some(self, source: Select[Any], done: int, size: int) -> Select[Any]:
        """The next rows of what is to be changed."""
        same = (
            self.part.table.c[name] == self.table.c[f"k{i}"]
            for i, name in enumerate(self.part.key)
        )
        number = self.table.c[NUMBER]
        return source.join(self.table, literal(value=True)).where(
            number > done, number <= done + size, *same
        )

    async def reached(self, session: AsyncSession, number: int) -> dict[str, str]:
        """The key of a row."""
        key = self.part.key
        columns = select(
            *(self.table.c[f"k{i}"].label(name) for i, name in enumerate(key))
        ).where(self.table.c[NUMBER] == number)
        statement = select(texts_of(columns.subquery(), key))
        return dict((await session.execute(statement)).scalar_one())


async def _queued(
    session: AsyncSession, prepared: Prepared, changeset: ChangeSet | None
) -> _Queue:
    """Find the rows that are meant, after those that were done before."""
    part = prepared.part
    key = [part.table.c[name] for name in part.key]
    queue = Table(
        QUEUE,
        MetaData(),
        Column(NUMBER, BigInteger, primary_key=True, autoincrement=False),
        *(Column(f"k{i}", column.type) for i, column in enumerate(key)),
        prefixes=["TEMPORARY"],
    )
    await session.execute(CreateTable(queue))
    number = func.row_number().over(order_by=key)
    rows = prepared.source.with_only_columns(number, *key, maintain_column_froms=True)
    last = (changeset.progress or {})["last"] if changeset is not None else None
    if last is not None:
        values = [cast(literal(last[c.name]), c.type) for c in key]
        rows = rows.where(tuple_(*key) > tuple_(*values))
    async with explained(part.table):
        result: Any = await session.execute(
            insert(queue).from_select(queue.c.keys(), rows)
        )
    await session.execute(text(f"ANALYZE {QUEUE}"))
    return _Queue(queue, part, int(result.rowcount))


async def _stopped(session: AsyncSession, changeset: UUID, digest: str) -> ChangeSet:
    found = await session.get(ChangeSet, changeset)
    if found is None:
        raise NotFound("change set", changeset, hint="tuxdb changes list")
    if found.progress is None:
        raise Refused(f"change set {changeset} is complete")
    if found.progress["request"] != digest:
        raise Conflict(
            f"change set {changeset} was another change; nothing was changed",
            hint="repeat the command as it was, with --resume",
        )
    return found


@dataclass(frozen=True)
class _Run:
    """One batch after the other, on one connection."""

    session: AsyncSession
    prepared: Prepared
    queue: _Queue
    size: int
    committed: Committed

    async def finish(self, progress: Progress) -> Progress:
        """Go on to the end."""
        done = 0
        while not progress.complete:
            progress = await self._batch(progress, done)
            done += self.size
        return progress

    async def _batch(self, before: Progress, done: int) -> Progress:
        """One transaction: the next rows, and how far that came."""
        session, queue = self.session, self.queue
        await prepare(session)
        changeset, state = await self._mine(before)
        source = queue.some(self.prepared.source, done, self.size)
        some = replace(self.prepared, source=source)
        changed = (await change(session, some, changeset.id)).changed
        reached = min(done + self.size, queue.rows)
        changeset.rows += changed
        changeset.parts = [self.prepared.part.describe(changeset.rows)]
        after = replace(
            before,
            matched=before.total - queue.rows + reached,
            changed=changeset.rows,
            complete=reached == queue.rows,
        )
        if after.complete:
            changeset.progress = None
        else:
            last = await queue.reached(session, reached)
            changeset.progress = {**state, "matched": after.matched, "last": last}
        await _commit(session, lambda: self.committed(after))
        return after

    async def _mine(self, before: Progress) -> tuple[ChangeSet, dict[str, Any]]:
        """Lock the change set; Conflict if somebody else goes on with it."""
        changeset = await self.session.get(
            ChangeSet, before.changeset, with_for_update=True, populate_existing=True
        )
        state = changeset.progress if changeset is not None else None
        if changeset is None or state is None or state["matched"] != before.matched:
            raise Conflict(f"change set {before.changeset} is in other hands now")
        return changeset, state


async def _commit(session: AsyncSession, then: Callable[[], None]) -> None:
    """Commit, and have that known even when everything is to end meanwhile."""
    commit = asyncio.ensure_future(session.commit())
    try:
        await asyncio.shield(commit)
    except asyncio.CancelledError:
        await commit
        then()
        raise
    then()


def _digest(request: UpdateRequest, prepared: Prepared) -> str:
    """What makes it the same change: all that decides which rows become what."""
    parts = [
        name_of(prepared.part.table),
        request.assignments,
        request.where,
        prepared.digest,
        request.key,
        request.skip_missing,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
