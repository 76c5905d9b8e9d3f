"""Plans: a change written to a file, to be reviewed and applied exactly as it is.

The first line says what and where; each other line is a row: its key, its values
before and after as PostgreSQL's texts, and a hash of the whole row as it was. The last
line is a checksum, so that a plan that was cut off or edited is none.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    MetaData,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from tuxdb.bulk.encoding import copied
from tuxdb.bulk.failures import retried
from tuxdb.bulk.inputs import Input, in_thread, lines, open_input
from tuxdb.bulk.problems import SHOWN, Problems
from tuxdb.bulk.requests import Prepared, Report
from tuxdb.bulk.tables import (
    find_table,
    name_of,
    refuse_protected_columns,
    refuse_protected_table,
)
from tuxdb.bulk.tracking import Part, as_texts, differs, row_hash, texts_of, value_of
from tuxdb.engine.copying import copy_bytes
from tuxdb.errors import Conflict, UsageError

VERSION = 1
PLANNED = "tuxdb_planned"
ROWS_AT_ONCE = 1000


@asynccontextmanager
async def written_plan(
    session: AsyncSession, prepared: Prepared, path: Path, reason: str | None
) -> AsyncIterator[None]:
    """Write what a change would do; the plan is there if the block ends well.

    Only its owner may read it. UsageError if the file is there already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    done = False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            digest = hashlib.sha256()
            async with aclosing(_plan_lines(session, prepared, reason)) as lines_:
                async for line in lines_:
                    digest.update(line.encode())
                    file.write(line)
            file.write(_line({"sha256": digest.hexdigest()}))
        yield
        done = True
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if not done:
            await asyncio.to_thread(path.unlink)


