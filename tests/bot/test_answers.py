"""Answers that reach the person, whatever the line and Discord do meanwhile."""

import asyncio
from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.bot.double import Reply

CALLBACK, EDIT = "POST /interactions/.*/callback", "PATCH .*/messages/@original"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def send(world: World) -> Reply:
    await world.give(world.alice, 100)
    return await world.transfer(world.alice, world.bob, 10)


async def finished(world: World, reply: Reply) -> None:
    """Wait until the receipt is there."""
    async with asyncio.timeout(10):
        while "You sent" not in reply.text:  # noqa: ASYNC110 - what Discord shows
            await asyncio.sleep(0.02)
    assert await world.balance(world.bob) == 10


async def test_an_acknowledgement_whose_answer_is_lost_is_no_second_delivery(
    world: World,
) -> None:
    world.discord.faults.lose_answer(on=CALLBACK)

    reply = await send(world)

    await finished(world, reply)
    assert reply.refused == [40060]


async def test_an_acknowledgement_that_is_cut_off_is_sent_again(world: World) -> None:
    world.discord.faults.cut(on=CALLBACK)

    reply = await send(world)

    await finished(world, reply)
    assert (reply.deferred_after or 9) < 1


async def test_a_receipt_that_is_cut_off_is_sent_again(world: World) -> None:
    world.discord.faults.cut(on=EDIT)

    await finished(world, await send(world))


async def test_a_receipt_whose_answer_is_lost_says_the_same_once_more(
    world: World,
) -> None:
    world.discord.faults.lose_answer(on=EDIT)

    reply = await send(world)

    await finished(world, reply)
    assert reply.followups == []


async def test_a_bad_gateway_at_the_receipt_is_waited_out(world: World) -> None:
    world.discord.faults.bad_gateway(on=EDIT)

    await finished(world, await send(world))


async def test_a_rate_limit_at_the_receipt_is_waited_out(world: World) -> None:
    world.discord.faults.rate_limit(0.2, on=EDIT)

    await finished(world, await send(world))


async def test_an_interaction_that_was_too_late_moves_nothing(world: World) -> None:
    world.discord.faults.status(404, on=CALLBACK, code=10062)

    await world.give(world.alice, 100)
    world.discord.start(world.alice, "points transfer", member=world.bob, amount=10)
    await asyncio.sleep(0.5)

    assert await world.balance(world.alice) == 100


async def test_a_press_whose_answer_is_lost_is_carried_out_once(world: World) -> None:
    await world.give(world.alice, 100)
    await world.db.guild_config.set_bot_rule(world.guild.id, "confirm_from", 10)
    await asyncio.sleep(0.1)
    asked = await world.transfer(world.alice, world.bob, 10)
    world.discord.faults.lose_answer(on=CALLBACK)

    await world.discord.press(world.alice, asked, "Confirm")

    await finished(world, asked)


async def test_a_press_that_could_not_be_acknowledged_can_be_repeated(
    world: World,
) -> None:
    await world.give(world.alice, 100)
    await world.db.guild_config.set_bot_rule(world.guild.id, "confirm_from", 10)
    await asyncio.sleep(0.1)
    asked = await world.transfer(world.alice, world.bob, 10)
    world.discord.faults.status(403, on=CALLBACK, times=2, code=50001)
    pressed = world.discord.start_press(world.alice, asked, "Confirm")
    await asyncio.sleep(0.5)
    assert pressed.answer is None
    assert await world.balance(world.alice) == 100

    await world.discord.press(world.alice, asked, "Confirm")

    await finished(world, asked)


async def test_the_language_of_a_public_answer_is_the_servers(world: World) -> None:
    world.alice.user.locale = "de"
    await world.give(world.alice, 100)

    english = await world.discord.slash(world.alice, "points balance")
    await world.db.guild_config.set_bot_rule(world.guild.id, "locale", "de")
    world.bob.user.locale = "en-US"
    await asyncio.sleep(0.1)
    german = await world.discord.slash(world.bob, "points balance", member=world.alice)

    assert "has 100 points" in english.text
    assert "hat 100 Punkte" in german.text
