"""What was left pending is settled by what Discord says."""

from typing import Any

import pytest

from tests.bot.moderating import banned, state
from tests.bot.world import World
from tuxdb.bot import expiry
from tuxdb.bot.expiry import Expiry


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("moderation",)}


async def test_a_pending_ban_that_is_in_force_is_settled_as_done(
    world: World, looking: Expiry
) -> None:
    number = await banned(world, over=None, pending=True)

    await looking.sweep()

    found = await state(world, number)
    assert (found.is_active, found.is_pending) == (True, False)
    assert found.reason == "raid"


async def test_a_pending_ban_that_never_happened_is_closed_and_says_so(
    world: World, looking: Expiry
) -> None:
    number = await banned(world, over=None, pending=True)
    world.guild.bans.clear()

    await looking.sweep()

    found = await state(world, number)
    assert (found.is_active, found.is_pending) == (False, False)
    assert "Not carried out" in (found.reason or "")


@pytest.mark.parametrize(("stays", "active"), [(True, False), (False, True)])
async def test_a_pending_kick_is_settled_by_whether_they_are_there(
    world: World, looking: Expiry, stays: bool, active: bool
) -> None:
    number = await banned(world, over=None, pending=True, case_type="kick")
    world.guild.bans.clear()
    if not stays:
        world.discord.leave(world.mallory)

    await looking.sweep()

    found = await state(world, number)
    assert (found.is_active, found.is_pending) == (active, False)


async def test_a_pending_case_is_left_while_discord_does_not_tell(
    world: World, looking: Expiry
) -> None:
    number = await banned(world, over=None, pending=True)
    world.discord.faults.status(503, on="GET /guilds/.*/bans", times=2)

    await looking.sweep()

    assert (await state(world, number)).is_pending


async def test_a_case_that_was_just_opened_is_its_commands_business(
    world: World, looking: Expiry
) -> None:
    looking.pending_seconds = expiry.PENDING_SECONDS
    number = await banned(world, over=None, pending=True)

    assert await looking.sweep() == 0

    assert (await state(world, number)).is_pending


async def test_an_interrupted_ban_is_settled_by_the_next_process(
    world: World, looking: Expiry
) -> None:
    world.discord.faults.status(503, on="/bans", times=2)
    await world.discord.slash(
        world.moderator, "ban", member=world.mallory, duration="1h"
    )
    assert (await state(world, 1)).is_pending

    await looking.sweep()

    found = await state(world, 1)
    assert (found.is_active, found.is_pending) == (False, False)
