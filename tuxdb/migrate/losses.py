"""What taking revisions back would lose, told before it is done.

The downgrades are run offline, which writes their SQL and sends none of it.
"""

import asyncio
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from tuxdb.migrate.execution import MISTAKES, PROXIES, running
from tuxdb.migrate.importing import importable
from tuxdb.migrate.revisions import History, Revision

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
TABLE = rf"(?P<table>{NAME}(?:\.{NAME})?)"
DROP_TABLE = re.compile(rf"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?{TABLE}", re.IGNORECASE)
DROP_COLUMN = re.compile(
    rf"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{TABLE}\s+"
    rf"DROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?(?P<column>{NAME})",
    re.IGNORECASE,
)
DELETE = re.compile(
    rf"\b(?:DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?)\s+(?:ONLY\s+)?{TABLE}", re.IGNORECASE
)


@dataclass(frozen=True)
class Loss:
    """What one revision's downgrade takes away; `rows` is None if not known."""

    revision: str
    table: str
    column: str | None
    rows: int | None


async def losses(
    connection: "Connection",
    history: History,
    revisions: Iterable[Revision],
    root: Path | None = None,
) -> tuple[Loss, ...]:
    """Tables and columns that would go, with the rows that hold something in them."""
    found: list[Loss] = []
    gone: set[str] = set()
    for revision in revisions:
        sql = await _offline(history, revision, root)
        if sql is None:
            found.append(Loss(revision.revision, "?", None, None))
            continue
        tables = _names(DROP_TABLE, sql) + _names(DELETE, sql)
        columns = [(m["table"], m["column"]) for m in DROP_COLUMN.finditer(sql)]
        wanted = [(table, None) for table in tables] + columns
        for table, column in wanted:
            if table not in gone:
                rows = await _count(connection, table, column)
                found.append(Loss(revision.revision, table, column, rows))
        gone |= set(tables)
    return tuple(found)


async def _offline(
    history: History, revision: Revision, root: Path | None
) -> str | None:
    """The SQL of a downgrade; None if it cannot be told without a database."""
    while not PROXIES.acquire(blocking=False):  # noqa: ASYNC110 - of all loops
        await asyncio.sleep(0.01)
    try:
        with importable(root):
            return _written(str(history.folder), revision)
    except (SQLAlchemyError, *MISTAKES):
        return None
    finally:
        PROXIES.release()


def _written(folder: str, revision: Revision) -> str:
    buffer = io.StringIO()
    environment = EnvironmentContext(Config(), ScriptDirectory(folder))
    environment.configure(dialect_name="postgresql", as_sql=True, output_buffer=buffer)
    context = environment.get_context()
    with running(revision) as module, environment, Operations.context(context):
        module.downgrade()
    return buffer.getvalue()


def _names(pattern: re.Pattern[str], sql: str) -> list[str]:
    return [match["table"] for match in pattern.finditer(sql)]


async def _count(
    connection: "Connection", table: str, column: str | None
) -> int | None:
    """Rows of a table, or those that have a value in a column.

    Names come from the revision's SQL, quoted as it quotes them.
    """
    what = column or "*"
    try:
        return int(await connection.fetchval(f"SELECT count({what}) FROM {table}"))  # noqa: S608 - see above
    except asyncpg.PostgresError:
        return None
