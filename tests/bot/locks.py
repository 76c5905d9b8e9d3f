"""Somebody else's transaction, which holds what the bot needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.harness.members import raw
from tuxdb.engine.service import DatabaseService


@asynccontextmanager
async def users_locked(db: DatabaseService) -> AsyncIterator[None]:
    """Hold locks on the rows of all users."""
    connection = await raw(db)
    try:
        async with connection.transaction():
            await connection.execute("SELECT id FROM users ORDER BY id FOR UPDATE")
            yield
    finally:
        await connection.close()
