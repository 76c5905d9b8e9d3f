"""`/points` where it only shows: balances, histories, leaderboards."""

from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.bot.double import Reply


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


def footer(reply: Reply) -> str:
    return str(reply.embeds[0]["footer"]["text"])


# -- looking -----------------------------------------------------------------------


async def test_a_balance_is_shown_to_all_with_rank_and_last_change(
    world: World,
) -> None:
    await world.give(world.alice, 1234)
    await world.give(world.bob, 2000)

    reply = await world.discord.slash(world.alice, "points balance")

    assert not reply.ephemeral
    assert f"<@{world.alice.id}> has 1,234 points." in reply.text
    assert "#2" in reply.text
    assert "<t:" in reply.text
    assert reply.pings == set()


async def test_who_asks_for_the_first_time_gets_the_start_balance(
    world: World,
) -> None:
    await world.db.guild_config.set_points_rule(world.guild.id, "start_balance", 25)

    reply = await world.discord.slash(world.alice, "points balance")

    assert "has 25 points" in reply.text


async def test_a_public_answer_that_fails_is_taken_back_and_told_in_private(
    world: World,
) -> None:
    reply = await world.discord.slash(
        world.alice, "points balance", member=world.mallory
    )

    assert reply.original is not None
    assert reply.original.deleted
    assert reply.ephemeral
    assert "no points account" in reply.content


async def test_points_can_be_shown_from_the_menu_of_a_member(world: World) -> None:
    await world.give(world.bob, 7)

    reply = await world.discord.menu(world.alice, "Show points", world.bob)

    assert reply.ephemeral
    assert "has 7 points" in reply.text


async def test_a_hostile_name_is_harmless_on_the_leaderboard(world: World) -> None:
    name = "**@here** \u202e_x_ " + "n" * 70
    villain = world.discord.member(world.guild, name)
    await world.give(villain, 5)

    reply = await world.discord.slash(world.alice, "points leaderboard")

    assert "@here" not in reply.text
    assert "\u202e" not in reply.text
    assert r"\*\*@" in reply.text
    assert reply.pings == set()


async def test_ties_share_a_place_and_ones_own_is_below(world: World) -> None:
    await world.give(world.alice, 10)
    await world.give(world.bob, 20)
    await world.give(world.mallory, 20)

    reply = await world.discord.slash(world.alice, "points leaderboard")

    lines = reply.embeds[0]["description"].splitlines()
    assert lines[:2] == ["1. bob: 20 points", "1. mallory: 20 points"]
    assert "3. alice: 10 points" in lines[2]
    assert footer(reply) == "Your place: 3, with 10 points"
    assert not reply.ephemeral


async def test_the_board_around_me_shows_my_neighbours(world: World) -> None:
    await fill(world, 40)
    await world.give(world.alice, 20)

    reply = await world.discord.slash(world.alice, "points leaderboard", around_me=True)

    text = reply.embeds[0]["description"]
    assert "alice: 20 points" in text
    assert 5 <= len(text.splitlines()) <= 11


async def test_the_board_by_messages_is_another(world: World) -> None:
    await world.db.user.refresh(world.guild.id, world.bob.id, "bob")
    await world.db.user.update_member(world.guild.id, world.bob.id, message_count=3)

    reply = await world.discord.slash(world.alice, "points leaderboard", by="messages")

    assert "1. bob: 3 messages" in reply.text


async def fill(world: World, count: int) -> None:
    """Have members with 1 to `count` points."""
    await world.db.user.bulk_create(
        [
            {
                "guild_id": world.guild.id,
                "discord_id": 5000 + number,
                "username": f"m{number}",
                "points": number,
            }
            for number in range(1, count + 1)
        ]
    )


async def test_a_history_shows_both_sides_newest_first(world: World) -> None:
    await world.give(world.alice, 10)
    await world.discord.slash(
        world.alice, "points transfer", member=world.bob, amount=3, reason="tea _x_"
    )

    reply = await world.discord.slash(world.alice, "points history")

    newest, oldest = reply.embeds[0]["description"].splitlines()[-2:]
    assert reply.ephemeral
    assert "**-3**" in newest
    assert f"<@{world.bob.id}>" in newest
    assert r"tea \_x\_" in newest
    assert "**+10**" in oldest
    assert "the server" in oldest


async def test_a_history_can_be_of_one_kind(world: World) -> None:
    await world.give(world.alice, 10)
    await world.transfer(world.alice, world.bob, 3)

    reply = await world.discord.slash(world.alice, "points history", kind="Transfer")

    assert "**-3**" in reply.text
    assert "**+10**" not in reply.text


async def test_the_history_of_another_is_for_managers(world: World) -> None:
    await world.give(world.bob, 10)

    refused = await world.discord.slash(world.alice, "points history", member=world.bob)
    shown = await world.discord.slash(world.manager, "points history", member=world.bob)

    assert refused.content == "This needs Manage Server."
    assert refused.ephemeral
    assert "**+10**" in shown.text


# -- those who have left -----------------------------------------------------------


async def test_nothing_is_sent_to_one_who_has_left(world: World) -> None:
    await world.give(world.alice, 10)
    await world.give(world.bob, 10)
    world.discord.leave(world.bob)

    reply = await world.transfer(world.alice, world.bob, 5)

    assert reply.content == "bob is not on this server any more."
    assert reply.ephemeral
    assert await world.balance(world.alice) == 10


async def test_one_who_has_left_is_no_longer_on_the_leaderboard_and_returns_to_it(
    world: World,
) -> None:
    await world.give(world.bob, 10)
    world.discord.leave(world.bob)
    await world.discord.slash(world.manager, "points history", member=world.bob)
    shown = await world.discord.slash(world.alice, "points balance", member=world.bob)

    without = await world.discord.slash(world.alice, "points leaderboard")
    bob = world.discord.member(world.guild, world.bob.user)
    await world.discord.slash(bob, "points balance")
    within = await world.discord.slash(world.alice, "points leaderboard")

    assert "has 10 points" in shown.text
    assert "bob" not in without.text
    assert "bob: 10 points" in within.text
