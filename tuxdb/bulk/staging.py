"""The rows of a file in a temporary table, each checked on its way in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    String,
    Table,
    Text,
    and_,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from tuxdb.bulk.expressions import nearest
from tuxdb.bulk.literals import BadLiteral, read_literal
from tuxdb.bulk.problems import SHOWN, Problems
from tuxdb.bulk.readers import Record
from tuxdb.engine.copying import copy_rows
from tuxdb.errors import NotFound

LINE = "tuxdb_line"
STAGED = "tuxdb_staged"


@dataclass(frozen=True)
class Staged:
    """A temporary table with the rows of a file, and what its columns are for."""

    table: Table
    key: tuple[str, ...]
    changed: tuple[str, ...]
    rows: int


async def stage(
    session: AsyncSession,
    table: Table,
    key: Sequence[str],
    records: Iterator[Record],
    problems: Problems,
    *,
    on_commit: str = "DROP",
) -> Staged:
    """COPY a file's rows into a temporary table, streamed, in constant memory.

    Raises BadFile with all that is wrong: unknown columns, values that are none of
    their column, rows of other columns than the first, keys that come twice.
    """
    first = next(records, None)
    problems.finish()
    if first is None:
        raise problems.fail(1, "the file has no row")
    names = _columns(first, table, key, problems)
    staged = Table(
        STAGED,
        MetaData(),
        Column(LINE, BigInteger),
        *(Column(name, _unbounded(table.c[name])) for name in names),
        prefixes=["TEMPORARY"],
        postgresql_on_commit=on_commit,
    )
    await session.execute(CreateTable(staged))
    rows = _typed(first, records, [table.c[name] for name in names], problems)
    count = await copy_rows(session, staged, [LINE, *names], rows)
    problems.finish()
    await _refuse_twice(session, staged, key, problems)
    await session.execute(text(f"ANALYZE {STAGED}"))
    changed = tuple(name for name in names if name not in key)
    return Staged(staged, tuple(key), changed, count)


async def refuse_missing(session: AsyncSession, table: Table, staged: Staged) -> None:
    """Raise NotFound with the lines whose key is in no row."""
    here = and_(*(table.c[name] == staged.table.c[name] for name in staged.key))
    absent = (
        select(staged.table.c[LINE], *(staged.table.c[name] for name in staged.key))
        .select_from(staged.table.outerjoin(table, here))
        .where(table.c[staged.key[0]].is_(None))
    )
    total = await session.scalar(select(func.count()).select_from(absent.subquery()))
    if not total:
        return
    rows = await session.execute(absent.order_by(staged.table.c[LINE]).limit(SHOWN))
    places = [f"line {row[0]}: {', '.join(map(str, row[1:]))}" for row in rows]
    more = f"\n  … {total - SHOWN} more" if total > SHOWN else ""
    raise NotFound(
        "row",
        f"in {table.name} for {total} keys; nothing was changed\n  "
        + "\n  ".join(places)
        + more,
        hint="--missing skip passes over them",
    )


def _columns(
    first: Record, table: Table, key: Sequence[str], problems: Problems
) -> list[str]:
    names = list(first.values)
    for name in names:
        if name not in table.c:
            hint = nearest(name, table)
            problems.add(first.line, name, f"{table.name} has no such column{hint}")
    for name in key:
        if name not in names:
            problems.add(first.line, name, "the key column is missing")
    if not problems.found and set(names) == set(key):
        problems.add(first.line, None, "there is no column beside the key")
    problems.finish()
    return names


def _typed(
    first: Record,
    records: Iterator[Record],
    columns: Sequence[Column[Any]],
    problems: Problems,
) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples; after the first problem the rest is only looked at."""
    expected = first.values.keys()
    for record in _and(first, records):
        if record.values.keys() != expected:
            problems.add(record.line, None, "other columns than in the first row")
            continue
        row = tuple(_value(record, column, problems) for column in columns)
        if not problems.found:
            yield (record.line, *row)


def _and(first: Record, records: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from records


def _value(record: Record, column: Column[Any], problems: Problems) -> Any:  # noqa: ANN401
    given = record.values[column.name]
    if given == "" and record.blank_is_null:
        given = None if column.nullable or not _is_text(column) else ""
    if given is None:
        if not column.nullable:
            problems.add(record.line, column.name, "must have a value")
        return None
    try:
        return read_literal(given, column)
    except BadLiteral as error:
        shown = given if len(given) <= SHOWN else given[:SHOWN] + "…"
        problems.add(record.line, column.name, f"{shown!r} is {error}")
    return None


def _is_text(column: Column[Any]) -> bool:
    return isinstance(getattr(column.type, "impl", column.type), String)


def _unbounded(column: Column[Any]) -> Any:  # noqa: ANN401
    return Text() if _is_text(column) else column.type


async def _refuse_twice(
    session: AsyncSession, staged: Table, key: Sequence[str], problems: Problems
) -> None:
    columns = [staged.c[name] for name in key]
    line = staged.c[LINE]
    twice = (
        select(func.min(line), func.max(line))
        .group_by(*columns)
        .having(func.count() > 1)
        .order_by(func.min(line))
        .limit(SHOWN)
    )
    for low, high in await session.execute(twice):
        problems.add(high, key[0], f"the same key as in line {low}")
    problems.finish()
