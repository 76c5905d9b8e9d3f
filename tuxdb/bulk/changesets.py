"""Change sets: who changed which rows, why, and what they were before."""

from collections.abc import AsyncGenerator, Sequence
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
    session: AsyncSession, changeset: ChangeSet, limit: int = SAMPLE
) -> list[RowChange]:
    """The first rows of a change set."""
    return [in_order(row, changeset) for row in await _rows(session, changeset, limit)]


async def all_rows(
    session: AsyncSession, changeset: ChangeSet
) -> AsyncGenerator[list[RowChange]]:
    """Every row of a change set, some at a time."""
    last = 0
    while rows := await _rows(session, changeset, ROWS_AT_ONCE, after=last):
        last = rows[-1].id
        yield [in_order(row, changeset) for row in rows]


def in_order(row: Any, changeset: ChangeSet) -> RowChange:  # noqa: ANN401 - or a Change
    """A recorded row with its columns as the table has them; JSONB sorts its keys."""
    part = changeset.parts[row.part]
    return RowChange(
        _sorted(row.row_key, part["key"]) or {},
        _sorted(row.before, part["changed"]),
        _sorted(row.after, part["changed"]),
    )


def _sorted(
    values: dict[str, Any] | None, names: Sequence[str]
) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: values[name] for name in names if name in values}


async def _rows(
    session: AsyncSession, changeset: ChangeSet, limit: int, after: int = 0
) -> Sequence[Any]:
    """Plain rows: model objects of a million changes would stay in the session."""
    names = (Change.id, Change.part, Change.row_key, Change.before, Change.after)
    statement = (
        select(*map(col, names))
        .where(col(Change.changeset_id) == changeset.id, col(Change.id) > after)
        .order_by(col(Change.id))
        .limit(limit)
    )
    return (await session.execute(statement)).all()


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
