"""`/warn`, `/timeout`, `/kick` and `/ban`: who may, whom, and what comes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bot.moderating import VERBS, act, cases, told
from tests.bot.world import World


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("moderation",)}


@pytest.mark.parametrize(
    ("verb", "bit"), [("warn", 40), ("timeout", 40), ("kick", 1), ("ban", 2)]
)
async def test_each_command_shows_to_those_with_its_own_permission(
    world: World, verb: str, bit: int
) -> None:
    command = world.discord.command(verb)

    assert command["default_member_permissions"] == str(1 << bit)
    assert command["contexts"] == [0]
    assert command["integration_types"] == [0]


async def test_a_warning_is_a_case_and_is_told(world: World) -> None:
    reply = await act(world, "warn", world.mallory)

    (case,) = await cases(world)
    assert reply.ephemeral
    assert "case 1" in reply.text
    assert (case.case_type, case.reason, case.is_active) == ("warn", "spam", True)
    assert (case.moderator_id, case.is_pending) == (world.moderator.id, False)
    assert case.user.discord_id == world.mallory.id
    assert told(world, world.mallory) == [
        "You were warned on the server Tuxland.\nReason: spam"
    ]


async def test_a_timeout_ends_when_the_case_says(world: World) -> None:
    await act(world, "timeout", world.mallory, duration="2h", reason="calm down")

    (case,) = await cases(world)
    until = world.mallory.timed_out_until
    assert until is not None
    assert case.expires_at == until
    assert timedelta(minutes=119) < until - datetime.now(UTC) < timedelta(minutes=121)


async def test_a_kick_is_done_and_told_before(world: World) -> None:
    await act(world, "kick", world.mallory, reason="spam")

    assert world.mallory.id not in world.guild.members
    assert told(world, world.mallory) != []
    assert [case.case_type for case in await cases(world)] == ["kick"]


async def test_the_audit_log_names_the_moderator_and_the_case(world: World) -> None:
    await act(world, "ban", world.mallory, reason="spam & worse\nlines")

    moderator = world.moderator
    assert world.guild.bans == {
        world.mallory.id: f"{moderator.name} ({moderator.id}), case 1: "
        "spam & worse lines"
    }


async def test_a_ban_for_a_time_says_until_when(world: World) -> None:
    reply = await act(world, "ban", world.mallory, duration="7d")

    (case,) = await cases(world)
    assert case.expires_at is not None
    assert f"<t:{int(case.expires_at.timestamp())}:R>" in reply.text


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["mallory", "manager", "owner"])
async def test_a_forced_verb_without_its_permission_does_nothing(
    world: World, verb: str, who: str
) -> None:
    reply = await act(world, verb, world.bob, getattr(world, who), forced=True)

    assert reply.ephemeral
    assert reply.text != ""
    assert await cases(world) == []
    assert world.bob.id in world.guild.members
    assert world.bob.timed_out_until is None
    assert told(world, world.bob) == []


@pytest.mark.parametrize("verb", VERBS)
async def test_the_permission_of_one_verb_is_not_that_of_another(
    world: World, verb: str
) -> None:
    needs = {"kick": "kick_members", "ban": "ban_members"}
    other = "ban_members" if verb != "ban" else "kick_members"
    role = world.discord.role(world.guild, "Half", other, position=1)
    half = world.discord.member(world.guild, "hal", role)

    reply = await act(world, verb, world.bob, half, forced=True)

    wanted = needs.get(verb, "moderate_members")
    assert wanted != other
    assert "case" not in reply.text
    assert await cases(world) == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("who", ["founder", "moderator", "me"])
async def test_nobody_acts_on_the_owner_themselves_or_the_bot(
    world: World, verb: str, who: str
) -> None:
    me = world.guild.members[world.discord.application_id]
    target = me if who == "me" else getattr(world, who)

    reply = await act(world, verb, target)

    assert reply.ephemeral
    assert await cases(world) == []
    assert world.guild.bans == {}


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_acts_on_a_peer_or_above(world: World, verb: str) -> None:
    peer = world.discord.member(world.guild, "peer", *world.moderator.roles)

    reply = await act(world, verb, peer)

    assert "as high as you" in reply.text
    assert await cases(world) == []


@pytest.mark.parametrize("verb", VERBS)
async def test_the_bot_must_outrank_the_target_as_well(world: World, verb: str) -> None:
    me = world.guild.members[world.discord.application_id]
    above = max((role.position for role in me.roles), default=0) + 1
    role = world.discord.role(world.guild, "High", position=above)
    high = world.discord.member(world.guild, "high", role)
    await asyncio.sleep(0.1)

    reply = await act(world, verb, high, world.founder)

    assert reply.ephemeral
    assert await cases(world) == []


@pytest.mark.parametrize("text", ["", "10", "1.5h", "29d", "10s", "-1d"])
async def test_a_duration_is_read_strictly(world: World, text: str) -> None:
    reply = await act(world, "timeout", world.mallory, duration=text, forced=True)

    assert reply.ephemeral
    assert await cases(world) == []
    assert world.mallory.timed_out_until is None


async def test_who_has_left_can_be_banned_but_not_kicked(world: World) -> None:
    world.discord.leave(world.mallory)

    for verb in ("warn", "timeout", "kick"):
        await act(world, verb, world.mallory.user, forced=True)
    assert await cases(world) == []

    await act(world, "ban", world.mallory.user)
    assert [case.case_type for case in await cases(world)] == ["ban"]
    assert world.mallory.id in world.guild.bans


@pytest.mark.parametrize(
    "reason", ["@everyone **x** <@1> [a](https://b.example)", "`" * 50, "a\u202eb"]
)
async def test_a_reason_cannot_format_or_ping(world: World, reason: str) -> None:
    reply = await act(world, "ban", world.mallory, reason=reason)

    for text in (reply.text, *told(world, world.mallory)):
        assert "@everyone" not in text
        assert "**x**" not in text
        assert "\u202e" not in text
    assert not reply.pings


@pytest.mark.parametrize("reason", ["", " ", "x" * 401, "\u200b\0"])
async def test_a_reason_that_is_none_is_refused(world: World, reason: str) -> None:
    reply = await act(world, "ban", world.mallory, reason=reason, forced=True)

    assert reply.ephemeral
    assert await cases(world) == []
    assert world.guild.bans == {}


async def test_numbers_run_within_each_server(world: World) -> None:
    other = world.discord.guild("Elsewhere", world.founder.user, ["zoe"])
    await asyncio.sleep(0.1)
    zoe = next(member for member in other.members.values() if member.name == "zoe")

    await act(world, "warn", world.mallory)
    await act(world, "warn", world.bob)
    await act(world, "warn", zoe, other.members[world.founder.id])

    assert [case.case_number for case in await cases(world)] == [2, 1]
    found = await world.db.case.page(other.id)
    assert [case.case_number for case in found.items] == [1]


async def test_twenty_at_once_get_twenty_numbers(world: World) -> None:
    crowd = [world.discord.member(world.guild, f"m{n}") for n in range(20)]

    await asyncio.gather(*(act(world, "warn", member) for member in crowd))

    numbers = sorted(case.case_number for case in await cases(world))
    assert numbers == list(range(1, 21))
