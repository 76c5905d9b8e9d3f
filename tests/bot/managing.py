"""What managers of points do in tests."""

from typing import Any

from tests.bot.world import World
from tuxdb.bot.double import Member, Reply, Role


async def grant(world: World, by: Member, **options: Any) -> Reply:
    options = {"member": world.bob, "amount": 50, "reason": "prize", **options}
    return await world.discord.slash(by, "points-admin grant", **options)


async def balance(world: World, member: Member) -> int:
    found = await world.db.user.get_member(world.guild.id, member.id)
    return found.points if found else 0


def team(world: World, *members: Member, name: str = "Team") -> Role:
    role = world.discord.role(world.guild, name)
    for member in members:
        member.roles.append(role)
    return role
