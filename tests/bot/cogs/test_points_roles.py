"""`/points-admin` for all who have a role."""

import asyncio
from typing import Any

import pytest

from tests.bot.managing import balance, grant, team
from tests.bot.world import World
from tuxdb.bot.double import DiscordDouble, Reply
from tuxdb.bot.points import role_members


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points", "points-admin")}


async def test_a_role_is_asked_about_and_paid_as_one(world: World) -> None:
    role = team(world, world.alice, world.bob, world.robot)
    for member in (world.alice, world.bob, world.mallory):
        await world.give(member, 1)

    question = await grant(world, world.manager, member=None, role=role)
    await world.discord.press(world.manager, question, "Confirm")

    assert "2 members known here get 50 points each, 100 in all" in question_text(
        question
    )
    assert [
        await world.balance(m) for m in (world.alice, world.bob, world.mallory)
    ] == [51, 51, 1]
    assert "2 members got 50 points each, 100 in all" in question.text


def question_text(question: Reply) -> str:
    first = question.original.before[0] if question.original else {}
    return str(first["embeds"][0]["description"])


async def test_three_presses_pay_a_role_once(world: World) -> None:
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)
    question = await grant(world, world.manager, member=None, role=role)

    presses = [
        world.discord.start_press(world.manager, question, "Confirm") for _ in range(3)
    ]
    await asyncio.gather(*(press.finished() for press in presses))

    assert await world.balance(world.alice) == 51
    assert all((press.deferred_after or 9) < 1 for press in presses)


async def test_a_deduction_from_a_role_is_all_or_nothing(world: World) -> None:
    role = team(world, world.alice, world.bob)
    await world.give(world.alice, 60)
    await world.give(world.bob, 5)
    question = await world.discord.slash(
        world.manager, "points-admin deduct", role=role, amount=50, reason="x"
    )

    await world.discord.press(world.manager, question, "Confirm")

    assert "bob" in question.text
    assert "Nothing was changed" in question.text
    assert await world.balance(world.alice) == 60


async def test_the_balances_of_a_role_are_set(world: World) -> None:
    role = team(world, world.alice, world.bob)
    await world.give(world.alice, 60)
    await world.give(world.bob, 5)
    question = await world.discord.slash(
        world.manager, "points-admin set", role=role, amount=10, reason="x"
    )

    await world.discord.press(world.manager, question, "Confirm")

    assert [await world.balance(m) for m in (world.alice, world.bob)] == [10, 10]


async def test_a_role_of_people_who_were_never_seen_says_so(world: World) -> None:
    role = team(world, world.mallory, name="New *ones*")

    reply = await grant(world, world.manager, member=None, role=role)

    assert reply.content == r"I know nobody here who has the role New \*ones\*."


async def test_who_has_left_is_not_paid(world: World) -> None:
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)
    world.discord.leave(world.bob)
    question = await grant(world, world.manager, member=None, role=role)

    await world.discord.press(world.manager, question, "Confirm")

    assert await world.balance(world.alice) == 51
    assert await balance(world, world.bob) == 1


# -- who is in a role --------------------------------------------------------------


@pytest.fixture
def _members_intent(discord: DiscordDouble, bot_changes: dict[str, Any]) -> None:
    discord.allow_intents("guild_members")
    bot_changes["bot_members_intent"] = True


@pytest.mark.usefixtures("_members_intent")
async def test_with_the_members_intent_a_role_is_all_who_have_it(
    world: World,
) -> None:
    role = team(world, world.alice, world.mallory)
    question = await grant(world, world.manager, member=None, role=role)

    await world.discord.press(world.manager, question, "Confirm")

    assert [await balance(world, m) for m in (world.alice, world.mallory)] == [50, 50]


async def test_more_members_than_can_be_asked_about_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_members, "MOST_KNOWN", 1)
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)

    reply = await grant(world, world.manager, member=None, role=role)

    assert "More than 1 members are known here" in reply.content


async def test_who_turns_out_to_have_left_is_marked(world: World) -> None:
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)
    world.discord.leave(world.bob)

    await grant(world, world.manager, member=None, role=role)

    found = await world.db.user.get_member(world.guild.id, world.bob.id)
    assert found is not None
    assert not found.is_active


async def test_a_balance_that_cannot_be_set_leaves_the_earlier_ones_and_says_so(
    world: World,
) -> None:
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)
    await world.db.guild_config.set_points_rule(world.guild.id, "max_balance", 5)
    question = await world.discord.slash(
        world.manager, "points-admin set", role=role, amount=5, reason="x"
    )
    await world.db.points.grant(world.guild.id, world.bob.id, 4)
    await world.db.guild_config.set_points_rule(world.guild.id, "max_balance", 4)

    await world.discord.press(world.manager, question, "Confirm")

    assert "alice would go over this server's limit of 4" in question.text
    assert [await world.balance(m) for m in (world.alice, world.bob)] == [1, 5]


async def test_a_failure_on_the_way_names_how_many_are_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = team(world, world.alice, world.bob)
    for member in (world.alice, world.bob):
        await world.give(member, 1)
    question = await world.discord.slash(
        world.manager, "points-admin set", role=role, amount=7, reason="x"
    )
    bob = await world.db.user.require_member(world.guild.id, world.bob.id)
    await world.db.user.delete_user(bob.id)
    refresh = world.db.user.refresh

    async def without_bob(guild_id: int, discord_id: int, name: str) -> object:
        if discord_id == world.bob.id:
            return bob
        return await refresh(guild_id, discord_id, name)

    monkeypatch.setattr(world.db.user, "refresh", without_bob)

    await world.discord.press(world.manager, question, "Confirm")

    assert "1 of 2 balances are set" in question.text
    assert await world.balance(world.alice) == 7
