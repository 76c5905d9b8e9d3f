"""`/tuxdb status`, for who owns the bot."""

from typing import Any

import pytest

from tests.bot.world import World
from tuxdb import __version__


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("status",)}


async def test_the_command_is_hidden_from_members(world: World) -> None:
    command = world.discord.command("tuxdb")

    assert command["default_member_permissions"] == str(1 << 3)


async def test_an_owner_sees_how_the_bot_is(world: World) -> None:
    reply = await world.discord.slash(world.owner, "tuxdb status", forced=True)

    assert reply.ephemeral
    assert __version__ in reply.text
    assert "00" in reply.text
    assert "0:" in reply.text


@pytest.mark.parametrize("who", ["founder", "manager", "mallory"])
async def test_nobody_else_sees_it_whatever_they_may_do_here(
    world: World, who: str
) -> None:
    reply = await world.discord.slash(getattr(world, who), "tuxdb status", forced=True)

    assert reply.ephemeral
    assert __version__ not in reply.text


async def test_it_answers_while_the_database_is_away(world: World) -> None:
    for _ in range(10):
        world.bot.breaker.failed()

    reply = await world.discord.slash(world.owner, "tuxdb status", forced=True)

    assert __version__ in reply.text
