"""The production marker: the database itself says what it is."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import Refused
from tuxdb.models import Meta
from tuxdb.models.validation import validated
from tuxdb.repositories.meta import ENVIRONMENT, MetaRepository

UNPROTECTED = ""
"""What the marker holds once protection was taken away, so that this is recorded."""


@dataclass(frozen=True)
class Protection:
    """What a database says of itself; `environment` None is unmarked."""

    database: str
    environment: str | None

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
        database = await self.repository.database(executor)
        marker = await self.repository.get(executor, ENVIRONMENT)
        return Protection(database, marker or None)

    async def protect(self, environment: str, *, actor: str | None) -> Protection:
        """Mark the database, from now on and for every client."""
        name = validated(Meta, {"key": ENVIRONMENT, "value": environment})["value"]
        if not name.strip():
            raise Refused("an environment has a name, such as production")
        await self.repository.put(self.db.statements, ENVIRONMENT, name.strip(), actor)
        return await self.protection()

    async def unprotect(self, *, actor: str | None) -> Protection:
        """Take the mark away; who did it stays recorded."""
        await self.repository.put(self.db.statements, ENVIRONMENT, UNPROTECTED, actor)
        return await self.protection()
