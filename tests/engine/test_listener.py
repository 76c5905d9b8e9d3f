"""The listener: what it hears, that it comes back, and that it ends."""

import asyncio
import logging
import random
import time
from pathlib import Path

import asyncpg
import pytest

from tests.harness.listening import (
    OWN_NAME,
    at,
    backend,
    kill_backend,
    listening,
    until,
    write,
)
from tests.harness.proxy import Proxy
from tuxdb.engine.cache import TtlOnly
from tuxdb.engine.listener import ANSWER_SECONDS, PROBE_SECONDS, Listener, change_feed
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


async def test_a_notification_is_reported_as_table_and_key(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    heard: list[tuple[str, str]] = []
    async with listening(url) as listener:
        listener.subscribe(lambda *change: heard.append(change), lambda: None)

        await write(other, 3)

        assert await until(lambda: bool(heard)) < 1.0
        assert heard == [("things", "3")]


async def test_a_write_that_is_rolled_back_is_not_reported(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    heard: list[str] = []
    async with listening(url) as listener:
        listener.subscribe(lambda _, key: heard.append(key), lambda: None)
        rollback = other.transaction()
        await rollback.start()
        await write(other, 1)
        await rollback.rollback()

        await write(other, 2)

        await until(lambda: bool(heard))
        assert heard == ["2"]


async def test_the_first_start_returns_when_changes_are_heard(
    url: DatabaseUrl,
) -> None:
    listener = Listener(at(url))
    states = [listener.listening]

    await listener.start()
    states.append(listener.listening)
    await listener.stop()
    states.append(listener.listening)

    assert states == [False, True, False]


async def test_many_first_users_make_one_connection(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    listener = Listener(at(url), application_name=OWN_NAME)

    await asyncio.gather(*(listener.start() for _ in range(20)))

    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"
    assert await other.fetchval(count, OWN_NAME) == 1
    await listener.stop()


async def test_a_killed_backend_is_noticed_at_once_and_replaced(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    losses: list[float] = []
    async with listening(url) as listener:
        listener.subscribe(lambda *_: None, lambda: losses.append(time.monotonic()))

        await kill_backend(other)

        assert await until(lambda: bool(losses)) < 0.2
        assert not listener.listening
        assert await until(lambda: listener.listening) < 1.0
        assert len(losses) == 1


async def test_a_failing_callback_is_logged_and_stops_nothing(
    url: DatabaseUrl,
    other: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []

    def fail(*_: str) -> None:
        raise RuntimeError("this subscriber is broken")

    async with listening(url) as listener:
        listener.subscribe(fail, fail)
        listener.subscribe(lambda _, key: heard.append(key), lambda: heard.append("-"))

        await write(other, 1)
        await until(lambda: heard == ["1"])
        await kill_backend(other)
        await until(lambda: heard == ["1", "-"])
        await until(lambda: listener.listening)
        await write(other, 2)
        await until(lambda: heard == ["1", "-", "2"])

    assert caplog.text.count("this subscriber is broken") >= 3


async def test_an_unreachable_server_is_one_warning_without_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    url = DatabaseUrl.parse(f"postgresql://tux:hunter2@/tux?host={tmp_path}")

    async with listening(url) as listener:
        await asyncio.sleep(0.5)
        assert not listener.listening

    assert len(caplog.records) == 1
    assert "hunter2" not in caplog.text


async def test_a_server_that_does_not_answer_holds_nobody_up(
    proxy: Proxy,
) -> None:
    proxy.freeze()
    began = time.monotonic()

    async with listening(proxy.url) as listener:
        assert time.monotonic() < began + 1.5
        began = time.monotonic()
        await listener.start()
        assert time.monotonic() < began + 0.1


async def test_stopping_does_not_wait_for_a_server_that_does_not_answer(
    proxy: Proxy,
) -> None:
    async with listening(proxy.url):
        proxy.freeze()
        await asyncio.sleep(PROBE_SECONDS + 0.1)  # a query is under way
        began = time.monotonic()

    assert time.monotonic() < began + ANSWER_SECONDS + 0.5
    proxy.thaw()


async def test_a_pooler_nobody_told_us_of_is_not_trusted(
    proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.announces_another_backend = True  # as PgBouncer does at login

    async with listening(proxy.url) as listener:
        assert not listener.listening

    assert "a connection pooler is between" in caplog.text


async def test_start_and_stop_at_any_moment_leave_nothing_behind(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    for _ in range(60):
        listener = Listener(at(url), application_name=OWN_NAME)
        starting = asyncio.create_task(listener.start())
        await asyncio.sleep(random.uniform(0, 0.02))
        await listener.stop()
        await asyncio.wait_for(starting, 1.0)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    await asyncio.sleep(0.1)
    assert await backend(other) is None


async def test_a_cancelled_stop_still_stops(
    url: DatabaseUrl, other: asyncpg.Connection
) -> None:
    listener = Listener(at(url), application_name=OWN_NAME)
    await listener.start()
    stopping = asyncio.create_task(listener.stop())
    await asyncio.sleep(0)
    stopping.cancel()

    await asyncio.sleep(0.2)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await backend(other) is None


def test_a_loop_that_ends_without_stop_leaves_no_connection(
    url: DatabaseUrl,
) -> None:
    listener = Listener(at(url), application_name=OWN_NAME)

    async def count() -> int | None:
        connection = await asyncpg.connect(**url.connect_args())
        try:
            return await backend(connection)
        finally:
            await connection.close()

    asyncio.run(listener.start())
    time.sleep(0.1)

    assert asyncio.run(count()) is None
    assert not listener.listening


def test_a_listener_serves_one_loop_after_another(url: DatabaseUrl) -> None:
    listener = Listener(at(url))

    async def use() -> bool:
        await listener.start()
        return listener.listening

    assert asyncio.run(use())
    assert asyncio.run(use())


@pytest.mark.parametrize("flags", [{"pooler": "transaction"}, {"cache_listen": "off"}])
def test_nothing_listens_behind_a_transaction_pooler_or_when_told_not_to(
    flags: dict[str, str], tmp_path: Path
) -> None:
    settings = Settings.load(flags, environ={}, cwd=tmp_path)

    feed = change_feed(settings, at(DatabaseUrl.parse("postgresql://tux@db/tux")))

    assert isinstance(feed, TtlOnly)
