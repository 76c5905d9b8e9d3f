"""What moderators do in tests, and what is seen of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bot.world import World
from tuxdb.bot.double import Member, Reply
from tuxdb.models import Case

NEEDED = {"warn": {"reason": "spam"}, "timeout": {"duration": "10m"}}
"""Options without which a verb is not offered."""
PAST = timedelta(minutes=-1)
VERBS = ("warn", "timeout", "kick", "ban")


async def act(
    world: World, verb: str, target: object, by: Member | None = None, **more: Any
) -> Reply:
    """Have the moderator, or somebody else, use a verb on somebody."""
    options = {"member": target, **NEEDED.get(verb, {}), **more}
    return await world.discord.slash(by or world.moderator, verb, **options)


async def cases(world: World) -> list[Case]:
    """All cases of the guild, newest first."""
    return (await world.db.case.page(world.guild.id, limit=50)).items


def told(world: World, member: Member) -> list[str]:
    """What the bot has written to somebody, and not taken back."""
    channel = world.discord.realm.direct(member.user)
    return [
        message.text
        for message in world.discord.realm.messages.values()
        if message.channel is channel and not message.deleted
    ]


def asked(world: World, *parts: str) -> list[str]:
    """Requests of the bot that contain all of these."""
    lines = [str(request) for request in world.discord.requests]
    return [line for line in lines if all(part in line for part in parts)]


async def opened(
    world: World, who: Member, kind: str = "warn", reason: str = "spam", **more: Any
) -> Case:
    """A case that the founder has decided."""
    case, _ = await world.db.case.open(
        who.guild.id,
        who.id,
        who.name,
        case_type=kind,
        reason=reason,
        moderator_id=world.founder.id,
        **more,
    )
    return case


async def state(world: World, number: int = 1) -> Case:
    """A case of the guild as it is by now."""
    found = await world.db.case.get_case(world.guild.id, number)
    assert found is not None
    return found


async def ask(world: World, verb: str, by: Member | None = None, **more: Any) -> Reply:
    """Have the moderator, or somebody else, use a verb on cases."""
    return await world.discord.slash(by or world.moderator, f"cases {verb}", **more)


async def banned(
    world: World, name: str = "mallory", *, over: timedelta | None = PAST, **more: Any
) -> int:
    """A ban with its case; the case's number."""
    member = getattr(world, name)
    options = {"pending": False, "case_type": "ban", **more}
    case, _ = await world.db.case.open(
        world.guild.id,
        member.id,
        member.name,
        reason="raid",
        moderator_id=world.moderator.id,
        expires_at=None if over is None else datetime.now(UTC) + over,
        **options,
    )
    world.guild.bans[member.id] = "raid"
    return case.case_number
