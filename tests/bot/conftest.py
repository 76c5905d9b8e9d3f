"""Fixtures: the bot between a database of the test's own and a double of Discord."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.harness.cached import Clock
from tuxdb.bot.double import DiscordDouble
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tests.bot.world import World
    from tuxdb.bot.expiry import Expiry


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    """Discord, with nobody in it but the bot and its owner."""
    async with DiscordDouble() as double:
        yield double


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Settings that `world` is to have; parametrize this name to give some."""
    return {}


@pytest.fixture
async def world(
    discord: DiscordDouble,
    settings: Settings,
    bot_changes: dict[str, Any],
    tmp_path: Path,
) -> AsyncIterator["World"]:
    """The whole bot, connected and with its commands registered, in one guild."""
    from tests.bot.world import World

    async with World.open(discord, settings, tmp_path, **bot_changes) as world:
        yield world


@pytest.fixture
async def looking(world: "World") -> "Expiry":
    """The expiry, at rest: tests say when it looks."""
    from tuxdb.bot.expiry import Expiry

    await world.life.expiry.stop()
    found = Expiry(world.bot)
    found.pending_seconds = 0.0
    return found


@pytest.fixture
def clock() -> Clock:
    """Seconds that pass when a test says so."""
    return Clock()


@pytest.fixture
def _addresses() -> Iterator[None]:
    """Have discord.py know Discord's own addresses again afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Route, "BASE", Route.BASE)
        gateway = DiscordWebSocket.DEFAULT_GATEWAY
        patch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
        yield
