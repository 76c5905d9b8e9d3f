"""How one database is reached: its address, its sessions' parameters, its pools."""

import asyncio
from functools import cached_property, partial
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tuxdb.engine.translate import unreachable
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

IDLE_IN_TRANSACTION_SECONDS = 60.0
CLIENT_CHECK_SECONDS = 2.0
STATEMENT_CACHE_SIZE = 500
STARTING_PAUSE_SECONDS = 0.1
EMBEDDED = "the embedded server"


class Connections:
    """Opens connections to the database that the settings name."""

    def __init__(self, settings: Settings, application_name: str) -> None:
        self.settings = settings
        self.application_name = application_name

    @cached_property
    def place(self) -> str:
        """Where the database is, for people; never its password."""
        url = self.settings.url
        return EMBEDDED if url is None else url.display()

    @property
    def pooled(self) -> bool:
        """Whether a pooler in transaction mode is between us and the server."""
        return self.settings.pooler == "transaction"

    async def address(self) -> DatabaseUrl:
        """Where to connect; starts the embedded server if that is the place."""
        settings = self.settings
        if settings.url is not None:
            return settings.url
        from tuxdb.engine.embedded import Cluster  # noqa: PLC0415 - only if needed

        cluster = Cluster(
            settings.home, bindir=settings.pg_bindir, idle_seconds=settings.server_idle
        )
        return DatabaseUrl.parse(await asyncio.to_thread(cluster.ensure))

    async def connect(self, *, read_only: bool = False, **options: Any) -> Driver:  # noqa: ANN401
        """Open a connection; wait for a server that is starting or stopping.

        Raises DatabaseUnavailable if nobody answers, and the driver's own errors.
        """
        url = await self.address()
        limit = self.settings.connect_timeout or None
        arguments: dict[str, Any] = {**url.connect_args(), "timeout": limit, **options}
        if self.pooled:
            arguments["statement_cache_size"] = 0
        else:
            arguments["server_settings"] = self._parameters(read_only=read_only)
        try:
            async with asyncio.timeout(limit):
                return await self._once_started(arguments)
        except OSError as error:
            raise unreachable(error, self.place) from error

    def engine(self, *, read_only: bool) -> AsyncEngine:
        """Make a pool; its connections are in autocommit mode, which is cheapest."""
        engine = create_async_engine(
            "postgresql+asyncpg://",
            connect_args={
                "async_creator_fn": partial(self.connect, read_only=read_only),
                "prepared_statement_cache_size": (
                    0 if self.pooled else STATEMENT_CACHE_SIZE
                ),
            },
            pool_size=self.settings.pool_size,
            max_overflow=0,
            pool_timeout=self.settings.pool_timeout,
            pool_use_lifo=True,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
        )
        event.listen(engine.sync_engine, "checkout", _refuse_closed)
        return engine

    async def _once_started(self, arguments: dict[str, Any]) -> Driver:
        while True:
            try:
                return await asyncpg.connect(**arguments)
            except asyncpg.CannotConnectNowError:
                await asyncio.sleep(STARTING_PAUSE_SECONDS)

    def _parameters(self, *, read_only: bool) -> dict[str, str]:
        """Session parameters; times in milliseconds, 0 is no limit."""
        settings = self.settings
        seconds = {
            "statement_timeout": settings.statement_timeout,
            "lock_timeout": settings.lock_timeout,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS,
            "client_connection_check_interval": CLIENT_CHECK_SECONDS,
        }
        return {
            "application_name": self.application_name,
            "timezone": "UTC",
            "default_transaction_read_only": "on" if read_only else "off",
            **{name: str(round(value * 1000)) for name, value in seconds.items()},
        }


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401
    """Have the pool replace its connections when the server has closed this one.

    Costs no round trip: asyncpg learns of it from the socket.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
