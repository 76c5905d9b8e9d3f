"""Rows of a seed set into their table: new ones inserted, different ones changed."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    MetaData,
    Table,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable, DropTable
from sqlmodel import col

from tuxdb.engine.copying import copy_rows
from tuxdb.engine.translate import ConstraintViolation
from tuxdb.errors import Conflict
from tuxdb.models import Case, Guild, User
from tuxdb.repositories.points import PointsRepository
from tuxdb.seed.shape import Batch

Watch = Callable[
    [AsyncSession, Table, ColumnElement[bool]], AbstractAsyncContextManager[None]
]
"""Records what a block does to the rows of a table under a condition."""

LINE = "seed_line"
POINTS = "points"
GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
Key = tuple[Any, ...]


@dataclass
class Tally:
    """The keys of rows by what became of them."""

    total: int = 0
    inserted: set[Key] = field(default_factory=set)
    updated: set[Key] = field(default_factory=set)
    changes: list[str] = field(default_factory=list)


@asynccontextmanager
async def unwatched(
    _session: AsyncSession, _table: Table, _condition: ColumnElement[bool]
) -> AsyncIterator[None]:
    """Record nothing."""
    yield


async def upsert(
    session: AsyncSession,
    batch: Batch,
    tally: Tally,
    *,
    reason: str,
    actor: str | None = None,
    watch: Watch = unwatched,
) -> None:
    """Apply a batch. Raises Conflict, with file and line, where a row cannot be."""
    given = _staging(batch)
    await session.execute(CreateTable(given))
    records = [(line, *r) for line, r in zip(batch.lines, batch.records, strict=True)]
    await copy_rows(session, given, [LINE, *batch.columns], records)
    if batch.table.name == Case.__tablename__:
        await _resolve_users(session, batch, given)
    await _refuse_dangling(session, batch, given)
    tally.changes += await _differences(session, batch, given)
    async with watch(session, batch.table, exists().where(_same_row(batch, given))):
        try:
            await _merge(session, batch, given, tally)
        except IntegrityError as error:
            raise Conflict(f"{batch.place}: {ConstraintViolation(error)}") from error
        if POINTS in batch.columns:
            balances = await _opening_balances(session, batch, given, tally)
            await PointsRepository().set_many(session, balances, reason, actor)
    if batch.table.name == Case.__tablename__:
        guilds = GUILDS.c.id.in_(select(given.c.guild_id))
        async with watch(session, GUILDS, guilds):
            await _raise_case_counts(session, given)
    await session.execute(DropTable(given))
    tally.total += len(batch.records)


def _staging(batch: Batch) -> Table:
    """A temporary table for the rows; nothing is required of them there."""
    columns = [Column(name, batch.table.c[name].type) for name in batch.columns]
    return Table(
        "tuxdb_seed_rows",
        MetaData(),
        Column(LINE, BigInteger),
        *columns,
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )


def _same_row(batch: Batch, given: Table) -> ColumnElement[bool]:
    return and_(*(batch.table.c[name] == given.c[name] for name in batch.key))


def _plain_columns(batch: Batch) -> list[str]:
    """What an upsert may change: not the key, and not a balance."""
    ledger = (POINTS,) if batch.table.name == User.__tablename__ else ()
    return [n for n in batch.columns if n not in batch.key and n not in ledger]


async def _resolve_users(session: AsyncSession, batch: Batch, given: Table) -> None:
    """Turn the Discord ids of users into the numbers of their rows."""
    user = User.__table__  # type: ignore[attr-defined]
    same = and_(
        user.c.guild_id == given.c.guild_id, user.c.discord_id == given.c.user_id
    )
    unknown = await session.execute(
        select(given.c[LINE], given.c.guild_id, given.c.user_id)
        .where(~exists().where(same))
        .order_by(given.c[LINE])
        .limit(1)
    )
    for line, guild_id, discord_id in unknown:
        raise Conflict(
            f"{batch.where(line)}: cases: guild {guild_id} has no user {discord_id}",
            details={"file": batch.place, "line": line},
        )
    await session.execute(update(given).where(same).values(user_id=user.c.id))


async def _refuse_dangling(session: AsyncSession, batch: Batch, given: Table) -> None:
    """Raise Conflict for the first row that refers to one which is not there."""
    for constraint in batch.table.foreign_key_constraints:
        pairs = [(e.parent.name, e.column) for e in constraint.elements]
        if not all(name in batch.columns for name, _ in pairs):
            continue
        parent = exists().where(*(given.c[name] == there for name, there in pairs))
        named = [given.c[name] for name, _ in pairs]
        rows = (
            select(given.c[LINE], *named)
            .where(~parent, *(column.is_not(None) for column in named))
            .order_by(given.c[LINE])
            .limit(1)
        )
        for line, *values in await session.execute(rows):
            row = ", ".join(
                f"{name} {value}"
                for (name, _), value in zip(pairs, values, strict=True)
            )
            raise Conflict(
                f"{batch.where(line)}: {batch.table.name}: {row} "
                f"is in no row of {constraint.referred_table.name}",
                details={"file": batch.place, "line": line},
            )


async def _differences(session: AsyncSession, batch: Batch, given: Table) -> list[str]:
    """Say what will change in rows that are there, and lock them in key order."""
    names = _plain_columns(batch)
    table = batch.table
    differs = [table.c[n].is_distinct_from(given.c[n]) for n in names]
    if not differs:
        return []
    columns = [table.c[n] for n in batch.key]
    for name in names:
        columns += [table.c[name], given.c[name]]
    rows = await session.execute(
        select(*columns)
        .where(_same_row(batch, given), or_(*differs))
        .order_by(*(table.c[n] for n in batch.key))
        .with_for_update(of=table, key_share=True)
    )
    return [_change(batch, names, tuple(row)) for row in rows]


def _change(batch: Batch, names: list[str], row: Key) -> str:
    size = len(batch.key)
    before_after = zip(names, row[size::2], row[size + 1 :: 2], strict=True)
    parts = [f"{n} {old} → {new}" for n, old, new in before_after if old != new]
    return f"{_named(batch, row[:size])}: {', '.join(parts)}"


def _named(batch: Batch, key: Key) -> str:
    pairs = zip(batch.key, key, strict=True)
    return f"{batch.table.name} {' '.join(f'{n}={v}' for n, v in pairs)}"


async def _merge(
    session: AsyncSession, batch: Batch, given: Table, tally: Tally
) -> None:
    """Insert or change; `xmax` is 0 in a row that no transaction has replaced."""
    names = _plain_columns(batch)
    columns = [*batch.key, *names]
    rows = select(*(given.c[n] for n in columns)).order_by(
        *(given.c[n] for n in batch.key)
    )
    merge = insert(batch.table).from_select(columns, rows, include_defaults=False)
    changed: dict[str, Any] = {name: merge.excluded[name] for name in names}
    differs = [batch.table.c[n].is_distinct_from(merge.excluded[n]) for n in names]
    if "updated_at" in batch.table.c and changed:
        changed["updated_at"] = func.now()
    key = [batch.table.c[name] for name in batch.key]
    is_new = literal_column(f"({batch.table.name}.xmax = 0)", Boolean)
    merged = (
        merge.on_conflict_do_update(
            index_elements=list(batch.key), set_=changed, where=or_(*differs)
        )
        if changed
        else merge.on_conflict_do_nothing(index_elements=list(batch.key))
    )
    for new, *found in await session.execute(merged.returning(is_new, *key)):
        (tally.inserted if new else tally.updated).add(tuple(found))


async def _raise_case_counts(session: AsyncSession, given: Table) -> None:
    """Let the numbering of a guild's cases go on behind those of the file."""
    highest = (
        select(given.c.guild_id, func.max(given.c.case_number).label("number"))
        .group_by(given.c.guild_id)
        .subquery()
    )
    await session.execute(
        update(Guild)
        .where(
            col(Guild.id) == highest.c.guild_id,
            col(Guild.case_count) < highest.c.number,
        )
        .values(case_count=highest.c.number)
        .execution_options(synchronize_session=False)
    )


async def _opening_balances(
    session: AsyncSession, batch: Batch, given: Table, tally: Tally
) -> dict[int, int]:
    """What new users are given; the balances of others have moved since."""
    if not tally.inserted:
        return {}
    user = batch.table
    rows = await session.execute(
        select(*(user.c[n] for n in batch.key), user.c.id, given.c.points).where(
            _same_row(batch, given), user.c.points == 0, given.c.points != 0
        )
    )
    return {
        user_id: points
        for *key, user_id, points in rows
        if tuple(key) in tally.inserted
    }
