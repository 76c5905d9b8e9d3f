"""The one place that runs catalogue SQL: the files in `queries/`, read-only."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import (
    Executable,
    RowMapping,
    TableClause,
    TextClause,
    func,
    quoted_name,
    select,
    table,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import sqlstate
from tuxdb.errors import TuxdbError

SETTINGS = {
    "transaction_read_only": "on",
    "statement_timeout": "10s",
    "lock_timeout": "2s",
    # A policy that hides rows is then an error and not a wrong count.
    "row_security": "off",
    # Every name in an answer says its schema.
    "search_path": "",
    "jit": "off",
}
REFUSALS = {
    "42501": "the role may not read this",
    "57014": f"no answer within {SETTINGS['statement_timeout']}",
    "55P03": "locked by another session",
    "55000": "not in a state to be read",
    "42P01": "dropped meanwhile",
}
_LIMITS = select(*(func.set_config(name, to, True) for name, to in SETTINGS.items()))


class NotAnswered(TuxdbError):
    """The server would not answer one question: rights, time or a lock.

    The rest of a report goes on without it.
    """


class Catalogue:
    """Questions to the catalogue of one database, each a transaction of its own.

    The settings above belong to that transaction alone, so they hold behind a pooler
    too and leave nothing on a pooled connection.
    """

    def __init__(self, service: DatabaseService) -> None:
        self._service = service

    async def ask(self, query: str, **parameters: Any) -> Sequence[RowMapping]:  # noqa: ANN401
        """Run `queries/<query>.sql`."""
        return await self.run(_statement(query), parameters)

    async def run(
        self, statement: Executable, parameters: dict[str, Any] | None = None
    ) -> Sequence[RowMapping]:
        """Run one statement; raise NotAnswered where the server refuses it."""

        async def reading(session: AsyncSession) -> Sequence[RowMapping]:
            await session.execute(_LIMITS)
            try:
                rows = (await session.execute(statement, parameters)).mappings().all()
            except DBAPIError as error:
                reason = REFUSALS.get(sqlstate(error) or "")
                if reason is None:
                    raise
                raise NotAnswered(reason) from error
            # Nothing was written: a connection lost in a commit would leave no doubt.
            await session.rollback()
            return rows

        return await self._service.run_in_transaction(reading)


def relation(schema: str, name: str) -> TableClause:
    """A table of any database, by the exact names of the catalogue."""
    return table(quoted_name(name, quote=True), schema=quoted_name(schema, quote=True))


@cache
def _statement(query: str) -> TextClause:
    return text(files(__package__).joinpath("queries", f"{query}.sql").read_text())
