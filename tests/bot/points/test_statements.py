"""How many statements a command of `/points` takes, once it has been used before."""

from typing import Any

import pytest

from tests.bot.world import World
from tests.harness.wire import EXECUTE, Wire
from tuxdb.bot.double import Member
from tuxdb.settings import Settings


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


@pytest.fixture
def settings(wire: Wire) -> Settings:
    """Have the bot reach its database by way of the proxy, which counts."""
    return Settings(url=wire.url)


async def statements(world: World, wire: Wire, member: Member | None = None) -> int:
    options: dict[str, Any] = {} if member is None else {"member": member}
    for _ in range(2):  # the first time, they are prepared
        wire.requests.clear()
        reply = await world.discord.slash(world.alice, "points balance", **options)
        assert "has 7 points" in reply.text
    return sum(EXECUTE in request for request in wire.requests)


async def test_a_balance_takes_three(world: World, wire: Wire) -> None:
    await world.life.watch.stop()  # which asks the database by itself
    await world.life.expiry.stop()
    await world.give(world.alice, 7)
    await world.give(world.bob, 7)

    assert await statements(world, wire) == 3
    assert await statements(world, wire, world.bob) == 3
