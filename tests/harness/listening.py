"""A listener at work, and another process that writes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from tuxdb.engine.cache import Cache
from tuxdb.engine.listener import Address, Listener
from tuxdb.urls import DatabaseUrl

OWN_NAME = "tuxdb cache under test"


def at(url: DatabaseUrl) -> Address:
    async def address() -> DatabaseUrl:
        return url

    return address


@asynccontextmanager
async def listening(url: DatabaseUrl) -> AsyncIterator[Listener]:
    listener = Listener(at(url), application_name=OWN_NAME)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait for a condition; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds, "it did not happen"
        await asyncio.sleep(0.002)
    return time.monotonic() - began


async def backend(other: asyncpg.Connection) -> int | None:
    """The listener's server process."""
    pid: int | None = await other.fetchval(
        "SELECT pid FROM pg_stat_activity WHERE application_name = $1", OWN_NAME
    )
    return pid


async def kill_backend(other: asyncpg.Connection) -> None:
    pid = await backend(other)
    assert await other.fetchval("SELECT pg_terminate_backend($1)", pid)


async def version(other: asyncpg.Connection, key: int) -> int:
    found: int = await other.fetchval("SELECT version FROM things WHERE id = $1", key)
    return found


async def write(other: asyncpg.Connection, key: int) -> int:
    new: int = await other.fetchval(
        "UPDATE things SET version = version + 1 WHERE id = $1 RETURNING version", key
    )
    return new


def write_elsewhere(url: DatabaseUrl, key: int) -> None:
    async def connect_and_write() -> None:
        connection = await asyncpg.connect(**url.connect_args())
        await write(connection, key)
        await connection.close()

    asyncio.run(connect_and_write())


def cached_things(
    listener: Listener, other: asyncpg.Connection
) -> Callable[[int], Awaitable[int | None]]:
    cache: Cache[int, int] = Cache(int)
    cache.follow(listener, "things", int)
    return lambda key: cache.get(key, lambda: version(other, key))


async def staleness(
    read: Callable[[int], Awaitable[int | None]], key: int, wanted: int
) -> float:
    """How long after now an old value was still served."""
    began = last_stale = time.monotonic()
    while time.monotonic() < began + 0.05 or last_stale > time.monotonic() - 0.05:
        if await read(key) != wanted:
            last_stale = time.monotonic()
        assert time.monotonic() < began + 5, "the old value stays"
        await asyncio.sleep(0.002)
    return last_stale - began
