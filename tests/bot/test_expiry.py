"""Temporary bans end, once, whatever Discord and other processes do."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bot.moderating import PAST, banned, state
from tests.bot.world import World
from tuxdb.bot import expiry
from tuxdb.bot.expiry import Expiry
from tuxdb.engine.leading import leading

UNBAN = "DELETE /guilds/.*/bans"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("moderation",)}


def asked(world: World, method: str) -> int:
    return len(
        [r for r in world.discord.requests if r.method == method and "/bans/" in r.path]
    )


async def test_an_expired_ban_is_lifted_and_its_case_closed(
    world: World, looking: Expiry
) -> None:
    number = await banned(world)

    assert await looking.sweep() == 1

    assert world.guild.bans == {}
    assert not (await state(world, number)).is_active
    last = [r for r in world.discord.requests if r.method == "DELETE"][-1]
    assert last.reason == f"Case {number}: the time of the ban is over"


async def test_a_ban_that_is_not_over_stays(world: World, looking: Expiry) -> None:
    await banned(world, over=timedelta(hours=1))
    await banned(world, "bob", over=None)

    assert await looking.sweep() == 0

    assert len(world.guild.bans) == 2
    assert asked(world, "DELETE") == 0


async def test_it_looks_by_itself(world: World, looking: Expiry) -> None:
    running = Expiry(world.bot, every_seconds=0.05)
    running.start()
    running.start()
    try:
        await asyncio.sleep(0.15)
        number = await banned(world)
        await asyncio.sleep(0.4)
    finally:
        await running.stop()

    assert world.guild.bans == {}
    assert not (await state(world, number)).is_active
    assert asked(world, "DELETE") == 1


async def test_a_ban_that_is_gone_counts_as_lifted(
    world: World, looking: Expiry
) -> None:
    number = await banned(world)
    world.guild.bans.clear()

    assert await looking.sweep() == 1

    assert not (await state(world, number)).is_active


async def test_five_processes_lift_a_ban_once(world: World, looking: Expiry) -> None:
    for name in ("mallory", "bob", "alice"):
        await banned(world, name)

    swept = await asyncio.gather(*(Expiry(world.bot).sweep() for _ in range(5)))

    assert sum(swept) == 3
    assert asked(world, "DELETE") == 3
    assert world.guild.bans == {}


async def test_who_does_not_lead_does_nothing(world: World, looking: Expiry) -> None:
    await banned(world)

    async with leading(world.db, "expiry") as lead:
        assert lead is not None
        assert await looking.sweep() == 0

    assert len(world.guild.bans) == 1
    assert await looking.sweep() == 1


async def test_a_later_ban_is_not_lifted_by_an_older_case(
    world: World, looking: Expiry
) -> None:
    older = await banned(world)
    newer = await banned(world, over=None)

    await looking.sweep()

    assert world.mallory.id in world.guild.bans
    assert not (await state(world, older)).is_active
    assert (await state(world, newer)).is_active


async def test_discord_being_away_is_waited_out(world: World, looking: Expiry) -> None:
    number = await banned(world)
    world.discord.faults.status(503, on=UNBAN)

    assert await looking.sweep() == 0
    assert (await state(world, number)).is_active

    assert await looking.sweep() == 1
    assert world.guild.bans == {}


async def test_a_refusal_is_noted_once_and_tried_again_later(
    world: World, looking: Expiry
) -> None:
    number = await banned(world)
    world.discord.faults.status(
        403, on=UNBAN, code=50013, message="Missing it", times=9
    )

    await looking.sweep()
    first = await state(world, number)
    await looking.sweep()
    await world.db.case.update_by_id(first.id, expires_at=datetime.now(UTC) + PAST)
    await looking.sweep()
    second = await state(world, number)

    assert second.is_active
    assert (second.reason or "").count("could not be lifted: Missing it") == 1
    assert second.expires_at is not None
    assert second.expires_at > datetime.now(UTC)
    assert asked(world, "DELETE") == 2


async def test_those_that_cannot_be_lifted_do_not_hold_up_the_others(
    world: World, looking: Expiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 1)
    await banned(world)
    await banned(world, "bob")
    world.discord.faults.status(403, on=UNBAN, code=50013)

    for _ in range(3):
        await looking.sweep()

    assert list(world.guild.bans) == [world.mallory.id]


async def test_an_expired_timeout_is_only_closed(world: World, looking: Expiry) -> None:
    number = await banned(world, case_type="timeout")

    await looking.sweep()

    assert not (await state(world, number)).is_active
    assert asked(world, "DELETE") == 0


async def test_a_failure_does_not_end_the_loop(
    world: World, looking: Expiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Expiry(world.bot, every_seconds=0.02)
    swept: list[int] = []

    async def failing() -> int:
        swept.append(1)
        raise ZeroDivisionError

    monkeypatch.setattr(running, "sweep", failing)
    running.start()
    await asyncio.sleep(0.2)
    await running.stop()

    assert len(swept) > 2


async def test_it_stops_in_the_middle_of_a_look(world: World, looking: Expiry) -> None:
    await banned(world)
    world.discord.faults.delay(5.0, on=UNBAN)
    running = Expiry(world.bot, every_seconds=0.02)
    running.start()
    await asyncio.sleep(0.2)

    async with asyncio.timeout(2.0):
        await running.stop()

    async with leading(world.db, "expiry") as lead:
        assert lead is not None
