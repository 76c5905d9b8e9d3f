"""Spacing of IDENTIFY among the processes of a bot."""

import asyncio
import time
from itertools import pairwise

from tuxdb.bot.identify import Identify
from tuxdb.database import Database
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

SPACING = 0.3


async def test_shards_of_two_processes_take_turns(settings: Settings) -> None:
    async with Database.open(settings) as one, Database.open(settings) as other:
        times: list[float] = []

        async def identify(turns: Identify, shard: int) -> None:
            await turns.turn(shard)
            times.append(time.monotonic())

        processes = [Identify(db, spacing_seconds=SPACING) for db in (one, other)]
        await asyncio.gather(
            *(identify(processes[shard % 2], shard) for shard in range(4))
        )
        for process in processes:
            await process.stop()

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= SPACING


async def test_buckets_do_not_wait_for_each_other(db: Database) -> None:
    turns = Identify(db, spacing_seconds=30)
    turns.concurrency = 4

    async with asyncio.timeout(10):
        await asyncio.gather(*(turns.turn(shard) for shard in range(4)))

    await turns.stop()


async def test_without_a_database_a_process_minds_itself() -> None:
    nowhere = Settings(url=DatabaseUrl.parse("postgresql://bot@127.0.0.1:9/tux"))
    async with Database.open(nowhere) as db:
        turns = Identify(db, spacing_seconds=SPACING)
        began = time.monotonic()

        await turns.turn(0)
        await turns.turn(1)

        assert time.monotonic() - began >= SPACING
        await turns.stop()


async def test_a_stop_lets_go_of_the_lock(settings: Settings, db: Database) -> None:
    async with Database.open(settings) as other:
        first = Identify(db, spacing_seconds=30)
        await first.turn(0)
        await first.stop()

        async with asyncio.timeout(5):
            second = Identify(other, spacing_seconds=30)
            await second.turn(0)

        await second.stop()
