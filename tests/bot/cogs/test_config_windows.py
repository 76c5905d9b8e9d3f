"""The window of `/config set`, in which a value is typed."""

from typing import Any

import pytest

from tests.bot.cogs.test_config import config_of, set_key
from tests.bot.world import World
from tuxdb.bot.breaker import FAILURES


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("config",)}


async def test_without_a_value_a_window_opens_with_the_present_one(
    world: World,
) -> None:
    await set_key(world, "points.daily_send", "500")
    opened = await world.discord.slash(world.manager, "config set", key="settings")
    assert opened.modal is not None
    assert "daily_send" in str(opened.modal)

    reply = await world.discord.submit(
        world.manager, opened, value='{"points": {"daily_send": 600}, "motd": "hi"}'
    )

    assert '+    "daily_send": 600' in reply.text
    assert '-    "daily_send": 500' in reply.text
    assert (await config_of(world)).settings["motd"] == "hi"


async def test_what_is_wrong_in_a_window_is_said_like_elsewhere(world: World) -> None:
    opened = await world.discord.slash(world.manager, "config set", key="settings")

    reply = await world.discord.submit(world.manager, opened, value="[]")

    assert reply.ephemeral
    assert "is not a JSON object" in reply.text


async def test_a_window_is_refused_when_the_permission_has_gone(world: World) -> None:
    opened = await world.discord.slash(world.manager, "config set", key="prefix")
    world.manager.roles.clear()

    reply = await world.discord.submit(world.manager, opened, value="!")

    assert "Manage Server" in reply.text
    assert (await config_of(world)).prefix == "$"


async def test_a_window_that_is_stored_shows_that_the_database_is_there(
    world: World,
) -> None:
    opened = await world.discord.slash(world.manager, "config set", key="prefix")
    for _ in range(FAILURES - 1):
        world.bot.breaker.failed()

    await world.discord.submit(world.manager, opened, value="!")
    world.bot.breaker.failed()

    assert not world.bot.breaker.is_open


async def test_a_window_outlives_the_process_that_opened_it(world: World) -> None:
    opened = await world.discord.slash(world.manager, "config set", key="prefix")
    await world.restart()

    reply = await world.discord.submit(world.manager, opened, value="!")

    assert "Setting changed" in reply.text
    assert (await config_of(world)).prefix == "!"
