"""How long a cached row may be old, whatever happens to the connection."""

import os
import signal
import threading
import time

import asyncpg

from tests.harness.listening import (
    backend,
    cached_things,
    kill_backend,
    listening,
    staleness,
    until,
    version,
    write,
    write_elsewhere,
)
from tests.harness.proxy import Proxy
from tuxdb.engine.listener import LEASE_SECONDS
from tuxdb.urls import DatabaseUrl


async def test_a_write_elsewhere_ends_a_cached_entry_within_a_second(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    async with listening(url) as listener:
        read = cached_things(listener, other)
        assert await read(1) == 0

        new = await write(other, 1)

        assert await staleness(read, 1, new) < 1.0


async def test_no_stale_read_after_fifty_kills_between_write_and_read(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    async with listening(url) as listener:
        read = cached_things(listener, other)
        for turn in range(50):
            key = turn % 9 + 1
            await until(lambda: listener.listening)
            assert await read(key) == await version(other, key)

            await kill_backend(other)
            new = await write(other, key)

            assert await staleness(read, key, new) < LEASE_SECONDS


async def test_no_stale_read_after_the_network_was_cut(
    proxy: Proxy, other: asyncpg.Connection
) -> None:
    async with listening(proxy.url) as listener:
        read = cached_things(listener, other)
        for _ in range(10):
            await until(lambda: listener.listening)
            await read(1)

            proxy.cut_all()
            new = await write(other, 1)

            assert await staleness(read, 1, new) < LEASE_SECONDS


async def test_a_silent_network_is_noticed_within_two_seconds(
    proxy: Proxy, other: asyncpg.Connection
) -> None:
    async with listening(proxy.url) as listener:
        read = cached_things(listener, other)
        await read(1)

        proxy.freeze()
        new = await write(other, 1)

        assert 0.01 < await staleness(read, 1, new) < LEASE_SECONDS
        proxy.thaw()
        await until(lambda: listener.listening, seconds=12.0)


async def test_a_frozen_backend_is_noticed_within_two_seconds(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    async with listening(url) as listener:
        read = cached_things(listener, other)
        await read(1)
        pid = await backend(other)
        assert pid

        os.kill(pid, signal.SIGSTOP)
        try:
            new = await write(other, 1)
            assert await staleness(read, 1, new) < LEASE_SECONDS
        finally:
            os.kill(pid, signal.SIGCONT)


async def test_a_process_that_was_stopped_serves_nothing_old_when_it_goes_on(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    async with listening(url) as listener:
        read = cached_things(listener, other)
        await read(1)

        # Nothing of this loop runs meanwhile, as after SIGSTOP.
        elsewhere = threading.Thread(target=write_elsewhere, args=(url, 1))
        elsewhere.start()
        elsewhere.join()
        time.sleep(LEASE_SECONDS)  # noqa: ASYNC251

        assert await read(1) == 1
