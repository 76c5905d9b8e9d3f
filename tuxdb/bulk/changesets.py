"""Change sets: who changed which rows, why, and what they were before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Table, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.models import Change, ChangeSet, Model

SAMPLE = 20
TABLES: list[Table] = [ChangeSet.__table__, Change.__table__]  # type: ignore[attr-defined]


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
    """Settings for a long change, and the bookkeeping tables where they are missing.

    Texts of times depend on the time zone, so that is fixed for what is recorded.
    """
    for name, value in (("statement_timeout", "0"), ("timezone", "UTC")):
        await session.execute(select(func.set_config(name, value, true())))
    connection = await session.connection()
    await connection.run_sync(
        lambda sync: Model.metadata.create_all(sync, tables=TABLES, checkfirst=True)
    )


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
    session: AsyncSession, changeset: UUID, limit: int | None = SAMPLE
) -> list[RowChange]:
    """The first rows of a change set, or all."""
    statement = (
        select(Change)
        .where(col(Change.changeset_id) == changeset)
        .order_by(col(Change.id))
    )
    if limit is not None:
        statement = statement.limit(limit)
    rows: Sequence[Any] = (await session.scalars(statement)).all()
    return [RowChange(row.row_key, row.before, row.after) for row in rows]
