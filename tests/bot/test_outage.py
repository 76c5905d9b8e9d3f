"""The database goes away and comes back, under a bot that nobody restarts."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from tests.bot.process import running, until
from tuxdb.bot.double import DiscordDouble, Reply
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.migrate import upgrade
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

AWAY_SECONDS = 20.0
COGS = ("--cogs", "points,status,activity")


@pytest.fixture
async def own_cluster(home: Path, bindir: Path | None) -> AsyncIterator[Cluster]:
    """A server that the test may stop."""
    cluster = Cluster(home, bindir=bindir)
    yield cluster
    await asyncio.to_thread(cluster.stop)


async def test_a_database_that_comes_back_is_used_again(
    discord: DiscordDouble, own_cluster: Cluster, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(own_cluster.ensure)
    settings = Settings(url=DatabaseUrl.parse(url))
    await upgrade(settings)
    guild = discord.guild("Tuxland", "olga", ["alice"])
    alice = next(m for m in guild.members.values() if m.name == "alice")

    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        assert (await discord.slash(alice, "points balance")).error is None
        await asyncio.to_thread(own_cluster.stop)
        waits = []
        end = time.monotonic() + AWAY_SECONDS
        while time.monotonic() < end:
            reply = await discord.slash(alice, "points balance")
            discord.say(alice, "is anybody there?")
            await until(partial(_has_text, reply), 5, bot)
            assert reply.ephemeral
            assert "not reachable" in reply.content, bot.text
            waits.append(reply.deferred_after)
            await asyncio.sleep(0.5)
        shown = discord.gateway.presences[-1]
        await asyncio.to_thread(own_cluster.start)
        await bot.until("the database is back", 10)
        back = await discord.slash(alice, "points balance")
        assert "not reachable" not in back.content
        bot.signal()
        assert await bot.end(15) == 0

    assert all(wait is not None and wait < 1 for wait in waits)
    assert shown["activities"][0]["state"] == "database unavailable"
    assert discord.gateway.presences[-1]["activities"] == []
    assert "Traceback" not in bot.text


async def test_what_was_counted_meanwhile_waits_on_disk(
    discord: DiscordDouble, own_cluster: Cluster, tmp_path: Path
) -> None:
    url = await asyncio.to_thread(own_cluster.ensure)
    settings = Settings(url=DatabaseUrl.parse(url))
    await upgrade(settings)
    guild = discord.guild("Tuxland", "olga", ["alice"])
    alice = next(m for m in guild.members.values() if m.name == "alice")

    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        await asyncio.to_thread(own_cluster.stop)
        for number in range(50):
            discord.say(alice, f"message {number}")
        bot.signal()
        assert await bot.end(20) == 0
    spooled = list((tmp_path / "spool").iterdir())
    assert [path.stat().st_mode & 0o777 for path in spooled] == [0o600]

    await asyncio.to_thread(own_cluster.start)
    async with running(discord, settings, tmp_path, *COGS) as bot:
        await bot.until("ready: 1 servers")
        await until(lambda: not list((tmp_path / "spool").iterdir()), 20, bot)
        bot.signal()
        assert await bot.end(20) == 0
    async with Database.open(settings) as db:
        found = await db.activity.member(guild.id, alice.id)
    assert found.message_count == 50


def _has_text(reply: Reply) -> bool:
    return reply.text != ""
