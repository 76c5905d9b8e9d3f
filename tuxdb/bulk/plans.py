"""Plans: a change written to a file, to be reviewed and applied exactly as it is.

The first line says what and where, each other line is a row: its key, its values
before and after as PostgreSQL's texts, and a hash of the whole row as it was.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Table,
    and_,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from tuxdb.bulk.changesets import Author
from tuxdb.bulk.inputs import lines, open_input
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.tables import find_table
from tuxdb.bulk.tracking import Part, as_texts, differs, row_hash, value_of
from tuxdb.bulk.update import (
    Prepared,
    UpdateRequest,
    prepare_update,
    refuse_protected,
)
from tuxdb.engine.copying import copy_rows
from tuxdb.errors import Conflict, UsageError

VERSION = 1
PLANNED = "tuxdb_planned"
SHOWN = 20


async def write_plan(
    session: AsyncSession, request: UpdateRequest, path: Path
) -> Prepared:
    """Write what a request would change to a new file that only its owner reads."""
    prepared = await prepare_update(session, request)
    part, table = prepared.part, prepared.part.table
    subject = _wanted(prepared)
    new = as_texts(subject, [f"new_{name}" for name in part.changed])
    different = or_(
        *(differs(subject.c[n], subject.c[f"new_{n}"]) for n in part.changed)
    )
    rows = (
        select(
            as_texts(subject, part.key),
            as_texts(subject, part.recorded),
            new,
            subject.c["tuxdb_hash"],
        )
        .where(different)
        .order_by(*(subject.c[name] for name in part.key))
    )
    database = await session.scalar(select(func.current_database()))
    head = {
        "tuxdb_plan": VERSION,
        "database": database,
        "table": table.fullname,
        "changed": list(part.changed),
        "columns": table.c.keys(),
        "reason": request.author.reason,
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(head) + "\n")
        result = await session.stream(rows.execution_options(yield_per=1000))
        async for key, before, after, hashed in result:
            plain = {n.removeprefix("new_"): value for n, value in after.items()}
            row = {"key": key, "before": before, "after": plain, "hash": hashed}
            file.write(json.dumps(row) + "\n")
    return prepared


async def prepare_plan(
    session: AsyncSession, path: str, author: Author
) -> tuple[Prepared, Author]:
    """Read a plan back; Conflict if it is of another database or a row differs."""
    problems = Problems(path)
    with open_input(path) as source:
        rows = lines(source, problems)
        head = _head(rows, problems)
        database = await session.scalar(select(func.current_database()))
        if head["database"] != database:
            raise Conflict(
                f"{path} is a plan for database {head['database']!r}, "
                f"this is {database!r}; nothing was changed"
            )
        table = await find_table(session, head["table"])
        if table.c.keys() != head["columns"]:
            raise Conflict(
                f"{table.name} has other columns than when {path} was made; "
                "nothing was changed"
            )
        part = Part(table, tuple(head["changed"]))
        await refuse_protected(session, part)
        planned = await _stage(session, rows, problems)
    same = and_(
        *(table.c[n] == value_of(planned.c.row_key, table.c[n]) for n in part.key)
    )
    await _refuse_changed(session, part, planned, path)
    source_rows = select(table).select_from(table.join(planned, same))
    new = {n: value_of(planned.c.after, table.c[n]) for n in part.changed}
    reason = author.reason or head.get("reason")
    return (
        Prepared(part, source_rows, new),
        Author(author.command, author.actor, reason),
    )


def _wanted(prepared: Prepared) -> Any:  # noqa: ANN401
    part, table = prepared.part, prepared.part.table
    columns = [table.c[name] for name in (*part.key, *part.recorded)]
    new = [value.label(f"new_{name}") for name, value in prepared.new.items()]
    hashed = row_hash(table, table.c.keys()).label("tuxdb_hash")
    rows = prepared.source.with_only_columns(
        *columns, *new, hashed, maintain_column_froms=True
    )
    return rows.subquery("wanted")


def _head(rows: Iterator[tuple[int, str]], problems: Problems) -> dict[str, Any]:
    first = next(rows, None)
    try:
        head = json.loads(first[1]) if first else {}
        if head["tuxdb_plan"] != VERSION:
            raise UsageError(
                f"{problems.name} is a plan of version {head['tuxdb_plan']}"
            )
        for name in ("database", "table", "changed", "columns"):
            head[name]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{problems.name} is not a plan") from error
    return dict(head)


async def _stage(
    session: AsyncSession, rows: Iterator[tuple[int, str]], problems: Problems
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

    def records() -> Iterator[tuple[Any, ...]]:
        for number, text in rows:
            try:
                row = json.loads(text)
                values = (number, row["key"], row["after"], row["hash"])
            except (ValueError, TypeError, KeyError, RecursionError):
                problems.add(number, None, "not a row of a plan")
                continue
            yield values

    await copy_rows(session, planned, planned.c.keys(), records())
    problems.finish()
    return planned


async def _refuse_changed(
    session: AsyncSession, part: Part, planned: Table, path: str
) -> None:
    table = part.table
    same = and_(
        *(table.c[n] == value_of(planned.c.row_key, table.c[n]) for n in part.key)
    )
    key = [table.c[name] for name in part.key]
    locked = (
        select(*key)
        .select_from(table.join(planned, same))
        .order_by(*key)
        .with_for_update(of=table)
    )
    await session.scalar(select(func.count()).select_from(locked.cte("locked")))
    hashed = row_hash(table, table.c.keys())
    changed = or_(key[0].is_(None), hashed != planned.c.row_hash)
    found = (
        await session.execute(
            select(planned.c.row_key, key[0].is_(None))
            .select_from(planned.outerjoin(table, same))
            .where(changed)
            .order_by(planned.c.line)
            .limit(SHOWN + 1)
        )
    ).all()
    if not found:
        return
    shown = [
        f"{', '.join(f'{n} {v}' for n, v in row_key.items())}: "
        + ("deleted" if gone else "changed")
        for row_key, gone in found[:SHOWN]
    ]
    more = "\n  …" if len(found) > SHOWN else ""
    raise Conflict(
        f"rows of {table.name} were changed since {path} was made; "
        "nothing was changed\n  " + "\n  ".join(shown) + more,
        hint="make a new plan with --plan-out",
        details={"rows": [row_key for row_key, _ in found[:SHOWN]]},
    )
