"""Changing many rows: by a condition, or from a file; recorded row by row."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.assignments import parse_assignments
from tuxdb.bulk.catalogue import has_triggers
from tuxdb.bulk.changesets import begin, prepare, sample_of
from tuxdb.bulk.expressions import nearest, parse_where
from tuxdb.bulk.failures import explained, no_longer_deferred, retried
from tuxdb.bulk.inputs import in_thread, open_input
from tuxdb.bulk.literals import Literals
from tuxdb.bulk.plans import prepare_plan
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import read_rows
from tuxdb.bulk.requests import Counts, Prepared, Preview, Report, UpdateRequest
from tuxdb.bulk.staging import (
    Staged,
    check_columns,
    count_missing,
    missing_rows,
    stage,
)
from tuxdb.bulk.tables import (
    find_table,
    name_of,
    refuse_protected_columns,
    refuse_protected_table,
)
from tuxdb.bulk.tracking import Part, locked_rows, recorded_as_left, tracked_update
from tuxdb.errors import Refused, UsageError


async def apply_update(
    session: AsyncSession, request: UpdateRequest, report: Report | None = None
) -> Preview:
    """Carry a request out in the session's transaction, which the caller ends.

    Raises Refused over `max_rows`, and Conflict with row and constraint where a rule
    of the table is broken; the caller then rolls back.
    """
    await prepare(session)
    prepared = await prepare_update(session, request, report=report)
    return await apply(session, prepared, request, report)


async def apply(
    session: AsyncSession,
    prepared: Prepared,
    request: UpdateRequest,
    report: Report | None = None,
) -> Preview:
    """Change the rows of something prepared, and record them as a change set."""
    name = name_of(prepared.part.table)
    if report is not None:
        report(f"changing {name}", 0, None)
    author = request.author
    if author.reason is None and prepared.reason is not None:
        author = replace(author, reason=prepared.reason)
    changeset = await begin(session, author)
    counts = await change(session, prepared, changeset.id, request.max_rows)
    if request.max_rows is not None and counts.wanted > request.max_rows:
        raise Refused(
            f"this would change {counts.wanted} rows of {name}, "
            f"more than --max-rows {request.max_rows}",
            hint=f"look at it with --dry-run, then --max-rows {counts.wanted}",
            details={"changed": counts.wanted, "max_rows": request.max_rows},
        )
    changeset.parts = [prepared.part.describe(counts.changed)]
    changeset.rows = counts.changed
    await session.flush()
    rows = await sample_of(session, changeset, request.sample)
    return Preview(
        table=name,
        matched=counts.matched,
        changed=counts.changed,
        unchanged=counts.matched - counts.wanted,
        withheld=counts.wanted - counts.changed,
        missing=prepared.missing,
        changeset=changeset.id,
        sample=rows,
    )


async def prepare_update(
    session: AsyncSession,
    request: UpdateRequest,
    *,
    keep: bool = False,
    report: Report | None = None,
) -> Prepared:
    """Read the request against the table as it is in the database.

    The rows of a file are staged for this transaction, or with `keep` for as long as
    the connection lives.
    """
    request.check()
    if request.plan is not None:
        return await prepare_plan(session, request.plan, report=report)
    table = await find_table(session, request.table)
    refuse_protected_table(table)
    if request.file is not None:
        async with _staged(session, request, table, keep, report) as staged:
            prepared = await _from_file(session, request, staged)
    else:
        prepared = await _from_condition(session, request, table)
    prepared.part.check_width()
    return prepared


async def _from_condition(
    session: AsyncSession, request: UpdateRequest, table: Table
) -> Prepared:
    literals = Literals()
    assignments = parse_assignments(request.assignments, table, literals)
    names = tuple(item.name for item in assignments)
    await refuse_protected_columns(session, table, names)
    source = select(table)
    if request.where is not None:
        source = source.where(parse_where(request.where, table, literals))
    await literals.settle(session)
    new = {item.name: item.value for item in assignments}
    return Prepared(Part(table, names), source, new)


async def change(
    session: AsyncSession,
    prepared: Prepared,
    changeset: UUID,
    most: int | None = None,
) -> Counts:
    """Change the rows, unless more than `most` would change.

    The constraints and triggers that wait for the commit have their say at once. A
    deadlock is answered by trying again.
    """
    part = prepared.part
    locked = locked_rows(part, prepared.new, prepared.source)
    statement = tracked_update(part, locked, changeset, 0, most)

    async def work() -> Counts:
        counts = Counts(*(await session.execute(statement)).one())
        await no_longer_deferred(session)
        if has_triggers(part.table, part.recorded):
            await session.execute(recorded_as_left(part, changeset, 0))
        return counts

    async with explained(part.table):
        return await retried(session, work)


@asynccontextmanager
async def _staged(
    session: AsyncSession,
    request: UpdateRequest,
    table: Table,
    keep: bool,
    report: Report | None,
) -> AsyncIterator[Staged]:
    for column in request.key:
        if column not in table.c:
            hint = nearest(column, table)
            raise UsageError(f"--key: {name_of(table)} has no column {column!r}{hint}")
    with open_input(request.file or "") as source:
        problems = Problems(source.path)
        file = await in_thread(
            source, lambda: read_rows(source, problems, request.file_kind)
        )
        check_columns(table, request.key, file, problems)
        changed = [name for name in file.names if name not in request.key]
        await refuse_protected_columns(session, table, changed)
        yield await stage(
            session,
            table,
            request.key,
            source,
            file,
            problems=problems,
            keep=keep,
            report=report,
        )


async def _from_file(
    session: AsyncSession, request: UpdateRequest, staged: Staged
) -> Prepared:
    missing = await count_missing(session, staged)
    if missing and not request.skip_missing:
        raise await missing_rows(session, staged, missing)
    table = staged.target
    source = select(table).select_from(table.join(staged.table, staged.same_row))
    new = {name: staged.value(name) for name in staged.changed}
    part = Part(table, staged.changed)
    return Prepared(part, source, new, missing, staged.digest)
