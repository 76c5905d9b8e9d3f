"""Changing many rows: by a condition, or from a file; recorded row by row."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, and_, select
from sqlalchemy import inspect as inspector_of
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.assignments import parse_assignments
from tuxdb.bulk.changesets import SAMPLE, Author, RowChange, begin, prepare, sample_of
from tuxdb.bulk.expressions import parse_where
from tuxdb.bulk.inputs import lines, open_input
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import read_records
from tuxdb.bulk.staging import Staged, refuse_missing, stage
from tuxdb.bulk.tables import (
    LEDGER_TABLE,
    find_table,
    refuse_protected_columns,
    refuse_protected_table,
)
from tuxdb.bulk.tracking import Part, locked_rows, tracked_update
from tuxdb.engine.translate import ConstraintViolation, driver_error
from tuxdb.errors import Conflict, Refused, UsageError

MOST_ROWS = 1000


@dataclass(frozen=True)
class UpdateRequest:
    """What `tuxdb bulk-update` was asked for.

    Either `assignments` with one of `where` and `all_rows`, or `file` with `key`.
    """

    table: str
    author: Author
    assignments: tuple[str, ...] = ()
    where: str | None = None
    all_rows: bool = False
    file: str | None = None
    file_kind: str | None = None
    key: tuple[str, ...] = ()
    skip_missing: bool = False
    max_rows: int = MOST_ROWS
    sample: int | None = SAMPLE

    def check(self) -> None:
        """Raise UsageError for options that do not go together."""
        if self.file is not None and (self.assignments or self.where or self.all_rows):
            raise UsageError("--from goes with --key only, not with --set or --where")
        if self.file is not None and not self.key:
            raise UsageError("--from needs --key: the columns that tell which row")
        if self.file is None and not self.assignments:
            raise UsageError("nothing to change: --set column=value, or --from FILE")
        if self.file is None and (self.where is None) is not self.all_rows:
            raise UsageError("one of --where and --all-rows is needed")


@dataclass(frozen=True)
class Prepared:
    """A change that can be carried out: its rows, and their new values."""

    part: Part
    source: Select[Any]
    new: dict[str, ColumnElement[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """What a change does, as done and not yet committed."""

    table: str
    matched: int
    changed: int
    changeset: UUID
    sample: list[RowChange]

    @property
    def unchanged(self) -> int:
        """Rows that had the wanted values already."""
        return self.matched - self.changed


async def apply_update(session: AsyncSession, request: UpdateRequest) -> Preview:
    """Carry a request out in the session's transaction, which the caller ends.

    Raises Refused over `max_rows`, and Conflict with row and constraint where a rule
    of the table is broken; the caller then rolls back.
    """
    request.check()
    await prepare(session)
    prepared = await prepare_update(session, request)
    return await apply(
        session,
        prepared,
        request.author,
        max_rows=request.max_rows,
        sample=request.sample,
    )


async def apply(
    session: AsyncSession,
    prepared: Prepared,
    author: Author,
    *,
    max_rows: int,
    sample: int | None = SAMPLE,
) -> Preview:
    """Change the rows of something prepared, and record them as a change set.

    The preview holds `sample` rows, or all of them for None.
    """
    changeset = await begin(session, author)
    matched, changed = await change(session, prepared, changeset.id)
    name = prepared.part.table.fullname
    if changed > max_rows:
        raise Refused(
            f"this would change {changed} rows of {name}, "
            f"more than --max-rows {max_rows}",
            hint=f"look at it with --dry-run, then --max-rows {changed}",
        )
    changeset.parts = [prepared.part.describe(changed)]
    changeset.rows = changed
    await session.flush()
    rows = await sample_of(session, changeset.id, sample)
    return Preview(name, matched, changed, changeset.id, rows)


async def prepare_update(
    session: AsyncSession, request: UpdateRequest, *, keep: bool = False
) -> Prepared:
    """Read the request against the table as it is in the database.

    The rows of a file are staged for this transaction, or with `keep` for as long as
    the connection lives.
    """
    table = await find_table(session, request.table)
    refuse_protected_table(table)
    if request.file is not None:
        return await _from_file(session, request, table, keep=keep)
    assignments = parse_assignments(request.assignments, table)
    part = Part(table, tuple(item.name for item in assignments))
    await refuse_protected(session, part)
    source = select(table)
    if request.where is not None:
        source = source.where(parse_where(request.where, table))
    return Prepared(part, source, {item.name: item.value for item in assignments})


async def change(
    session: AsyncSession, prepared: Prepared, changeset: UUID
) -> tuple[int, int]:
    """Change the rows; how many matched, and how many were changed."""
    locked = locked_rows(prepared.part, prepared.new, prepared.source)
    statement = tracked_update(prepared.part, locked, changeset, 0)
    try:
        row = (await session.execute(statement)).one()
    except IntegrityError as error:
        raise broken_rule(error) from error
    return row.matched, row.changed


async def _from_file(
    session: AsyncSession, request: UpdateRequest, table: Table, *, keep: bool
) -> Prepared:
    name = request.file or ""
    for column in request.key:
        if column not in table.c:
            raise UsageError(f"{table.name} has no column {column!r} for --key")
    problems = Problems(name)
    with open_input(name) as source:
        records = read_records(
            name, lines(source, problems), problems, request.file_kind
        )
        on_commit = "PRESERVE ROWS" if keep else "DROP"
        staged = await stage(
            session, table, request.key, records, problems, on_commit=on_commit
        )
    if not request.skip_missing:
        await refuse_missing(session, table, staged)
    part = Part(table, staged.changed)
    await refuse_protected(session, part)
    return Prepared(part, _matching(table, staged), _new_values(staged))


def _matching(table: Table, staged: Staged) -> Select[Any]:
    same = and_(*(table.c[name] == staged.table.c[name] for name in staged.key))
    return select(table).select_from(table.join(staged.table, same))


def _new_values(staged: Staged) -> dict[str, ColumnElement[Any]]:
    return {name: staged.table.c[name] for name in staged.changed}


async def refuse_protected(session: AsyncSession, part: Part) -> None:
    """Refuse columns that are not changed by hand, as the database is now."""
    connection = await session.connection()
    has_ledger = await connection.run_sync(
        lambda sync: inspector_of(sync).has_table(
            LEDGER_TABLE, schema=part.table.schema
        )
    )
    refuse_protected_columns(part.table, part.changed, has_ledger=has_ledger)


def broken_rule(error: IntegrityError) -> Conflict:
    """The error for a broken constraint: name row, constraint and value."""
    cause: Any = driver_error(error)
    plain = ConstraintViolation(error)
    detail = getattr(cause, "detail", None)
    return Conflict(
        f"{plain.message}; nothing was changed" + (f"\n  {detail}" if detail else ""),
        details=plain.details,
    )
