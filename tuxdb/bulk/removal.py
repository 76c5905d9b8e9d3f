"""Deleting rows, each written down as it was."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.tracking import CHANGES, Part, as_texts, counted, row_hash
from tuxdb.models import ChangeSet


@dataclass(frozen=True)
class Removal:
    """Rows of one table that are to go."""

    table: Table
    condition: ColumnElement[bool]

    async def count(self, session: AsyncSession) -> int:
        """How many rows there are."""
        counted = select(func.count()).select_from(self.table).where(self.condition)
        return int(await session.scalar(counted) or 0)


async def remove(
    session: AsyncSession, removals: list[Removal], changeset: ChangeSet
) -> int:
    """Delete the rows in the given order, with what they were in the change set."""
    parts = list(changeset.parts)
    for removal in removals:
        part = Part(removal.table, tuple(removal.table.c.keys()))
        statement = _deleted(part, removal.condition, changeset.id, len(parts))
        rows = int(await session.scalar(statement) or 0)
        parts.append(part.describe(rows))
    changeset.parts = parts
    changeset.rows = sum(part["rows"] for part in parts)
    await session.flush()
    return changeset.rows


async def remove_for_good(
    session: AsyncSession, removals: list[Removal], changeset: ChangeSet
) -> int:
    """Delete the rows and keep only their number: they are to be forgotten."""
    parts = list(changeset.parts)
    for removal in removals:
        result: Any = await session.execute(
            delete(removal.table).where(removal.condition)
        )
        part = Part(removal.table, ())
        parts.append({**part.describe(result.rowcount), "forgotten": True})
    changeset.parts = parts
    changeset.rows = sum(part["rows"] for part in parts)
    await session.flush()
    return changeset.rows


async def change_values(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    values: dict[str, Any],
    changeset: ChangeSet,
) -> int:
    """Give rows new values, with what they were in the change set."""
    part = Part(table, tuple(values))
    key = [table.c[name] for name in part.key]
    locked = (
        select(*key, *(table.c[name] for name in part.recorded))
        .where(condition)
        .order_by(*key)
        .with_for_update()
        .cte("locked")
    )
    new = dict(values)
    if "updated_at" in part.recorded:
        new["updated_at"] = func.now()
    changed = (
        update(table)
        .where(*(table.c[name] == locked.c[name] for name in part.key))
        .values(new)
        .returning(
            as_texts(table, part.key).label("row_key"),
            as_texts(locked, part.recorded).label("before"),
            as_texts(table, part.recorded).label("after"),
            row_hash(table, table.c.keys()).label("row_hash"),
        )
        .cte("changed")
    )
    number = len(changeset.parts)
    rows = int(await session.scalar(counted(changed, changeset.id, number)) or 0)
    changeset.parts = [*changeset.parts, part.describe(rows)]
    changeset.rows += rows
    await session.flush()
    return rows


async def note_insert(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    changeset: ChangeSet,
) -> int:
    """Write rows down that this transaction has inserted."""
    part = Part(table, tuple(table.c.keys()))
    names = ["changeset_id", "part", "row_key", "after", "row_hash"]
    number = len(changeset.parts)
    rows = select(
        literal(changeset.id, UuidType),
        literal(number),
        as_texts(table, part.key),
        as_texts(table, part.changed),
        row_hash(table, table.c.keys()),
    ).where(condition)
    result: Any = await session.execute(
        insert(CHANGES).from_select(names, rows, include_defaults=False)
    )
    changeset.parts = [*changeset.parts, part.describe(result.rowcount)]
    changeset.rows += result.rowcount
    await session.flush()
    return int(result.rowcount)


def _deleted(
    part: Part, condition: ColumnElement[bool], changeset: UUID, number: int
) -> Select[Any]:
    table = part.table
    gone = (
        delete(table)
        .where(condition)
        .returning(
            as_texts(table, part.key).label("row_key"),
            as_texts(table, part.changed).label("before"),
            cast(null(), JSONB).label("after"),
            cast(null(), CHANGES.c.row_hash.type).label("row_hash"),
        )
        .cte("changed")
    )
    return counted(gone, changeset, number)
