"""What is known of a person, over all guilds and tables."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.errors import NotFound
from tuxdb.repositories.people import PeopleRepository

AT_ONCE = 1000

Rows = tuple[str, list[dict[str, Any]]]
"""The name of a table, and some of its rows."""


class PeopleController:
    """Tells what is known of a person."""

    repository = PeopleRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def export(
        self, discord_id: int, guild_id: int | None = None
    ) -> AsyncIterator[Rows]:
        """Every row about a person, table by table, as of one instant.

        Each table comes, if only without rows. NotFound if all of them are empty.
        """
        empty: list[Rows] = []
        found = False
        async with self.db.snapshot() as session:
            person = await self.repository.find(session, discord_id, guild_id)
            known = [*self.repository.known(person), self.repository.entries(person)]
            for table, condition in sorted(known, key=lambda pair: pair[0].name):
                empty.append((table.name, []))
                async for rows in self._rows(session, table, condition):
                    for start in empty:
                        yield start
                    empty, found = [], True
                    yield table.name, rows
            if not found:
                where = "anywhere" if guild_id is None else f"in guild {guild_id}"
                raise NotFound("user", f"{discord_id} {where}")
            for start in empty:
                yield start

    async def _rows(
        self, session: AsyncSession, table: Table, condition: ColumnElement[bool]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        (key,) = table.primary_key.columns
        last: int | None = None
        while rows := await self.repository.rows(
            session, table, condition, last, AT_ONCE
        ):
            yield [dict(row._mapping) for row in rows]
            last = rows[-1]._mapping[key.name]
