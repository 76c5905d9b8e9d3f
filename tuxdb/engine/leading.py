"""One process among several that share a database does what only one may do.

The lock is held by an open transaction, not by a session: so it works through a
pooler in transaction mode, and whoever dies lets go of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from tuxdb.engine.service import DatabaseService

TUXDB = 0x74757864
"""First half of each key; 1, the second half of the migrations', is not used here."""
TASKS = {"expiry": 11, "sync": 12, "identify": 13}
PARTS = 100


class Lead:
    """The right to act, until the block ends or the connection breaks."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def confirm(self) -> None:
        """Raise DatabaseUnavailable if the lock may be somebody else's by now.

        To be asked before each step: within a transaction the lock lives as long as
        the connection, so an answer on it proves that it is still held.
        """
        await self._session.scalar(select(literal(1)))


@asynccontextmanager
async def leading(
    db: "DatabaseService", task: str, part: int = 0
) -> AsyncIterator[Lead | None]:
    """Lead a task, or one part of it, for the block; None if another process does.

    A connection of the pool is kept meanwhile, and the server ends a transaction in
    which nothing is said for a minute.
    """
    async with db.session() as session:
        number = TASKS[task] + PARTS * part
        key = func.pg_try_advisory_xact_lock(TUXDB, number)
        yield Lead(session) if await session.scalar(select(key)) else None
