"""A cache that follows a feed of changes: reports, losses, and not listening yet."""

import asyncio

import pytest

from tests.harness.cached import Feed, Reader, settle
from tuxdb.engine.cache import JOIN_SECONDS


async def test_until_the_feed_listens_nothing_is_kept(read: Reader, feed: Feed) -> None:
    await read(1)
    await read(1)

    assert read.source.loads == [1, 1]
    assert feed.starts == 2
    assert len(read.cache) == 0


async def test_misses_at_once_share_a_load_also_while_nothing_listens(
    read: Reader, feed: Feed
) -> None:
    await asyncio.gather(*(read(1) for _ in range(100)))

    assert read.source.loads == [1]


async def test_while_nothing_listens_nobody_joins_an_old_load(
    read: Reader, feed: Feed
) -> None:
    read.source.gate.clear()
    hanging = read.begin(1)
    await settle()

    read.clock.now = JOIN_SECONDS
    later = read.begin(1)
    await settle()
    read.source.gate.set()
    await asyncio.gather(hanging, later)

    assert read.source.loads == [1, 1]


async def test_a_load_begun_before_the_feed_listened_is_not_joined_late_either(
    read: Reader, feed: Feed
) -> None:
    read.source.gate.clear()
    hanging = read.begin(1)
    await settle()

    feed.connect()
    read.clock.now = JOIN_SECONDS
    later = read.begin(1)
    await settle()
    read.source.gate.set()
    await asyncio.gather(hanging, later)

    assert read.source.loads == [1, 1]


async def test_a_load_begun_before_the_feed_listened_is_not_kept(
    read: Reader, feed: Feed
) -> None:
    read.source.gate.clear()
    early = read.begin(1)
    await settle()
    feed.connect()
    read.source.gate.set()
    await early

    await read(1)
    await read(1)

    assert read.source.loads == [1, 1]


async def test_a_reported_change_ends_the_entry_of_its_key(
    read: Reader, feed: Feed
) -> None:
    feed.connect()
    await read(1)
    await read(2)

    feed.on_change("guild_configs", "1")
    feed.on_change("another_table", "2")

    await read(1)
    await read(2)
    assert read.source.loads == [1, 2, 1]


@pytest.mark.parametrize("key", ["", "*", "one", "1:2"])
async def test_a_report_without_a_readable_key_ends_every_entry(
    read: Reader, feed: Feed, key: str
) -> None:
    feed.connect()
    await read(1)

    feed.on_change("guild_configs", key)

    assert len(read.cache) == 0


async def test_the_loss_of_the_feed_ends_every_entry(read: Reader, feed: Feed) -> None:
    feed.connect()
    await read(1)

    feed.lose()
    feed.connect()

    await read(1)
    assert read.source.loads == [1, 1]


async def test_a_load_during_which_the_feed_was_lost_is_not_kept(
    read: Reader, feed: Feed
) -> None:
    feed.connect()
    read.source.gate.clear()
    caller = read.begin(1)
    await settle()
    feed.lose()
    feed.connect()
    read.source.gate.set()
    await caller

    assert len(read.cache) == 0


async def test_nothing_is_served_after_the_lease_until_it_is_renewed(
    read: Reader, feed: Feed
) -> None:
    feed.listening_until = 2.0
    await read(1)

    read.clock.now = 2.0
    await read(1)
    assert read.source.loads == [1, 1]

    feed.listening_until = 4.0
    await read(1)
    await read(1)
    assert read.source.loads == [1, 1]
