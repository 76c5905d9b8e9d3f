"""The rows of a file in a temporary table, each checked on its way in."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateIndex, CreateTable

from tuxdb.bulk.catalogue import kind, type_name
from tuxdb.bulk.encoding import encoded
from tuxdb.bulk.expressions import nearest
from tuxdb.bulk.inputs import Input, in_thread
from tuxdb.bulk.literals import checks_input, refusal
from tuxdb.bulk.problems import SHOWN, Problems
from tuxdb.bulk.readers import Rows
from tuxdb.bulk.requests import Report
from tuxdb.bulk.tables import name_of
from tuxdb.engine.copying import copy_bytes
from tuxdb.errors import NotFound

LINE = "line"
STAGED = "tuxdb_staged"


@dataclass(frozen=True)
class Staged:
    """A temporary table with the rows of a file, and what its columns are for."""

    table: Table
    target: Table
    names: tuple[str, ...]
    key: tuple[str, ...]
    rows: int
    digest: str

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns that get new values."""
        return tuple(name for name in self.names if name not in self.key)

    def value(self, name: str) -> ColumnElement[Any]:
        """What a row of the file has for a column."""
        staged = self.table.c[f"c{self.names.index(name)}"]
        column = self.target.c[name]
        return staged if kind(column).settled else cast(staged, column.type)

    @property
    def same_row(self) -> ColumnElement[bool]:
        """A row of the file is meant for a row of the table."""
        return and_(*(self.target.c[name] == self.value(name) for name in self.key))


async def stage(
    session: AsyncSession,
    table: Table,
    key: Sequence[str],
    source: Input,
    file: Rows,
    *,
    problems: Problems,
    keep: bool = False,
    report: Report | None = None,
) -> Staged:
    """COPY a file's rows into a temporary table, streamed, in constant memory.

    Raises BadFile with all that is wrong: values that are none of their column, keys
    that come twice. With `keep` the table outlives the transaction.
    """
    columns = [table.c[name] for name in file.names]
    staged = _table(columns, keep=keep)
    await session.execute(CreateTable(staged))
    digest = hashlib.sha256()
    count = 0

    async def chunks() -> AsyncGenerator[bytes]:
        nonlocal count
        made = encoded(file, columns, problems)
        while found := await in_thread(source, lambda: next(made, None)):
            count, chunk = found
            digest.update(chunk)
            if report is not None:
                report(f"reading {source.path}", count, _estimate(source, count))
            if chunk:
                yield chunk

    async with aclosing(chunks()) as made_of:
        await copy_bytes(session, staged, staged.c.keys(), made_of)
    problems.finish()
    if not count:
        raise problems.fail(file.line, "the file has no row")
    found = Staged(
        staged, table, tuple(file.names), tuple(key), count, digest.hexdigest()
    )
    await _refuse_unreadable(session, found, problems)
    await _refuse_twice(session, found, problems)
    if keep:
        index = Index(f"{STAGED}_key", *(staged.c[_position(found, n)] for n in key))
        await session.execute(CreateIndex(index))
    await session.execute(text(f"ANALYZE {STAGED}"))
    return found


def check_columns(
    table: Table, key: Sequence[str], file: Rows, problems: Problems
) -> None:
    """Raise BadFile for unknown columns, and for a file without key or values."""
    for name in file.names:
        if name not in table.c:
            hint = nearest(name, table)
            reason = f"{name_of(table)} has no such column{hint}"
            problems.add(file.line, name, reason)
    for name in key:
        if name not in file.names:
            problems.add(file.line, name, "the key column is missing")
    if not problems.found and set(file.names) == set(key):
        problems.add(file.line, None, "there is no column beside the key")
    problems.finish()


class MissingRows(NotFound):
    """Lines of a file whose key is in no row."""

    def __init__(self, table: str, total: int, places: list[str]) -> None:
        super().__init__(
            "row",
            f"of {table} for {total} of the keys; nothing was changed",
            hint="--missing skip passes over them",
        )
        more = [f"… {total - len(places)} more"] if total > len(places) else []
        self.lines = (*places, *more)
        self.details = {"table": table, "missing": total, "lines": places}


