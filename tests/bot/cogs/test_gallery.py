"""`/gallery`, as whoever manages the channels uses it."""

import asyncio
from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.bot.double import Channel, Member, Reply

NAME = "art"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("gallery",)}


@pytest.fixture
def curator(world: World) -> Member:
    """May manage channels, and nothing else."""
    role = world.discord.role(world.guild, "Curators", "manage_channels")
    return world.discord.member(world.guild, "clara", role)


async def channels(world: World, count: int, name: str = NAME) -> list[Channel]:
    found = [world.discord.channel(world.guild, name) for _ in range(count)]
    await asyncio.sleep(0.1)
    return found


async def add(world: World, curator: Member, channel: Channel) -> Reply:
    return await world.discord.slash(curator, "gallery set", channel=channel)


async def kept(world: World) -> dict[int, str]:
    rows = await world.db.gallery.get_by_guild(world.guild.id)
    return {row.channel_id: row.channel_name for row in rows}


async def test_the_command_is_for_who_manages_channels(world: World) -> None:
    command = world.discord.command("gallery")

    assert command["default_member_permissions"] == str(1 << 4)
    assert command["contexts"] == [0]


async def test_a_channel_is_kept_and_listed(world: World, curator: Member) -> None:
    (art,) = await channels(world, 1)

    added = await add(world, curator, art)
    again = await add(world, curator, art)
    listed = await world.discord.slash(curator, "gallery list")

    assert "from now on" in added.text
    assert "already" in again.text
    assert art.mention in listed.text
    assert "1 channel" in listed.text
    assert await kept(world) == {art.id: NAME}


async def test_two_channels_of_one_name_are_told_apart(
    world: World, curator: Member
) -> None:
    first, second = await channels(world, 2)

    await add(world, curator, first)
    await add(world, curator, second)

    assert await kept(world) == {first.id: NAME, second.id: f"{NAME}-{second.id}"}


async def test_a_channel_is_removed(world: World, curator: Member) -> None:
    (art,) = await channels(world, 1)
    await add(world, curator, art)

    removed = await world.discord.slash(curator, "gallery remove", channel=art)
    again = await world.discord.slash(curator, "gallery remove", channel=art)

    assert "1 channel was taken out" in removed.text
    assert NAME in again.text
    assert await kept(world) == {}


async def test_channels_that_are_gone_on_discord_can_be_taken_out(
    world: World, curator: Member
) -> None:
    (art,) = await channels(world, 1)
    await add(world, curator, art)
    await world.db.gallery.create(
        channel_id=7, channel_name="*gone*", guild_id=world.guild.id
    )

    listed = await world.discord.slash(curator, "gallery list")
    await world.discord.slash(curator, "gallery remove")

    assert r"\*gone\*" in listed.text
    assert list(await kept(world)) == [art.id]


async def test_long_lists_are_turned_page_by_page(
    world: World, curator: Member
) -> None:
    many = await channels(world, 23)
    for channel in many:
        await add(world, curator, channel)

    reply = await world.discord.slash(curator, "gallery list")
    first = reply.text
    await world.discord.press(curator, reply, "Next")
    await world.discord.press(curator, reply, "Next")
    last = reply.text
    await world.discord.press(curator, reply, "First")
    await world.discord.press(curator, reply, "Last")

    assert reply.text == last
    assert [c.mention in first for c in many] == [True] * 10 + [False] * 13
    assert [c.mention in last for c in many] == [False] * 20 + [True] * 3


async def test_a_page_is_refused_when_the_permission_has_gone(
    world: World, curator: Member
) -> None:
    for channel in await channels(world, 11):
        await add(world, curator, channel)
    reply = await world.discord.slash(curator, "gallery list")
    curator.roles.clear()

    pressed = await world.discord.press(curator, reply, "Next")

    assert "Manage Channels" in pressed.text


@pytest.mark.parametrize("verb", ["set", "remove", "list"])
async def test_a_forced_command_of_a_member_is_refused(world: World, verb: str) -> None:
    (art,) = await channels(world, 1)
    options = {} if verb == "list" else {"channel": art}

    reply = await world.discord.slash(
        world.mallory, f"gallery {verb}", forced=True, **options
    )

    assert reply.ephemeral
    assert "Manage Channels" in reply.text
    assert await kept(world) == {}


async def test_the_list_of_one_server_says_nothing_of_another(
    world: World, curator: Member
) -> None:
    (art,) = await channels(world, 1)
    await add(world, curator, art)
    other = world.discord.guild("Elsewhere", world.founder.user, [])
    await asyncio.sleep(0.1)

    listed = await world.discord.slash(other.members[world.founder.id], "gallery list")

    assert "No channel is kept" in listed.text
