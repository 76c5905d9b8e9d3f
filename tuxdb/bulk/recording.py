"""What tuxdb's own commands change, each row written down: a purge, a seed.

These work on tuxdb's own tables, with conditions made by code.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Insert,
    Select,
    Table,
    and_,
    cast,
    delete,
    exists,
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

from tuxdb.bulk.tracking import (
    CHANGES,
    TOUCHED,
    Part,
    as_texts,
    counted,
    row_hash,
    same_row,
    texts_of,
)
from tuxdb.models import ChangeSet

USERS, POINTS = "users", "points"
INSERTED = ("changeset_id", "part", "row_key", "after", "row_hash")


@dataclass(frozen=True)
class Removal:
    """Rows of one table that are to go."""

    table: Table
    condition: ColumnElement[bool]


async def remove(
    session: AsyncSession, removals: list[Removal], changeset: ChangeSet
) -> int:
    """Delete the rows in the given order, with what they were in the change set."""
    for removal in removals:
        part = Part(removal.table, tuple(removal.table.c.keys()))
        number = len(changeset.parts)
        statement = _deleted(part, removal.condition, changeset.id, number)
        await _note(session, changeset, part, await session.scalar(statement))
    return changeset.rows


async def remove_for_good(
    session: AsyncSession, removals: list[Removal], changeset: ChangeSet
) -> int:
    """Delete the rows and keep only their number: they are to be forgotten."""
    for removal in removals:
        result: Any = await session.execute(
            delete(removal.table).where(removal.condition)
        )
        part = Part(removal.table, ())
        await _note(session, changeset, part, result.rowcount, forgotten=True)
    return changeset.rows


async def note_for_good(
    session: AsyncSession,
    table: Table,
    columns: tuple[str, ...],
    rows: int,
    changeset: ChangeSet,
) -> None:
    """Write down how many rows had values taken away that are to be forgotten."""
    await _note(session, changeset, Part(table, columns), rows, forgotten=True)


async def note_unrecorded(
    session: AsyncSession, table: Table, rows: int, changeset: ChangeSet
) -> None:
    """Write down how many rows were loaded, too many to be recorded one by one."""
    await _note(session, changeset, Part(table, ()), rows, unrecorded=True)


async def change_values(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    values: dict[str, Any],
    changeset: ChangeSet,
) -> int:
    """Give rows new values, with what they were in the change set."""
    part = Part(table, tuple(values))
    key = [table.c[name].label(f"k{i}") for i, name in enumerate(part.key)]
    old = [table.c[name].label(f"o{i}") for i, name in enumerate(part.recorded)]
    locked = (
        select(*key, *old)
        .where(condition)
        .order_by(*(table.c[name] for name in part.key))
        .with_for_update(key_share=True)
        .cte("locked")
    )
    before = [(name, locked.c[f"o{i}"]) for i, name in enumerate(part.recorded)]
    changed = (
        update(table)
        .where(*(table.c[n] == locked.c[f"k{i}"] for i, n in enumerate(part.key)))
        .values({**values, TOUCHED: func.now()} if part.touches else values)
        .returning(
            texts_of(table, part.key).label("row_key"),
            as_texts(before).label("before"),
            texts_of(table, part.recorded).label("after"),
            row_hash(table, table.c.keys()).label("row_hash"),
        )
        .cte("changed")
    )
    number = len(changeset.parts)
    rows = await session.scalar(counted(changed, changeset.id, number))
    await _note(session, changeset, part, rows)
    return int(rows or 0)


async def note_insert(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    changeset: ChangeSet,
) -> int:
    """Write rows down that this transaction has inserted."""
    part = Part(table, tuple(table.c.keys()))
    rows = inserted(part, changeset.id, len(changeset.parts)).where(condition)
    result: Any = await session.execute(
        insert(CHANGES).from_select(INSERTED, rows, include_defaults=False)
    )
    await _note(session, changeset, part, result.rowcount)
    return int(result.rowcount)


@asynccontextmanager
async def watched_rows(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    changeset: ChangeSet,
) -> AsyncIterator[None]:
    """Record what the block does to the rows of a condition, however many there are.

    All of them are written down as they were; afterwards those stay that changed, went
    or came. Keys, and balances, which are the ledger's, are not among what is restored.
    """
    kept = (*Part(table, ()).key, POINTS if table.name == USERS else "")
    part = Part(table, tuple(c.name for c in table.c if c.name not in kept))
    number = len(changeset.parts)
    changeset.parts = [*changeset.parts, part.describe(0)]
    await session.execute(_as_they_are(part, condition, changeset.id, number))
    yield
    await session.flush()
    rows = await _keep_what_changed(session, part, condition, changeset.id, number)
    described = [part.describe(rows)] if rows else []
    changeset.parts = (
        changeset.parts[:number] + described + changeset.parts[number + 1 :]
    )
    changeset.rows += rows
    await session.flush()


def _as_they_are(
    part: Part, condition: ColumnElement[bool], changeset: UUID, number: int
) -> Insert:
    """Lock rows in key order, and write them down."""
    table = part.table
    locked = (
        inserted(part, changeset, number)
        .where(condition)
        .order_by(*(table.c[name] for name in part.key))
        .with_for_update(of=table, key_share=True)
        .cte("locked")
    )
    names = ("changeset_id", "part", "row_key", "before", "row_hash")
    return insert(CHANGES).from_select(names, select(locked), include_defaults=False)


async def _keep_what_changed(
    session: AsyncSession,
    part: Part,
    condition: ColumnElement[bool],
    changeset: UUID,
    number: int,
) -> int:
    """Write down what rows are now, those that are new too; how many there are."""
    table = part.table
    mine = and_(CHANGES.c.changeset_id == changeset, CHANGES.c.part == number)
    here = same_row(table, part.key)
    was_here = and_(mine, CHANGES.c.before.is_not(None))
    hashed = row_hash(table, table.c.keys())
    new = inserted(part, changeset, number).where(
        condition, ~exists().where(was_here, here)
    )
    unchanged = exists().where(here, CHANGES.c.row_hash == hashed)
    after = {"after": texts_of(table, table.c.keys()), "row_hash": hashed}
    for statement in (
        insert(CHANGES).from_select(INSERTED, new, include_defaults=False),
        delete(CHANGES).where(was_here, unchanged),
        update(CHANGES).where(was_here, here).values(after),
        update(CHANGES).where(mine, CHANGES.c.after.is_(None)).values(row_hash=None),
    ):
        await session.execute(statement)
    count = select(func.count()).select_from(CHANGES).where(mine)
    return int(await session.scalar(count) or 0)


def inserted(part: Part, changeset: UUID, number: int) -> Select[Any]:
    """Rows of a table as `INSERTED` has them; the caller says which."""
    table = part.table
    return select(
        literal(changeset, UuidType),
        literal(number),
        texts_of(table, part.key),
        texts_of(table, table.c.keys()),
        row_hash(table, table.c.keys()),
    )


async def _note(
    session: AsyncSession,
    changeset: ChangeSet,
    part: Part,
    rows: int | None,
    **more: bool,
) -> None:
    """Add a part with its number of rows to the change set."""
    changeset.parts = [*changeset.parts, {**part.describe(rows or 0), **more}]
    changeset.rows += rows or 0
    await session.flush()


def _deleted(
    part: Part, condition: ColumnElement[bool], changeset: UUID, number: int
) -> Select[Any]:
    gone = (
        delete(part.table)
        .where(condition)
        .returning(*removed_row(part.table, part.key))
        .cte("changed")
    )
    return counted(gone, changeset, number)


def removed_row(table: Table, key: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """What a deleted row is recorded as."""
    return [
        texts_of(table, key).label("row_key"),
        texts_of(table, table.c.keys()).label("before"),
        cast(null(), JSONB).label("after"),
        cast(null(), CHANGES.c.row_hash.type).label("row_hash"),
    ]
