"""A server that goes and comes back under a service that stays open."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.economy import ANN, BOB, GUILD, join
from tests.harness.servers import data_folder, server_of
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.migrate import upgrade

FIRST_OPERATION_SECONDS = 10.0


@pytest.fixture(scope="module")
def own(bindir: Path | None) -> Iterator[Cluster]:
    """A server of these tests' own, migrated."""
    with data_folder() as home:
        cluster = Cluster(home, bindir=bindir)
        asyncio.run(upgrade(cluster.ensure()))
        yield cluster


@pytest.fixture
async def service(own: Cluster) -> AsyncIterator[Database]:
    """A bot, as it were, that is at work when its server goes."""
    async with Database.open(own.ensure()) as db:
        if not await db.guild.exists():
            for user in (ANN, BOB):
                await join(db, user, 100)
        await asyncio.gather(*(first(db) for first in FIRSTS.values() for _ in "123"))
        yield db


async def read(db: Database) -> None:
    assert await db.guild.get_by_id(GUILD)


async def count(db: Database) -> None:
    assert await db.user.count() == 2


async def write(db: Database) -> None:
    assert await db.guild.update_by_id(GUILD, name="Tux")


async def transact(db: Database) -> None:
    async with db.transaction():
        await db.user.find_all()
        await db.guild.update_by_id(GUILD, name="Tux")


async def bulk(db: Database) -> None:
    assert await db.guild.bulk_update([{"id": GUILD, "name": "Tux"}]) == 1


async def transfer(db: Database) -> None:
    await db.points.transfer(GUILD, ANN, BOB, 1)
    await db.points.transfer(GUILD, BOB, ANN, 1)


async def cached(db: Database) -> None:
    assert await db.guild_config.get_cached_config(GUILD) is None


FIRSTS: dict[str, Callable[[Database], Awaitable[None]]] = {
    found.__name__: found
    for found in (read, count, write, transact, bulk, transfer, cached)
}


@pytest.mark.parametrize("first", FIRSTS)
async def test_the_first_operation_after_a_restart_succeeds(
    own: Cluster, service: Database, first: str
) -> None:
    await asyncio.to_thread(own.stop)
    await asyncio.to_thread(own.ensure)

    began = time.monotonic()
    await FIRSTS[first](service)

    assert time.monotonic() - began < FIRST_OPERATION_SECONDS


@pytest.mark.parametrize("first", FIRSTS)
async def test_the_first_operation_after_a_crash_succeeds(
    own: Cluster, service: Database, first: str
) -> None:
    os.kill(server_of(own.home), signal.SIGKILL)
    await asyncio.to_thread(own.ensure)

    began = time.monotonic()
    await FIRSTS[first](service)

    assert time.monotonic() - began < FIRST_OPERATION_SECONDS
