"""What Discord may say to a moderation command, and how often one may arrive."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bot.moderating import act, asked, cases, told
from tests.bot.world import World
from tuxdb.bot import discipline, sanctions

BAN = "PUT /guilds/.*/bans"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("moderation",)}


async def test_the_same_interaction_delivered_again_acts_once(world: World) -> None:
    reply = await act(world, "ban", world.mallory)

    world.discord.redeliver(reply)
    await asyncio.sleep(0.3)

    assert len(await cases(world)) == 1
    assert len(asked(world, "PUT", "/bans/")) == 1
    assert len(told(world, world.mallory)) == 1


async def test_a_key_that_was_used_acts_no_more_even_past_the_acknowledgement(
    world: World,
) -> None:
    decision = discipline.Decision(
        sanctions.Kind.TIMEOUT,
        world.guild.id,
        await world.bot.fetch_user(world.mallory.id),
        await world.bot.fetch_user(world.moderator.id),
        "spam",
        datetime.now(UTC) + timedelta(hours=1),
        notice="",
        key="i:1",
    )
    acting = discipline.Discipline(world.bot)

    verdicts = await asyncio.gather(*(acting.carry_out(decision) for _ in range(5)))

    assert len([v for v in verdicts if v.answer is not None]) == 1
    assert len({v.case.case_number for v in verdicts}) == 1
    assert len(asked(world, "PATCH", "/members/")) == 1


async def test_discord_refusing_closes_the_case_with_its_words(world: World) -> None:
    world.discord.faults.status(403, on=BAN, code=50013, message="Missing Permissions")

    reply = await act(world, "ban", world.mallory, reason="spam")

    (case,) = await cases(world)
    assert "Missing Permissions" in reply.text
    assert not case.is_active
    assert not case.is_pending
    assert case.reason is not None
    assert case.reason.startswith("spam")
    assert "Discord refused (Missing Permissions)" in case.reason
    assert world.mallory.id not in world.guild.bans
    assert told(world, world.mallory) == []  # the notice was taken back


async def test_a_user_whom_discord_does_not_know_is_not_banned(world: World) -> None:
    world.discord.faults.status(404, on=BAN, code=10013, message="Unknown User")

    await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (False, False)


async def test_a_rate_limit_is_waited_for(world: World) -> None:
    world.discord.faults.rate_limit(0.2, on=BAN)

    await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (True, False)
    assert world.mallory.id in world.guild.bans


async def test_a_ban_by_the_proxy_in_front_is_a_refusal(world: World) -> None:
    world.discord.faults.rate_limit(0.2, on=BAN, via=False)

    await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (False, False)
    assert world.mallory.id not in world.guild.bans


async def test_a_bad_gateway_is_tried_again(world: World) -> None:
    world.discord.faults.bad_gateway(on=BAN)

    await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (True, False)


async def test_a_lost_answer_is_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sanctions, "PATIENCE_SECONDS", 0.3)
    world.discord.faults.delay(1.0, on=BAN, answer=True)

    reply = await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert "was banned" in reply.text
    assert (case.is_active, case.is_pending) == (True, False)


@pytest.mark.parametrize("verb", ["timeout", "kick", "ban"])
async def test_a_connection_that_breaks_after_the_act_is_found_out(
    world: World, verb: str
) -> None:
    world.discord.faults.lose_answer(on="/guilds/.*/(bans|members)/")

    await act(world, verb, world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (True, False)


@pytest.mark.parametrize("verb", ["timeout", "kick", "ban"])
async def test_a_connection_that_breaks_before_the_act_is_tried_again(
    world: World, verb: str
) -> None:
    world.discord.faults.cut(on="(PUT|PATCH|DELETE) /guilds/.*/(bans|members)/")

    await act(world, verb, world.mallory)

    (case,) = await cases(world)
    assert (case.is_active, case.is_pending) == (True, False)


async def test_an_unavailable_discord_leaves_the_case_pending(world: World) -> None:
    world.discord.faults.status(503, on="/bans", times=100)

    reply = await act(world, "ban", world.mallory)

    (case,) = await cases(world)
    assert "does not answer" in reply.text
    assert case.is_pending
    assert world.mallory.id not in world.guild.bans


async def test_a_bot_that_may_not_ban_says_so_and_writes_no_case(
    world: World,
) -> None:
    me = world.guild.members[world.discord.application_id]
    for role in (*me.roles, *world.guild.roles.values()):
        role.permissions &= ~(1 << 2 | 1 << 3)
    world.moderator.roles[0].permissions |= 1 << 2
    me.roles = [r for r in me.roles if r is not world.moderator.roles[0]]

    reply = await act(world, "ban", world.mallory)

    assert "Ban Members" in reply.text
    assert await cases(world) == []
    assert told(world, world.mallory) == []


async def test_who_leaves_meanwhile_is_said_to_be_gone(world: World) -> None:
    world.discord.faults.status(
        404, on="DELETE /guilds/.*/members", code=10007, message="Unknown Member"
    )

    reply = await act(world, "kick", world.mallory)

    (case,) = await cases(world)
    assert "not on this server any more" in reply.text
    assert (case.is_active, case.is_pending) == (True, False)
    assert "Discord does not tell" in (case.reason or "")


async def test_who_takes_no_messages_is_not_told_and_nobody_hears_of_it(
    world: World,
) -> None:
    world.mallory.user.takes_direct_messages = False

    reply = await act(world, "ban", world.mallory)

    assert "message" not in reply.text.lower()
    assert world.mallory.id in world.guild.bans


async def test_a_slow_message_does_not_hold_up_the_ban(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discipline, "NOTICE_SECONDS", 0.2)
    world.discord.faults.delay(3.0, on="/users/@me/channels")

    await act(world, "ban", world.mallory)

    assert world.mallory.id in world.guild.bans


async def test_without_a_database_nothing_is_done(world: World) -> None:
    for _ in range(10):
        world.bot.breaker.failed()

    reply = await act(world, "ban", world.mallory)

    assert "not reachable" in reply.text
    assert world.mallory.id not in world.guild.bans
    assert told(world, world.mallory) == []
