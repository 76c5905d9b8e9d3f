"""A SQLAlchemy connection of its own for revisions, and for comparing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tuxdb.engine.translate import translated
from tuxdb.migrate.connection import address, connect, place_of
from tuxdb.settings import Settings


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[AsyncConnection]:
    """Open a connection that is in no transaction, for the block.

    Errors of SQLAlchemy and of the driver leave it as tuxdb's own.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            "async_creator_fn": partial(connect, settings, await address(settings))
        },
        poolclass=NullPool,
        hide_parameters=True,
    )
    with translated(place_of(settings)):
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()
