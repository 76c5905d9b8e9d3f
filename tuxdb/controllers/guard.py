"""The production marker: the database itself says what it is."""

import re
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import InvalidValue, Refused
from tuxdb.repositories.meta import ENVIRONMENT, MetaRepository

LOCAL = "a local socket"
UNPROTECTED = ""
"""What the marker holds once protection was taken away, so that this is recorded."""
LONGEST_NAME = 63
NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
RECORDED = {
    "table": "tuxdb_meta",
    "key": ["key"],
    "changed": [],
    "columns": ["key", "value", "actor", "updated_at"],
    "rows": 1,
    "forgotten": True,
}
"""The part of a change set that says it, and that no undo takes back."""


@dataclass(frozen=True)
class Protection:
    """What a database says of itself; `environment` None is unmarked.

    `server` is where the session really is, whatever the URL says.
    """

    database: str
    environment: str | None
    server: str = LOCAL

    @property
    def place(self) -> str:
        """`tux at 10.0.0.5:5432 [protected: production]`."""
        mark = f" [protected: {self.environment}]" if self.protected else ""
        return f"{self.database} at {self.server}{mark}"

    @property
    def protected(self) -> bool:
        """Whether the database is marked."""
        return self.environment is not None

    def refuse(self, what: str) -> None:
        """Refuse what is never done to a protected database."""
        if self.protected:
            raise Refused(
                f"{self.database} is protected ({self.environment}): {what} is refused",
                hint="tuxdb db unprotect, if it really is not in use",
            )

    def require_reason(self, reason: str | None) -> None:
        """Refuse a change of a protected database that says no reason."""
        if self.protected and not reason:
            raise Refused(
                f"{self.database} is protected ({self.environment}): say why",
                hint="--reason TEXT",
            )


class GuardController:
    """Marks databases, and tells whether one is marked."""

    repository = MetaRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def protection(self, session: AsyncSession | None = None) -> Protection:
        """What the database says of itself."""
        executor: Executor = session or self.db.current_session() or self.db.reads
        database, address, port = await self.repository.place(executor)
        marker = await self.repository.get(executor, ENVIRONMENT)
        server = f"{address}:{port}" if address else LOCAL
        return Protection(database, marker or None, server)

    async def protect(self, environment: str, author: Author) -> Protection:
        """Mark the database, from now on and for every client."""
        if not NAME.fullmatch(environment):
            problem = f"is not 1 to {LONGEST_NAME} letters, digits, - and _"
            raise InvalidValue("environment", f"{problem}, such as production")
        return await self._mark(environment, author)

    async def unprotect(self, author: Author) -> Protection:
        """Take the mark away; who did it, and why, stays recorded."""
        return await self._mark(UNPROTECTED, author)

    async def _mark(self, environment: str, author: Author) -> Protection:
        async def work(session: AsyncSession) -> Protection:
            before = await self.protection(session)
            if (before.environment or UNPROTECTED) == environment:
                return before
            actor = author.actor
            await self.repository.put(session, ENVIRONMENT, environment, actor)
            changeset = await begin(session, author)
            changeset.parts = [RECORDED]
            changeset.rows = 1
            return await self.protection(session)

        joined = self.db.current_session()
        if joined is not None:
            return await work(joined)
        return await self.db.run_in_transaction(work)
