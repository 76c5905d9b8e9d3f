"""A sample bot, connected to the double."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.bot.double.sample import Sample
from tuxdb.bot.double import DiscordDouble, Guild, Member


@pytest.fixture
def guild(discord: DiscordDouble) -> Guild:
    """A guild with its founder, ann and ben."""
    return discord.guild("Somewhere", "flo", ["ann", "ben"])


@pytest.fixture
def ann(guild: Guild) -> Member:
    return next(member for member in guild.members.values() if member.name == "ann")


@pytest.fixture
def ben(guild: Guild) -> Member:
    return next(member for member in guild.members.values() if member.name == "ben")


@pytest.fixture
async def starting(
    discord: DiscordDouble, guild: Guild, _addresses: None
) -> AsyncIterator[Sample]:
    """The sample bot, logged in and about to connect."""
    async with Sample(discord) as bot:
        await bot.begin()
        bot.running = asyncio.create_task(bot.connect())
        yield bot
        await bot.close()
        await asyncio.wait([bot.running])


@pytest.fixture
async def client(starting: Sample) -> Sample:
    """The sample bot, ready."""
    await starting.until(starting.is_ready)
    return starting
