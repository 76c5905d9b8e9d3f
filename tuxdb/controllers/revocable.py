"""A transaction that is kept only if somebody says so: previews and dry runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService


class Revocable:
    """What is done in a session, to be kept or not."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._kept = False

    def keep(self) -> None:
        """Have it committed at the end of the block."""
        self._kept = True

    @property
    def kept(self) -> bool:
        """Whether it is to be committed."""
        return self._kept


class _Revoked(Exception):
    """Leaves a transaction so that it is rolled back."""


@asynccontextmanager
async def revocable(db: DatabaseService) -> AsyncIterator[Revocable]:
    """Open a transaction, or a savepoint in one; it is rolled back unless kept."""
    try:
        async with db.transaction() as session:
            work = Revocable(session)
            yield work
            if not work.kept:
                raise _Revoked
    except _Revoked:
        return
