"""The client: what it asks of Discord, what it refuses before a command runs."""

from dataclasses import replace

import discord
import pytest

from tests.bot.world import World
from tuxdb.bot.client import COGS, TuxdbBot, intents_of, wanted_cogs
from tuxdb.database import Database
from tuxdb.errors import ConfigurationError
from tuxdb.settings import Settings

NOBODY = discord.AllowedMentions.none().to_dict()


def test_no_intent_is_privileged_unless_configured(settings: Settings) -> None:
    usual = intents_of(settings)

    assert {name for name, on in usual if on} == {"guilds", "guild_messages"}
    assert intents_of(replace(settings, bot_members_intent=True)).members
    counts_not = intents_of(replace(settings, bot_message_count=False))
    assert {name for name, on in counts_not if on} == {"guilds"}


async def test_it_keeps_no_members_and_no_messages(world: World) -> None:
    for number in range(20):
        world.discord.say(world.alice, f"message {number}")
    await world.discord.slash(world.alice, "points balance")

    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    assert {member.id for member in guild.members} <= {world.bot.application_id}
    assert not world.bot.cached_messages


async def test_nobody_is_pinged_by_what_it_says(world: World) -> None:
    assert world.bot.allowed_mentions is not None
    assert world.bot.allowed_mentions.to_dict() == NOBODY


async def test_owners_are_those_of_the_application_and_of_the_settings(
    db: Database, settings: Settings, world: World
) -> None:
    assert world.owner.id in world.bot.owners
    assert TuxdbBot(db, replace(settings, owner_ids=(5,))).owners == {5}


@pytest.mark.parametrize("bot_changes", [{"bot_cogs": ("status", "stats")}])
async def test_parts_can_be_left_out(world: World) -> None:
    assert {c["name"] for c in world.discord.commands} == {"stats", "tuxdb"}


def test_a_part_that_is_not_there_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="no part 'pionts'") as caught:
        wanted_cogs(replace(settings, bot_cogs=("pionts",)))

    assert caught.value.hint == f"there are {', '.join(COGS)}"


async def test_a_server_may_switch_a_part_off(world: World) -> None:
    await world.db.guild_config.set_bot_rule(world.guild.id, "cogs_off", ["stats"])

    reply = await world.discord.slash(world.alice, "stats me")
    other = await world.discord.slash(world.alice, "points balance")

    assert reply.ephemeral
    assert "switched off" in reply.content
    assert "switched off" not in other.text


async def test_a_bot_that_stops_says_so(world: World) -> None:
    world.bot.stopping = True

    reply = await world.discord.slash(world.alice, "points balance")

    assert reply.ephemeral
    assert "restart" in reply.content.lower()


async def test_while_the_database_is_away_commands_answer_at_once(
    world: World,
) -> None:
    for _ in range(9):
        world.bot.breaker.failed()

    reply = await world.discord.slash(world.alice, "points balance")
    status = await world.discord.slash(world.owner, "tuxdb status", forced=True)

    assert reply.ephemeral
    assert "not reachable" in reply.content
    assert reply.deferred_after is not None
    assert reply.deferred_after < 0.3
    assert status.embeds


async def test_a_command_outside_of_a_server_is_refused(world: World) -> None:
    direct = world.discord.direct(world.alice.user)

    reply = await world.discord.slash(
        world.alice, "points balance", where=direct, forced=True
    )

    assert reply.content == "This works on a server only."


async def test_two_servers_are_two_worlds(world: World) -> None:
    other = world.discord.guild("Elsewhere", "eve", [world.alice.user])
    alice_there = other.members[world.alice.id]
    await world.give(world.alice, 50)

    there = await world.discord.slash(alice_there, "points balance")

    assert "50" not in there.text
    assert await world.balance(world.alice) == 50
