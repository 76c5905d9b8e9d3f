"""`/cases close`: a case that is closed has no effect any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bot.moderating import ask, banned, opened, state
from tests.bot.world import World


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("cases", "moderation")}


async def test_closing_a_warning(world: World) -> None:
    await opened(world, world.mallory)

    first = await ask(world, "close", number=1)
    second = await ask(world, "close", number=1)

    assert "is closed" in first.text
    assert "was closed before" in second.text
    assert not (await state(world)).is_active


async def test_closing_a_ban_lifts_it(world: World) -> None:
    await world.discord.slash(world.moderator, "ban", member=world.mallory)

    await ask(world, "close", number=1)

    assert world.guild.bans == {}
    assert not (await state(world)).is_active


async def test_closing_a_ban_needs_the_permission_to_ban(world: World) -> None:
    await world.discord.slash(world.moderator, "ban", member=world.mallory)
    role = world.discord.role(world.guild, "Juniors", "moderate_members")
    junior = world.discord.member(world.guild, "june", role)

    reply = await ask(world, "close", junior, number=1)

    assert "Ban Members" in reply.text
    assert world.mallory.id in world.guild.bans
    assert (await state(world)).is_active


async def test_closing_a_timeout_ends_it(world: World) -> None:
    await world.discord.slash(
        world.moderator, "timeout", member=world.mallory, duration="1h"
    )

    await ask(world, "close", number=1)

    assert world.mallory.timed_out_until is None
    assert not (await state(world)).is_active


async def test_closing_the_timeout_of_a_higher_member_is_refused(world: World) -> None:
    peer = world.discord.member(world.guild, "peer", *world.moderator.roles)
    await opened(world, peer, "timeout")
    peer.timed_out_until = datetime.now(UTC) + timedelta(hours=1)

    reply = await ask(world, "close", number=1)

    assert "as high as you" in reply.text
    assert peer.timed_out_until is not None
    assert (await state(world)).is_active


async def test_an_older_case_does_not_lift_a_later_ban(world: World) -> None:
    await opened(world, world.mallory, "ban")
    await world.discord.slash(world.moderator, "ban", member=world.mallory)

    await ask(world, "close", number=1)

    assert world.mallory.id in world.guild.bans
    assert not (await state(world, 1)).is_active
    assert (await state(world, 2)).is_active


async def test_a_ban_that_was_lifted_by_hand_is_closed(world: World) -> None:
    await opened(world, world.mallory, "ban")

    await ask(world, "close", number=1)

    assert not (await state(world)).is_active


async def test_discord_refusing_leaves_the_case_open(world: World) -> None:
    await world.discord.slash(world.moderator, "ban", member=world.mallory)
    world.discord.faults.status(403, on="DELETE", code=50013, message="Missing it")

    reply = await ask(world, "close", number=1)

    assert "Missing it" in reply.text
    assert (await state(world)).is_active


@pytest.mark.parametrize("verb", ["note", "close"])
async def test_nobody_is_their_own_judge(world: World, verb: str) -> None:
    await opened(world, world.moderator)
    options: dict[str, Any] = {"text": "not guilty"} if verb == "note" else {}

    await ask(world, verb, number=1, **options)

    found = await state(world)
    assert (found.is_active, found.reason) == (True, "spam")


async def test_a_later_ban_whose_time_is_over_keeps_nobody_out(world: World) -> None:
    older = await banned(world, over=None)
    await banned(world)

    await ask(world, "close", number=older)

    assert world.guild.bans == {}
    assert not (await state(world, older)).is_active
