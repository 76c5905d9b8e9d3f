"""Who may do what, and to whom."""

import discord as discord_py
import pytest

from tests.bot.world import World
from tuxdb.bot.declined import Outranked
from tuxdb.bot.double import Member
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import is_manager, require_outranks


@pytest.fixture
def bot_changes() -> dict[str, object]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def seen(world: World, member: Member) -> Interaction:
    """An interaction of a member, as the bot has got it."""
    got: list[Interaction] = []

    async def listen(interaction: Interaction) -> None:
        got.append(interaction)

    world.bot.add_listener(listen, "on_interaction")
    await world.discord.slash(member, "points balance")
    world.bot.remove_listener(listen, "on_interaction")
    return got[0]


def as_discord(world: World, member: Member) -> discord_py.Member:
    """A member as discord.py makes it of a payload."""
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    payload = member.payload()
    return discord_py.Member(data=payload, guild=guild, state=world.bot._connection)  # type: ignore[arg-type]


async def test_managers_are_those_with_the_permission_and_the_owners(
    world: World,
) -> None:
    people = (world.manager, world.founder, world.owner, world.alice, world.moderator)

    found = [await is_manager(await seen(world, member)) for member in people]

    assert found == [True, True, True, False, False]


async def test_a_role_makes_a_manager_until_it_is_taken_from_the_list(
    world: World,
) -> None:
    role = world.discord.role(world.guild, "Treasurers")
    world.alice.roles.append(role)
    configs, guild = world.db.guild_config, world.guild.id
    await configs.set_bot_rule(guild, "manager_roles", [str(role.id)])
    assert await is_manager(await seen(world, world.alice))

    await configs.set_bot_rule(guild, "manager_roles", [])

    assert not await is_manager(await seen(world, world.alice))


async def test_one_stands_above_those_with_lower_roles(world: World) -> None:
    interaction = await seen(world, world.moderator)

    require_outranks(interaction, as_discord(world, world.alice))


@pytest.mark.parametrize(
    ("actor", "target", "why"),
    [
        ("moderator", "moderator", "self"),
        ("moderator", "founder", "owner"),
        ("alice", "moderator", "actor"),
        ("alice", "bob", "actor"),
    ],
)
async def test_nobody_acts_on_those_who_stand_as_high(
    world: World, actor: str, target: str, why: str
) -> None:
    interaction = await seen(world, getattr(world, actor))

    with pytest.raises(Outranked) as refused:
        require_outranks(interaction, as_discord(world, getattr(world, target)))

    assert refused.value.what == why


async def test_the_bot_has_to_stand_above_as_well(world: World) -> None:
    role = world.discord.role(world.guild, "Gods", position=90)
    world.bob.roles.append(role)
    interaction = await seen(world, world.founder)

    with pytest.raises(Outranked) as refused:
        require_outranks(interaction, as_discord(world, world.bob))

    assert refused.value.what == "bot"


async def test_the_bot_does_nothing_to_itself(world: World) -> None:
    me = world.guild.members[world.bot.user.id] if world.bot.user else None
    assert me is not None
    interaction = await seen(world, world.founder)

    with pytest.raises(Outranked) as refused:
        require_outranks(interaction, as_discord(world, me))

    assert refused.value.what == "me"
