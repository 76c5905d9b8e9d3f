"""`/stats`: counts of messages."""

import asyncio
from typing import Any

import pytest

from tests.bot.world import World


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("stats",)}


async def write(world: World, name: str, count: int) -> None:
    user = getattr(world, name)
    member = await world.db.user.refresh(world.guild.id, user.id, user.name)
    await world.db.user.update_by_id(member.id, message_count=count)


async def test_everybody_may_ask(world: World) -> None:
    assert world.discord.command("stats")["default_member_permissions"] is None


async def test_ones_own_count_is_shown_to_oneself(world: World) -> None:
    await write(world, "alice", 1234)
    await write(world, "bob", 5000)

    reply = await world.discord.slash(world.alice, "stats me")

    assert reply.ephemeral
    assert "1,234" in reply.text
    assert "Place 2" in reply.text


async def test_somebody_unknown_is_told_so_and_not_enrolled(world: World) -> None:
    reply = await world.discord.slash(world.alice, "stats me")

    assert "Nothing of yours" in reply.text
    assert await world.db.user.get_member(world.guild.id, world.alice.id) is None


async def test_the_servers_counts_are_shown_to_all(world: World) -> None:
    await write(world, "alice", 1)
    await write(world, "bob", 2)

    reply = await world.discord.slash(world.mallory, "stats server")

    assert not reply.ephemeral
    assert "**3** messages" in reply.text
    assert "2 members are known" in reply.text
    assert "Tuxland" in reply.text


async def test_an_empty_server_has_counts_too(world: World) -> None:
    reply = await world.discord.slash(world.mallory, "stats server")

    assert "**0** messages" in reply.text


async def test_numbers_and_words_are_german_for_who_reads_german(
    world: World,
) -> None:
    await write(world, "alice", 1234)
    world.alice.user.locale = "de"

    reply = await world.discord.slash(world.alice, "stats me")

    assert "**1.234** Nachrichten" in reply.text


async def test_the_name_of_a_server_cannot_format_or_ping(world: World) -> None:
    world.guild.name = "**@everyone**"

    reply = await world.discord.slash(world.alice, "stats server")

    assert "@everyone" not in reply.text
    assert not reply.pings


async def test_what_all_see_is_in_the_language_that_the_server_has_set(
    world: World,
) -> None:
    await write(world, "alice", 1234)
    await world.db.guild_config.set_bot_rule(world.guild.id, "locale", "de")
    await asyncio.sleep(0.1)

    reply = await world.discord.slash(world.alice, "stats server")

    assert "**1.234** Nachrichten" in reply.text
