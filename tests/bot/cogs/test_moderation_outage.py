"""Moderation while the database goes away, or keeps others waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bot.world import World
from tests.harness.proxy import Proxy
from tuxdb.bot.expiry import Expiry
from tuxdb.database import Database
from tuxdb.models import Case
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

BAN = "PUT /guilds/.*/bans"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here, with little patience for the database."""
    return {
        "bot_cogs": ("moderation",),
        "connect_timeout": 0.5,
        "pool_timeout": 0.5,
        "lock_timeout": 0.5,
    }


@pytest.fixture
async def proxy(database_url: str, tmp_path: Path) -> AsyncIterator[Proxy]:
    """What stands between the bot and its database."""
    proxy = Proxy(tmp_path, DatabaseUrl.parse(database_url))
    await proxy.serve()
    yield proxy
    await proxy.close()


@pytest.fixture
def settings(proxy: Proxy) -> Settings:
    """The database by way of the proxy."""
    return Settings(url=proxy.url)


@pytest.fixture
async def beside(database_url: str) -> AsyncIterator[Database]:
    """Another process, which has its own way to the database."""
    settings = Settings(url=DatabaseUrl.parse(database_url))
    async with Database.open(replace(settings, lock_timeout=10.0)) as db:
        yield db


async def cases(world: World, db: Database) -> list[Case]:
    return (await db.case.page(world.guild.id)).items


def vanish(proxy: Proxy) -> None:
    proxy.freeze()
    proxy.cut_all()


async def test_a_database_that_goes_while_discord_acts_leaves_the_case_pending(
    world: World, proxy: Proxy, beside: Database
) -> None:
    await world.life.expiry.stop()
    world.discord.faults.delay(0.5, on=BAN)
    running = world.discord.start(world.moderator, "ban", member=world.mallory)
    await asyncio.sleep(0.3)
    vanish(proxy)
    reply = await running.finished() or running

    assert "was banned" in running.text, reply
    assert "completed by itself" in running.text
    assert world.mallory.id in world.guild.bans
    (case,) = await cases(world, beside)
    assert case.is_pending

    proxy.thaw()
    looking = Expiry(world.bot)
    looking.pending_seconds = 0.0
    await looking.sweep()

    (case,) = await cases(world, beside)
    assert (case.is_active, case.is_pending) == (True, False)


async def test_a_database_that_is_away_keeps_discord_from_being_asked(
    world: World, proxy: Proxy, beside: Database
) -> None:
    vanish(proxy)

    reply = await world.discord.slash(world.moderator, "ban", member=world.mallory)

    assert reply.deferred_after is not None
    assert reply.deferred_after < 1.0
    assert "Nothing was changed" in reply.text
    assert world.guild.bans == {}
    assert await cases(world, beside) == []

    proxy.thaw()
    await world.discord.slash(world.moderator, "ban", member=world.mallory)
    assert world.mallory.id in world.guild.bans


async def test_a_case_that_is_locked_is_settled_later(
    world: World, beside: Database
) -> None:
    await world.life.expiry.stop()
    world.discord.faults.delay(0.4, on=BAN)
    running = world.discord.start(world.moderator, "ban", member=world.mallory)
    await asyncio.sleep(0.2)
    async with beside.transaction():
        assert await beside.case.close(world.guild.id, 1)
        await running.finished()

    assert "was banned" in running.text
    (case,) = await cases(world, beside)
    assert case.is_pending


async def test_the_acknowledgement_does_not_wait_for_a_lock(
    world: World, beside: Database
) -> None:
    await world.discord.slash(
        world.moderator, "warn", member=world.mallory, reason="one"
    )
    async with beside.transaction():
        await beside.guild.update_by_id(world.guild.id, name="Tuxland")
        reply = await world.discord.slash(
            world.moderator, "warn", member=world.mallory, reason="two"
        )

    assert reply.deferred_after is not None
    assert reply.deferred_after < 1.0
    assert "Nothing was changed" in reply.text or "case 2" in reply.text


async def test_a_stop_in_the_middle_leaves_what_the_next_process_settles(
    world: World, beside: Database
) -> None:
    world.discord.faults.delay(30.0, on=BAN)
    world.discord.start(world.moderator, "ban", member=world.mallory)
    await asyncio.sleep(0.4)

    await world.end()  # as SIGKILL would

    (case,) = await cases(world, beside)
    assert case.is_pending
    assert world.mallory.id not in world.guild.bans
