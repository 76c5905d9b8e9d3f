"""Counters: every message is counted, and none twice, whatever goes wrong."""

import asyncio
from pathlib import Path

import pytest

from tests.harness.counters import (
    LONG,
    NOON,
    SOON,
    begin,
    chatter,
    there,
    total,
    until,
)
from tests.harness.wire import (
    EXECUTE,
    Strike,
    Wire,
    cut_at_once,
    deliver_late,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.bot import counters as module
from tuxdb.bot.counters import Counters
from tuxdb.bot.spool import Spool
from tuxdb.database import Database
from tuxdb.models import User


async def test_counts_are_written_now_and_then(db: Database, folder: Path) -> None:
    counters = Counters(db, folder, SOON)
    counters.start()

    for round_ in range(3):
        chatter(counters, 100)
        await until(lambda: counters.pending == 0)
        assert counters.flushed == 100 * (round_ + 1)

    assert await total(db) == 300
    assert counters.flush_age_seconds < 5
    await counters.stop()
    assert Spool(folder).files() == []


async def test_three_hundred_messages_then_stop_are_all_counted(
    db: Database, folder: Path
) -> None:
    counters = Counters(db, folder, LONG)
    counters.start()
    chatter(counters, 300)

    await counters.stop()

    assert await total(db) == 300
    user = (await db.user.find_all(User.discord_id == 3))[0]
    assert user.username == "user3"
    assert user.last_active is not None
    assert user.last_active > NOON


async def test_stopped_again_it_writes_what_came_since(
    db: Database, folder: Path
) -> None:
    counters = Counters(db, folder, LONG)
    counters.start()
    chatter(counters, 10)
    await counters.stop()
    chatter(counters, 7)
    await counters.stop()

    assert await total(db) == 17


async def test_a_full_tally_is_not_waited_for(
    db: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FULL_KEYS", 10)
    counters = Counters(db, folder, LONG)
    counters.start()
    await asyncio.sleep(0.05)
    for user in range(1, 26):
        counters.add(1, user, "x", NOON)

    await until(lambda: counters.flushed == 25)
    await counters.stop()


@pytest.mark.parametrize(
    "strike",
    [lose_the_answer, lose_the_request, cut_at_once, deliver_late(0.1)],
    ids=["answer lost", "request lost", "cut", "delivered late"],
)
async def test_a_lost_answer_counts_once(
    db: Database, distant: Database, wire: Wire, folder: Path, strike: Strike
) -> None:
    counters = Counters(distant, folder, SOON)
    await begin(counters)
    wire.strike_at(EXECUTE, strike)
    chatter(counters, 50)
    await wire.struck.wait()
    chatter(counters, 30)
    await until(lambda: counters.pending == 0)
    await wire.over.wait()
    await counters.stop()

    assert await total(db) == 82


async def test_messages_go_on_being_counted_while_the_database_is_away(
    db: Database, distant: Database, wire: Wire, folder: Path
) -> None:
    counters = Counters(distant, folder, SOON)
    counters.start()
    wire.go_down()
    for number in range(20):
        chatter(counters, 10, seed=number)
        await asyncio.sleep(0.01)
    await until(lambda: counters.failures > 2)
    assert counters.pending == 200

    await wire.come_up()
    await until(lambda: counters.pending == 0)
    await counters.stop()

    assert counters.failures == 0
    assert await total(db) == 200


async def test_a_frozen_server_does_not_hold_up_the_end(
    db: Database, distant: Database, wire: Wire, folder: Path
) -> None:
    counters = Counters(distant, folder, SOON)
    await begin(counters)
    wire.freeze()
    chatter(counters, 20)
    await asyncio.sleep(0.1)

    async with asyncio.timeout(10):
        await counters.stop()
    wire.thaw()
    later = Counters(db, folder, LONG)
    later.start()
    await until(lambda: not there(folder))
    await later.stop()

    assert await total(db) == 22


async def test_memory_is_bounded_the_oldest_guilds_go_to_disk(
    db: Database,
    distant: Database,
    wire: Wire,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "FULL_KEYS", 20)
    monkeypatch.setattr(module, "MOST_KEYS", 100)
    counters = Counters(distant, folder, SOON)
    wire.go_down()
    counters.start()
    counters.add(1, 6, "cid", NOON)
    await until(lambda: counters.failures > 0)
    for guild in range(1, 201):
        counters.add(guild, 7, "ann", NOON)
        counters.add(guild, 8, "bob", NOON)
        await asyncio.sleep(0.001)
    await until(lambda: counters.keys < 100)
    first = [Spool(folder).load(path)[0] for path in Spool(folder).files()]
    assert {c.guild_id for c in first[0].counts} <= set(range(1, 25))

    await wire.come_up()
    await until(lambda: counters.pending == 0 and not there(folder))
    await counters.stop()

    assert await total(db) == 401
