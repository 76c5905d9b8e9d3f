"""Confirm and Cancel: once, by the right person, in time, across a restart."""

import asyncio
from typing import Any

import pytest

from tests.bot.locks import users_locked
from tests.bot.world import World
from tuxdb.bot.double import NotOffered, Reply
from tuxdb.bot.views import confirm

REASON = "for the **boat** @everyone"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def question(world: World, amount: int = 40) -> Reply:
    """Alice, who has 100, is asked whether she means it."""
    await world.give(world.alice, 100)
    await world.db.guild_config.set_bot_rule(world.guild.id, "confirm_from", 40)
    await asyncio.sleep(0.1)
    return await ask(world, amount)


async def ask(world: World, amount: int = 40) -> Reply:
    return await world.discord.slash(
        world.alice,
        "points transfer",
        member=world.bob,
        amount=amount,
        reason=REASON,
    )


async def test_a_large_transfer_waits_for_a_word(world: World) -> None:
    asked = await question(world)

    assert asked.ephemeral
    assert asked.labels == ["Confirm", "Cancel"]
    assert f"40 points to <@{world.bob.id}>" in asked.text
    assert "100 points" in asked.text
    assert await world.balance(world.alice) == 100


async def test_a_small_one_does_not(world: World) -> None:
    assert (await question(world, 39)).labels == []
    assert await world.balance(world.bob) == 39


async def test_confirming_sends_under_the_key_of_the_first_interaction(
    world: World,
) -> None:
    asked = await question(world)

    await world.discord.press(world.alice, asked, "Confirm")

    page = await world.db.points.history(world.guild.id, world.bob.id)
    assert page.items[0].idempotency_key == f"i:{asked.id}"
    assert page.items[0].reason == REASON
    assert asked.labels == []
    assert "You sent 40 points" in asked.text


async def test_three_presses_at_once_send_once(world: World) -> None:
    asked = await question(world)

    presses = [
        world.discord.start_press(world.alice, asked, "Confirm") for _ in range(3)
    ]
    await asyncio.gather(*(press.finished() for press in presses))

    assert await world.balance(world.alice) == 60
    assert all((press.deferred_after or 9) < 1 for press in presses)
    assert "You sent 40 points" in asked.text


async def test_presses_after_it_is_done_are_answered_and_do_nothing(
    world: World,
) -> None:
    asked = await question(world)
    pressed = await world.discord.press(world.alice, asked, "Confirm")
    custom_id = pressed.payload["data"]["custom_id"]

    again = await world.discord.press(world.alice, asked, custom_id, forced=True)

    assert again.answer is not None
    assert await world.balance(world.alice) == 60
    assert "You sent 40 points" in asked.text


async def test_the_buttons_are_gone_before_the_work_begins(world: World) -> None:
    asked = await question(world)

    async with users_locked(world.db):
        press = world.discord.start_press(world.alice, asked, "Confirm")
        await asyncio.wait_for(press.acknowledged.wait(), 1)

        assert asked.labels == []
        assert "One moment" in asked.text
        assert await world.balance(world.bob) == 0
    await press.finished()
    assert await world.balance(world.bob) == 40


async def test_a_press_after_a_restart_works(world: World) -> None:
    asked = await question(world)
    await world.restart()

    await world.discord.press(world.alice, asked, "Confirm")

    assert await world.balance(world.bob) == 40
    assert "You sent 40 points" in asked.text


async def test_a_press_before_and_one_after_a_restart_send_once(world: World) -> None:
    asked = await question(world)
    pressed = await world.discord.press(world.alice, asked, "Confirm")
    custom_id = pressed.payload["data"]["custom_id"]
    await world.restart()

    await world.discord.press(world.alice, asked, custom_id, forced=True)

    assert await world.balance(world.alice) == 60
    assert await world.balance(world.bob) == 40


async def test_a_stranger_is_told_and_nothing_happens(world: World) -> None:
    asked = await question(world)

    with pytest.raises(NotOffered):
        await world.discord.press(world.mallory, asked, "Confirm")
    for label in ("Confirm", "Cancel"):
        reply = await world.discord.press(world.mallory, asked, label, forced=True)

        assert reply.ephemeral
        assert reply.content == "These buttons belong to somebody else."
    assert await world.balance(world.alice) == 100
    assert asked.labels == ["Confirm", "Cancel"]


async def test_cancelling_sends_nothing_and_says_so(world: World) -> None:
    asked = await question(world)

    pressed = await world.discord.press(world.alice, asked, "Cancel")

    assert asked.content == "Cancelled. Nothing was sent."
    assert asked.labels == []
    custom_id = pressed.payload["data"]["custom_id"].replace(":n:", ":y:")
    await world.discord.press(world.alice, asked, custom_id, forced=True)
    assert await world.balance(world.alice) == 100


async def test_after_a_minute_it_is_too_late(world: World) -> None:
    await question(world)
    with world.discord.ago(61):
        asked = await ask(world)

    reply = await world.discord.press(world.alice, asked, "Confirm")

    assert asked.content == "Time is up. Nothing was sent."
    assert asked.labels == []
    assert reply.answer is not None
    assert await world.balance(world.alice) == 100


async def test_within_the_minute_it_is_not(world: World) -> None:
    await question(world)
    with world.discord.ago(55):
        asked = await ask(world)

    await world.discord.press(world.alice, asked, "Confirm")

    assert await world.balance(world.alice) == 60


async def test_the_message_says_by_itself_that_time_is_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "SECONDS", 0.2)

    asked = await question(world)
    await asyncio.sleep(0.5)

    assert asked.content == "Time is up. Nothing was sent."
    assert asked.labels == []


async def test_who_has_pressed_is_not_told_that_time_is_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await question(world)
    monkeypatch.setattr(confirm, "SECONDS", 0.5)
    asked = await ask(world)

    await world.discord.press(world.alice, asked, "Confirm")
    await asyncio.sleep(0.7)

    assert "You sent 40 points" in asked.text


async def test_the_balance_is_looked_at_again_when_it_is_confirmed(
    world: World,
) -> None:
    asked = await question(world)
    await world.db.points.transfer(world.guild.id, world.alice.id, world.bob.id, 70)

    await world.discord.press(world.alice, asked, "Confirm")

    assert asked.content == "You have 30 points; 40 are needed."
    assert asked.labels == []
    assert await world.balance(world.alice) == 30


async def test_a_button_of_another_version_has_expired(world: World) -> None:
    asked = await question(world)

    reply = await world.discord.press(world.alice, asked, "c:zz:y", forced=True)

    assert reply.ephemeral
    assert "expired" in reply.content


async def test_a_bot_that_is_stopping_takes_on_nothing_new(world: World) -> None:
    asked = await question(world)
    world.bot.stopping = True

    reply = await world.discord.press(world.alice, asked, "Confirm")

    assert reply.ephemeral
    assert "I am restarting. Nothing was changed" in reply.content
    world.bot.stopping = False
    await world.discord.press(world.alice, asked, "Confirm")
    assert await world.balance(world.bob) == 40
