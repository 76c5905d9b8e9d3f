"""Writing down what a use case does to a few rows, by looking before and after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.tracking import Part, row_hash, texts_of
from tuxdb.models import Change, ChangeSet

Texts = dict[str, str | None]

INCIDENTAL = "incidental"
"""Marks a part of a change set whose undo leaves alone what others came to use."""


@dataclass
class Watched:
    """A change set of what happens within the block; None if nothing did."""

    changeset: ChangeSet | None = None


@dataclass(frozen=True)
class _Row:
    key: Texts
    texts: Texts
    hash: int


@dataclass(frozen=True)
class Some:
    """Rows of a table that a use case may change, or by the way insert.

    What it inserts `incidental`ly stays after an undo, if it is used by then.
    """

    table: Table
    condition: ColumnElement[bool]
    incidental: bool = False


@asynccontextmanager
async def watching(
    session: AsyncSession, author: Author, *places: Some
) -> AsyncIterator[Watched]:
    """Record what the block changes in some rows, and by whom.

    The rows are locked, so that nobody else's changes are among these. Tables come
    before those that refer to them.
    """
    await prepare(session)
    watched = Watched()
    before = [await _rows(session, some, lock=True) for some in places]
    yield watched
    await session.flush()
    for some, old_rows in zip(places, before, strict=True):
        new_rows = await _rows(session, some)
        for key in sorted({*old_rows, *new_rows}):
            old, new = old_rows.get(key), new_rows.get(key)
            if old is None or new is None or old.hash != new.hash:
                watched.changeset = watched.changeset or await begin(session, author)
                await _note(session, some, watched.changeset, old, new)


async def _rows(
    session: AsyncSession, some: Some, *, lock: bool = False
) -> dict[tuple[str | None, ...], _Row]:
    table = some.table
    names = table.c.keys()
    key = Part(table, ()).key
    statement = select(
        texts_of(table, key), texts_of(table, names), row_hash(table, names)
    ).where(some.condition)
    rows = (await session.execute(_locking(statement) if lock else statement)).all()
    return {tuple(row[0][name] for name in key): _Row(*row) for row in rows}


def _locking(statement: Any) -> Any:  # noqa: ANN401 - a select of any columns
    return statement.with_for_update(key_share=True)


async def _note(
    session: AsyncSession,
    some: Some,
    changeset: ChangeSet,
    old: _Row | None,
    new: _Row | None,
) -> None:
    """One row as a part of its own, as its columns may differ from another's."""
    table = some.table
    changed = tuple(table.c.keys())
    if old is not None and new is not None:
        changed = tuple(n for n in changed if old.texts[n] != new.texts[n])
    row = new or old
    session.add(
        Change(
            changeset_id=changeset.id,
            part=len(changeset.parts),
            row_key=row.key if row else {},
            before={n: old.texts[n] for n in changed} if old else None,
            after={n: new.texts[n] for n in changed} if new else None,
            row_hash=new.hash if new else None,
        )
    )
    part = {**Part(table, changed).describe(1), "changed": list(changed)}
    if some.incidental:
        part[INCIDENTAL] = True
    changeset.parts = [*changeset.parts, part]
    changeset.rows += 1
    await session.flush()
