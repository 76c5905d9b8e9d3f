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


@dataclass
class Watched:
    """A change set of what happens within the block; None if nothing did."""

    changeset: ChangeSet | None = None


@dataclass(frozen=True)
class _Row:
    key: Texts
    texts: Texts
    hash: int


@asynccontextmanager
async def watching(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    author: Author,
) -> AsyncIterator[Watched]:
    """Record what the block changes in the rows of a condition, and by whom.

    The rows are locked, so that nobody else's changes are among these.
    """
    await prepare(session)
    watched = Watched()
    before = await _rows(session, table, condition, lock=True)
    yield watched
    await session.flush()
    after = await _rows(session, table, condition)
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old is None or new is None or old.hash != new.hash:
            watched.changeset = watched.changeset or await begin(session, author)
            await _note(session, table, watched.changeset, old, new)


async def _rows(
    session: AsyncSession,
    table: Table,
    condition: ColumnElement[bool],
    *,
    lock: bool = False,
) -> dict[tuple[str | None, ...], _Row]:
    names = table.c.keys()
    key = Part(table, ()).key
    statement = select(
        texts_of(table, key), texts_of(table, names), row_hash(table, names)
    ).where(condition)
    rows = (await session.execute(_locking(statement) if lock else statement)).all()
    return {tuple(row[0][name] for name in key): _Row(*row) for row in rows}


def _locking(statement: Any) -> Any:  # noqa: ANN401 - a select of any columns
    return statement.with_for_update(key_share=True)


async def _note(
    session: AsyncSession,
    table: Table,
    changeset: ChangeSet,
    old: _Row | None,
    new: _Row | None,
) -> None:
    """One row as a part of its own, as its columns may differ from another's."""
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
    changeset.parts = [*changeset.parts, part]
    changeset.rows += 1
    await session.flush()
