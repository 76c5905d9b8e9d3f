"""Change sets: who changed which rows, why, and what they were before."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.errors import Refused
from tuxdb.models import Change, ChangeSet, Model

SAMPLE = 20
ROWS_AT_ONCE = 1000
TABLES: list[Table] = [ChangeSet.__table__, Change.__table__]  # type: ignore[attr-defined]
CREATION = 0x7475786462  # "tuxdb"
"""Key of the advisory lock under which the tables are created."""
AS_TEXTS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "xmlbinary": "base64",
}
"""What the texts of values depend on, fixed so that they mean the same later."""


@dataclass(frozen=True)
class RowChange:
    """One row before and after; values are PostgreSQL's texts, None is NULL."""

    row_key: dict[str, str]
    before: dict[str, str | None] | None
    after: dict[str, str | None] | None


@dataclass(frozen=True)
class Author:
    """Who makes a change, by which command, and why."""

    command: str
    actor: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Summary:
    """A change set in a list."""

    id: UUID
    created_at: datetime
    command: str
    tables: str
    rows: int
    actor: str | None
    reason: str | None
    undoes: UUID | None
    undone_by: UUID | None
    complete: bool


async def prepare(session: AsyncSession) -> None:
    """Settings for a long change, and the bookkeeping tables where they are missing."""
    values = {**AS_TEXTS, "statement_timeout": "0"}
    await session.execute(
        select(
            *(func.set_config(name, value, true()) for name, value in values.items())
        )
    )
    if not await _are_there(session):
        await _create(session)


async def begin(
    session: AsyncSession, author: Author, *, undoes: UUID | None = None
) -> ChangeSet:
    """Insert a change set that has no row yet."""
    changeset = ChangeSet(
        id=uuid4(),
        command=author.command,
        actor=author.actor,
        reason=author.reason,
        parts=[],
        undoes=undoes,
    )
    session.add(changeset)
    await session.flush()
    return changeset


async def sample_of(
    session: AsyncSession, changeset: UUID, limit: int = SAMPLE
) -> list[RowChange]:
    """The first rows of a change set."""
    return await _rows_after(session, changeset, 0, limit)


async def all_rows(
    session: AsyncSession, changeset: UUID
) -> AsyncIterator[list[RowChange]]:
    """Every row of a change set, some at a time."""
    last = 0
    while rows := await _found(session, changeset, last, ROWS_AT_ONCE):
        last = rows[-1].id
        yield [_plain(row) for row in rows]


async def _rows_after(
    session: AsyncSession, changeset: UUID, last: int, limit: int
) -> list[RowChange]:
    return [_plain(row) for row in await _found(session, changeset, last, limit)]


async def _found(
    session: AsyncSession, changeset: UUID, last: int, limit: int
) -> Sequence[Any]:
    """Plain rows: model objects of a million changes would stay in the session."""
    statement = (
        select(
            col(Change.id),
            col(Change.row_key),
            col(Change.before),
            col(Change.after),
        )
        .where(col(Change.changeset_id) == changeset, col(Change.id) > last)
        .order_by(col(Change.id))
        .limit(limit)
    )
    return (await session.execute(statement)).all()


def _plain(row: Any) -> RowChange:  # noqa: ANN401
    return RowChange(row.row_key, row.before, row.after)


async def _are_there(session: AsyncSession) -> bool:
    found = await session.execute(
        select(*(func.to_regclass(table.name) for table in TABLES))
    )
    return None not in found.one()


async def _create(session: AsyncSession) -> None:
    """Create the tables in a database that is not tuxdb's; one session at a time."""
    allowed = func.has_schema_privilege(func.current_schema(), "CREATE")
    if not await session.scalar(select(allowed)):
        raise Refused(
            "this role may not create tuxdb's tables, in which changes are recorded",
            hint="have the owner run one bulk-update, or GRANT CREATE ON SCHEMA",
        )
    await session.execute(select(func.pg_advisory_xact_lock(CREATION)))
    connection = await session.connection()
    await connection.run_sync(
        lambda sync: Model.metadata.create_all(sync, tables=TABLES, checkfirst=True)
    )
