"""The one place that runs catalogue SQL: the files in `queries/`, read-only."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Executable,
    RowMapping,
    Select,
    TableClause,
    TextClause,
    func,
    literal,
    quoted_name,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import sqlstate
from tuxdb.errors import TuxdbError

Rows = Select[*tuple[Any, ...]]  # a SELECT of any columns

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
BATCH = 50

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

    async def each(self, statements: Sequence[Rows]) -> list[RowMapping | NotAnswered]:
        """Run statements of one row and the same columns each, many at a time."""
        answers: list[RowMapping | NotAnswered] = []
        for start in range(0, len(statements), BATCH):
            batch = statements[start : start + BATCH]
            try:
                answers += await self._together(batch)
            except NotAnswered as refusal:
                answers += [refusal] if len(batch) == 1 else await self._apart(batch)
        return answers

    async def _together(self, batch: Sequence[Rows]) -> list[RowMapping]:
        parts = [s.add_columns(literal(at).label("at")) for at, s in enumerate(batch)]
        rows = await self.run(union_all(*parts))
        return sorted(rows, key=itemgetter("at"))

    async def _apart(self, batch: Sequence[Rows]) -> list[RowMapping | NotAnswered]:
        return [answer for one in batch for answer in await self.each([one])]


def relation(schema: str, name: str) -> TableClause:
    """A table of any database, by the exact names of the catalogue."""
    return table(quoted_name(name, quote=True), schema=quoted_name(schema, quote=True))


@cache
def _statement(query: str) -> TextClause:
    return text(files(__package__).joinpath("queries", f"{query}.sql").read_text())