async def count_missing(session: AsyncSession, staged: Staged) -> int:
    """How many lines have a key that is in no row."""
    absent = _absent(staged).subquery()
    return int(await session.scalar(select(func.count()).select_from(absent)) or 0)


async def missing_rows(
    session: AsyncSession, staged: Staged, total: int
) -> MissingRows:
    """The error that names the lines whose key is in no row."""
    rows = await session.execute(
        _absent(staged).order_by(staged.table.c[LINE]).limit(SHOWN)
    )
    places = [f"line {row[0]}: {', '.join(row[1:])}" for row in rows]
    return MissingRows(name_of(staged.target), total, places)


def _absent(staged: Staged) -> Select[Any]:
    target = staged.target
    here = select(literal(1)).select_from(target).where(staged.same_row)
    keys = [
        func.left(cast(staged.value(name), Text), SHOWN * 2, type_=Text)
        for name in staged.key
    ]
    return select(staged.table.c[LINE], *keys).where(
        ~here.correlate(staged.table).exists()
    )


def _table(columns: Sequence[Column[Any]], *, keep: bool) -> Table:
    """Columns by position, of the types that need no further check, else texts."""
    return Table(
        STAGED,
        MetaData(),
        Column(LINE, BigInteger),
        *(
            Column(f"c{i}", column.type if kind(column).settled else Text())
            for i, column in enumerate(columns)
        ),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="PRESERVE ROWS" if keep else "DROP",
    )


def _position(staged: Staged, name: str) -> str:
    return f"c{staged.names.index(name)}"


def _estimate(source: Input, rows: int) -> int | None:
    """How many rows a file will have had, by the bytes read so far."""
    if not source.size or not source.read_bytes:
        return None
    return round(rows * source.size / source.read_bytes)


async def _refuse_unreadable(
    session: AsyncSession, staged: Staged, problems: Problems
) -> None:
    """Ask the server about the values that only it can read."""
    unsettled = [n for n in staged.names if not kind(staged.target.c[n]).settled]
    if unsettled and await checks_input(session):
        for name in unsettled:
            for line, message in await session.execute(_unreadable(staged, name)):
                problems.add(line, name, message)
    else:
        for name in unsettled:
            await _look_for_unreadable(session, staged, name, problems)
    problems.finish()


def _unreadable(staged: Staged, name: str) -> Select[Any]:
    """Lines whose value is none, and why."""
    value = staged.table.c[_position(staged, name)]
    type_ = type_name(staged.target.c[name])
    why = func.pg_input_error_info(value, type_).table_valued("message").lateral("why")
    return (
        select(staged.table.c[LINE], why.c.message)
        .select_from(staged.table.join(why, literal(value=True)))
        .where(~func.pg_input_is_valid(value, type_))
        .order_by(staged.table.c[LINE])
        .limit(SHOWN)
    )


async def _look_for_unreadable(
    session: AsyncSession, staged: Staged, name: str, problems: Problems
) -> None:
    """Find the first such line by halves, where the server can only be tried."""
    line = staged.table.c[LINE]
    low, high = (await session.execute(select(func.min(line), func.max(line)))).one()

    async def why(low: int, high: int) -> str | None:
        some = line.between(low, high)
        return await refusal(session, _all_of(staged.value(name), some))

    message = await why(low, high)
    while message is not None and low < high:
        middle = (low + high) // 2
        earlier = await why(low, middle)
        low, high = (low, middle) if earlier else (middle + 1, high)
    if message is not None:
        problems.add(low, name, await why(low, low) or message)


def _all_of(value: ColumnElement[Any], some: ColumnElement[bool]) -> Select[Any]:
    return select(func.count(cast(value, Text))).where(some)


async def _refuse_twice(
    session: AsyncSession, staged: Staged, problems: Problems
) -> None:
    columns = [staged.value(name) for name in staged.key]
    line = staged.table.c[LINE]
    twice = (
        select(func.min(line), func.max(line))
        .group_by(*columns)
        .having(func.count() > 1)
        .order_by(func.min(line))
        .limit(SHOWN)
    )
    for low, high in await session.execute(twice):
        problems.add(high, staged.key[0], f"the same key as in line {low}")
    problems.finish()
