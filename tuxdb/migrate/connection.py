"""Connections of migrations: their own, direct, and opened without SQLAlchemy."""

import asyncio
import getpass
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

Target = Settings | DatabaseUrl | str | None

APPLICATION = "tuxdb migrate"
EMBEDDED = "the embedded server"
IDLE_IN_TRANSACTION_SECONDS = 300
CLIENT_CHECK_SECONDS = 2
SESSION = {
    "application_name": APPLICATION,
    "timezone": "UTC",
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
    "client_connection_check_interval": f"{CLIENT_CHECK_SECONDS}s",
    # the key goes with the session, so the server has to notice a lost client
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


def settings_of(target: Target) -> Settings:
    """The settings that a program or a test means."""
    if isinstance(target, Settings):
        return target
    if target is None:
        return Settings.load()
    url = DatabaseUrl.parse(target) if isinstance(target, str) else target
    return Settings(url=url)


def place_of(settings: Settings) -> str:
    """Where the database is, for people."""
    return EMBEDDED if settings.url is None else settings.url.display()


def project_root(settings: Settings) -> Path | None:
    """The folder of another bot, whose modules its revisions may import."""
    return settings.root if settings.migrations else None


def actor_of(settings: Settings) -> str:
    """Who is named beside what was applied."""
    return settings.actor or f"{getpass.getuser()}@{socket.gethostname()}"


async def address(settings: Settings) -> DatabaseUrl:
    """Where to connect; starts the embedded server if that is the place."""
    if settings.url is not None:
        return settings.url
    from tuxdb.engine.embedded import Cluster  # noqa: PLC0415 - only where it is used

    cluster = Cluster(
        settings.home, bindir=settings.pg_bindir, idle_seconds=settings.server_idle
    )
    return DatabaseUrl.parse(await asyncio.to_thread(cluster.ensure))


async def connect(settings: Settings, url: DatabaseUrl, **session: str) -> "Connection":
    """Open a connection; raises the driver's own errors."""
    arguments: dict[str, Any] = {
        **url.connect_args(),
        "timeout": settings.connect_timeout or None,
    }
    if settings.pooler == "transaction":
        arguments["statement_cache_size"] = 0
    else:
        arguments["server_settings"] = {**SESSION, **session}
    return await asyncpg.connect(**arguments)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator["Connection"]:
    """Open a connection for the block; driver errors leave it translated."""
    with driver_errors(place_of(settings)):
        connection = await connect(settings, await address(settings))
        try:
            yield connection
        finally:
            await asyncio.shield(asyncio.ensure_future(_close(connection)))


@contextmanager
def driver_errors(place: str) -> Iterator[None]:
    """Raise what the driver raises in the block as a TuxdbError."""
    try:
        yield
    except OSError as error:
        # SQLAlchemy loads only now that something failed
        from tuxdb.engine.translate import unreachable  # noqa: PLC0415

        raise unreachable(error, place) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        from tuxdb.engine.translate import translated  # noqa: PLC0415

        with translated(place):
            raise


def refuse_pooler(settings: Settings) -> None:
    """Refuse to migrate where the key would not belong to this session."""
    if settings.pooler == "transaction":
        raise ConfigurationError(
            "migrations need a direct connection: the key is a lock of the session, "
            "which a pooler in transaction mode gives to others",
            hint='the server\'s own address in --url, and pooler = "none"',
        )


async def _close(connection: "Connection") -> None:
    try:
        await connection.close(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
