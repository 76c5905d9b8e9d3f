"""`/points-admin reverse`."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col

from tests.bot.world import World
from tuxdb.bot.double import Reply
from tuxdb.models import PointsTransaction


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points", "points-admin")}


async def entries(world: World, kind: str) -> list[PointsTransaction]:
    return await world.db.points.find_all(col(PointsTransaction.kind) == kind)


def question_text(question: Reply) -> str:
    first = question.original.before[0] if question.original else {}
    return str(first["embeds"][0]["description"])


# -- reversals ---------------------------------------------------------------------


async def sent(world: World, amount: int = 10) -> int:
    """The id of an entry with which alice has sent bob points."""
    await world.give(world.alice, amount)
    await world.transfer(world.alice, world.bob, amount)
    return (await entries(world, "transfer"))[-1].id


async def reverse(world: World, entry: int, **options: Any) -> Reply:
    """Ask for it and confirm it; the question, which has become the answer."""
    question = await world.discord.slash(
        world.manager, "points-admin reverse", entry=entry, **options
    )
    if question.labels:
        await world.discord.press(world.manager, question, "Confirm")
    return question


async def test_a_reversal_shows_what_it_undoes_and_undoes_it(world: World) -> None:
    entry = await sent(world)

    reply = await reverse(world, entry, reason="by mistake")

    shown = question_text(reply)
    assert f"Entry {entry}" in shown
    assert "10 points" in shown
    assert f"from <@{world.alice.id}> to <@{world.bob.id}>" in shown
    assert "is reversed: 10 points went back" in reply.text
    assert await world.balance(world.alice) == 10
    (made,) = await entries(world, "reverse")
    assert (made.reverses, made.reason) == (entry, "by mistake")


async def test_a_second_reversal_names_the_first(world: World) -> None:
    entry = await sent(world)
    await reverse(world, entry)
    (made,) = await entries(world, "reverse")

    reply = await reverse(world, entry)

    assert reply.content == f"Entry {entry} was reversed by {made.id}."
    assert await world.balance(world.alice) == 10


async def test_what_was_spent_is_taken_back_only_by_force(world: World) -> None:
    entry = await sent(world)
    await world.transfer(world.bob, world.mallory, 7)

    refused = await reverse(world, entry)
    forced = await reverse(world, entry, force=True)

    assert refused.content == "bob has 3 of the 10 points left; use force."
    assert "3 points went back" in forced.text
    assert await world.balance(world.bob) == 0


async def test_an_entry_of_another_guild_is_not_there(world: World) -> None:
    other = world.discord.guild("Other", world.founder.user, [world.alice.user])
    await asyncio.sleep(0.2)
    elsewhere = next(m for m in other.members.values() if m.name == "alice")
    await world.give(elsewhere, 10)
    entry = (await entries(world, "grant"))[-1].id

    reply = await reverse(world, entry)

    assert "There is no entry" in reply.content
    assert await world.balance(elsewhere) == 10


@pytest.mark.parametrize("entry", [-1, 0, 2**63, 999_999])
async def test_an_entry_that_cannot_be_is_not_there(world: World, entry: int) -> None:
    reply = await world.discord.slash(
        world.manager, "points-admin reverse", forced=True, entry=entry
    )

    assert "There is no entry" in reply.content
    assert reply.ephemeral


async def test_entries_are_suggested_with_amount_and_people(world: World) -> None:
    entry = await sent(world, 1234)

    choices = await world.discord.autocomplete(
        world.manager, "points-admin reverse", "entry", str(entry)
    )

    (choice,) = [choice for choice in choices if choice["value"] == entry]
    assert "1,234" in choice["name"]
    assert "alice → bob" in choice["name"]


async def test_suggestions_are_for_managers(world: World) -> None:
    await sent(world)
    world.manager.roles.clear()
    world.discord.command("points-admin")["default_member_permissions"] = None

    choices = await world.discord.autocomplete(
        world.manager, "points-admin reverse", "entry", ""
    )

    assert choices == []