def _unwritable(path: Path, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or "not a path"
    return UsageError(f"{path}: cannot be written ({reason.lower()})")


async def prepare_plan(
    session: AsyncSession, path: str, *, report: Report | None = None
) -> Prepared:
    """Read a plan back; Conflict if it is of another database or a row differs."""
    with open_input(path) as source:
        problems = Problems(source.path)
        rows = _Rows(source, problems)
        head = await in_thread(source, rows.head)
        table = await _table_of(session, head, path)
        planned = await _stage(session, rows, source, report)
    part = Part(table, tuple(head["changed"]))
    await refuse_protected_columns(session, table, part.changed)
    same = and_(
        *(table.c[n] == value_of(planned.c.row_key, table.c[n]) for n in part.key)
    )

    async def work() -> None:
        await _refuse_changed(session, part, planned, same, path)

    await retried(session, work)
    return Prepared(
        part,
        select(table).select_from(table.join(planned, same)),
        {n: value_of(planned.c.after, table.c[n]) for n in part.changed},
        reason=head.get("reason"),
    )


async def _plan_lines(
    session: AsyncSession, prepared: Prepared, reason: str | None
) -> AsyncGenerator[str]:
    part, table = prepared.part, prepared.part.table
    yield _line(
        {
            "tuxdb_plan": VERSION,
            "database": await session.scalar(select(func.current_database())),
            "table": name_of(table),
            "changed": list(part.changed),
            "columns": table.c.keys(),
            "reason": reason,
        }
    )
    statement = _wanted(prepared).execution_options(yield_per=ROWS_AT_ONCE)
    result = await session.stream(statement)
    async for key, before, after, hashed in result:
        row = {"key": key, "before": before, "after": after, "hash": str(hashed)}
        yield _line(row)


def _wanted(prepared: Prepared) -> Select[Any]:
    """Key, values before and after, and hash of the rows that would change."""
    part, table = prepared.part, prepared.part.table
    rows = prepared.source.with_only_columns(
        texts_of(table, part.key).label("row_key"),
        texts_of(table, part.changed).label("before"),
        as_texts([(n, prepared.new[n]) for n in part.changed]).label("after"),
        row_hash(table, table.c.keys()).label("row_hash"),
        maintain_column_froms=True,
    )
    different = or_(
        *(differs(table.c[n], prepared.new[n], table.c[n]) for n in part.changed)
    )
    return rows.where(different).order_by(*(table.c[name] for name in part.key))


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


async def _table_of(session: AsyncSession, head: dict[str, Any], path: str) -> Table:
    database = await session.scalar(select(func.current_database()))
    if head["database"] != database:
        raise Conflict(
            f"{path} is a plan for database {head['database']!r}, "
            f"this is {database!r}; nothing was changed"
        )
    table = await find_table(session, head["table"])
    refuse_protected_table(table)
    if table.c.keys() != head["columns"]:
        raise Conflict(
            f"{head['table']} has other columns than when {path} was made; "
            "nothing was changed"
        )
    return table


class _Rows:
    """The lines of a plan: its head, its rows, and the checksum at its end."""

    def __init__(self, source: Input, problems: Problems) -> None:
        self._lines = lines(source, problems)
        self._problems = problems
        self._digest = hashlib.sha256()

    def head(self) -> dict[str, Any]:
        """What the plan is for; UsageError if it is no plan."""
        _, text = next(self._lines, (0, ""))
        self._digest.update(text.encode())
        head = _decoded(text)
        if head.get("tuxdb_plan") != VERSION:
            raise UsageError(f"{self._problems.name} is not a plan")
        return head

    def encoded(self) -> Iterator[tuple[int, bytes]]:
        """The rows as COPY reads them."""
        return copied(self._rows())

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for number, text in self._lines:
            row = _decoded(text)
            if "sha256" in row:
                if row["sha256"] == self._digest.hexdigest():
                    return
                break
            self._digest.update(text.encode())
            if {"key", "after", "hash"} - row.keys():
                break
            yield (
                str(number),
                json.dumps(row["key"]),
                json.dumps(row["after"]),
                str(row["hash"]),
            )
        raise UsageError(
            f"{self._problems.name} is not as it was written; nothing was changed",
            hint="make a new plan with --plan-out",
        )


def _decoded(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


async def _stage(
    session: AsyncSession, rows: _Rows, source: Input, report: Report | None
) -> Table:
    planned = Table(
        PLANNED,
        MetaData(),
        Column("line", BigInteger),
        Column("row_key", JSONB),
        Column("after", JSONB),
        Column("row_hash", BigInteger),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    await session.execute(CreateTable(planned))
    made = rows.encoded()

    async def chunks() -> AsyncGenerator[bytes]:
        while found := await in_thread(source, lambda: next(made, None)):
            count, chunk = found
            if report is not None:
                report(f"reading {source.path}", count, None)
            if chunk:
                yield chunk

    async with aclosing(chunks()) as source_:
        await copy_bytes(session, planned, planned.c.keys(), source_)
    return planned


async def _refuse_changed(
    session: AsyncSession,
    part: Part,
    planned: Table,
    same: ColumnElement[bool],
    path: str,
) -> None:
    """Lock the rows of a plan, and raise Conflict if one is not as it was."""
    table = part.table
    key = [table.c[name] for name in part.key]
    locked = (
        select(*key)
        .select_from(table.join(planned, same))
        .order_by(*key)
        .with_for_update(of=table)
    )
    await session.scalar(select(func.count()).select_from(locked.cte("locked")))
    gone = key[0].is_(None)
    hashed = row_hash(table, table.c.keys())
    found = (
        await session.execute(
            select(planned.c.row_key, gone)
            .select_from(planned.outerjoin(table, same))
            .where(or_(gone, hashed != planned.c.row_hash))
            .order_by(planned.c.line)
            .limit(SHOWN + 1)
        )
    ).all()
    if found:
        raise _rows_changed(name_of(table), path, [(key, gone) for key, gone in found])


def _rows_changed(
    table: str, path: str, found: list[tuple[dict[str, str], bool]]
) -> Conflict:
    lines_ = [
        f"{'  '.join(f'{n} {v}' for n, v in row_key.items())}: "
        + ("deleted" if gone else "changed")
        for row_key, gone in found[:SHOWN]
    ]
    return Conflict(
        f"rows of {table} were changed since {path} was made; nothing was changed",
        hint="make a new plan with --plan-out",
        details={"rows": [row_key for row_key, _ in found[:SHOWN]]},
        lines=[*lines_, "…"] if len(found) > SHOWN else lines_,
    )
