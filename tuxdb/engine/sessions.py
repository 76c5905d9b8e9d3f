"""Sessions that know what became of their commit, and the end of what was opened."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.translate import is_lost_connection
from tuxdb.errors import OutcomeUnknown


class Session(AsyncSession):
    """An AsyncSession that tells a failed commit from one of unknown outcome."""

    async def commit(self) -> None:
        """Commit; raise OutcomeUnknown if the connection breaks meanwhile."""
        began = self.in_transaction()
        try:
            await super().commit()
        except (DBAPIError, OSError, asyncpg.InterfaceError) as error:
            if began and is_lost_connection(error):
                raise in_doubt() from error
            raise


def in_doubt() -> OutcomeUnknown:
    """The error for a change that the server may have made or not."""
    return OutcomeUnknown(
        "the connection broke while a change was under way: it may have been applied",
        hint="send it again with the same idempotency key, or look before repeating",
    )


async def ended(closing: Coroutine[Any, Any, None]) -> None:
    """Wait for something to close; it does so even if the caller is cancelled."""
    await asyncio.shield(asyncio.ensure_future(closing))
