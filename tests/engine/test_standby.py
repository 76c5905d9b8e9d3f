"""A standby: reads work, writes are refused at once, nothing is tried for ever."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.harness.economy import ANN, BOB, GUILD, join
from tests.harness.servers import data_folder
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.engine.translate import ReadOnlyDatabase
from tuxdb.errors import ExitCode
from tuxdb.migrate import upgrade

AT_ONCE_SECONDS = 5.0


@pytest.fixture(scope="module")
def standby(bindir: Path | None) -> Iterator[str]:
    """The URL of a server in recovery: a copy of one that has two users."""
    with data_folder() as home, data_folder() as other:
        primary = Cluster(home, bindir=bindir)
        asyncio.run(fill(primary.ensure()))
        primary.stop()
        subprocess.run(["cp", "-a", home, other], check=True)
        copy = Cluster(other, bindir=bindir)
        # any file of that name makes it one; this has the right owner and mode
        sign = [copy.data / "PG_VERSION", copy.data / "standby.signal"]
        subprocess.run(["cp", "-a", *sign], check=True)
        yield copy.ensure()


async def fill(url: str) -> None:
    await upgrade(url)
    async with Database.open(url) as db:
        await join(db, ANN, 100)
        await join(db, BOB)
        await db.guild_config.create(guild_id=GUILD)


@pytest.fixture
async def db(standby: str) -> AsyncIterator[Database]:
    async with Database.open(standby) as db:
        yield db


async def test_reads_work(db: Database) -> None:
    ann = await db.user.require_member(GUILD, ANN)

    assert await db.user.get_by_id(ann.id) == ann
    assert await db.user.count() == 2
    assert len((await db.user.page_after(limit=1)).items) == 1
    assert (await db.points.leaderboard(GUILD)).items[0].points == 100
    assert (await db.points.verify()).mismatches == []
    async with db.transaction():
        assert len(await db.user.find_all()) == 2


async def test_cached_reads_work_without_notifications(db: Database) -> None:
    for _ in range(2):
        config = await db.guild_config.get_cached_config(GUILD)
        assert config is not None


WRITES: dict[str, Callable[[Database], Awaitable[object]]] = {
    "create": lambda db: db.guild.create(id=5),
    "update": lambda db: db.guild.update_by_id(GUILD, name="x"),
    "delete": lambda db: db.guild.delete_by_id(GUILD),
    "bulk": lambda db: db.guild.bulk_create([{"id": 5}]),
    "transfer": lambda db: db.points.transfer(GUILD, ANN, BOB, 1),
    "grant": lambda db: db.points.grant(GUILD, ANN, 1),
    "guide": lambda db: db.user.transfer_points(1, 2, 1),
    "case": lambda db: db.case.create(guild_id=GUILD, user_id=1, case_type="warn"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_writes_are_refused_in_one_line(db: Database, write: str) -> None:
    began = time.monotonic()

    with pytest.raises(ReadOnlyDatabase) as error:
        await WRITES[write](db)

    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert str(error.value).endswith("is read-only: a standby, or a reading session")
    assert "\n" not in str(error.value)
    assert error.value.exit_code == ExitCode.REFUSED
