"""Points while the database is locked, away, or breaks off in the middle."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.bot.locks import users_locked
from tests.bot.world import World
from tests.harness.wire import EXECUTE, Wire, lose_the_answer
from tuxdb.bot.double import Reply
from tuxdb.bot.points import settling
from tuxdb.controllers import grouping, ledger
from tuxdb.database import Database
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points", "points-admin")}


@pytest.fixture
def settings(wire: Wire) -> Settings:
    """Have the bot reach its database by way of the proxy."""
    return replace(
        Settings(url=wire.url), connect_timeout=1.0, pool_timeout=1.0, lock_timeout=6.0
    )


@pytest.fixture
async def near(database_url: str) -> AsyncIterator[Database]:
    """The same database without the proxy."""
    async with Database.open(Settings(url=DatabaseUrl.parse(database_url))) as db:
        yield db


async def balances(world: World, near: Database) -> tuple[int, int]:
    found = [
        (await near.points.balance(world.guild.id, member.id)).points
        for member in (world.alice, world.bob)
    ]
    return found[0], found[1]


async def ready(world: World) -> None:
    """Give alice 100, and have every statement prepared."""
    await world.give(world.alice, 100)
    await world.give(world.bob, 100)
    await world.transfer(world.alice, world.bob, 1)
    await world.transfer(world.bob, world.alice, 1)


def quick(reply: Reply) -> bool:
    return reply.deferred_after is not None and reply.deferred_after < 1


async def test_rows_locked_for_four_seconds_are_waited_for(
    world: World, near: Database
) -> None:
    await ready(world)

    async with users_locked(near):
        replies = [
            world.discord.start(
                world.alice, "points transfer", member=world.bob, amount=10
            )
            for _ in range(5)
        ]
        looking = world.discord.start(world.bob, "points balance")
        await asyncio.wait_for(looking.answered.wait(), 1)
        await asyncio.sleep(4)
    await asyncio.gather(*(reply.finished() for reply in replies))

    assert all(quick(reply) for reply in (*replies, looking))
    assert "has 100 points" in looking.text
    assert all("You sent 10 points" in reply.text for reply in replies)
    assert await balances(world, near) == (50, 150)


async def test_while_the_database_is_away_every_command_says_so_at_once(
    world: World, wire: Wire, near: Database
) -> None:
    await ready(world)
    wire.go_down()

    began = time.monotonic()
    replies = [
        await world.transfer(world.alice, world.bob, 10),
        await world.discord.slash(world.alice, "points balance"),
        await world.discord.slash(world.alice, "points leaderboard"),
        await world.discord.slash(world.alice, "points history"),
        await world.discord.slash(world.manager, "points-admin supply"),
        await world.discord.menu(world.alice, "Show points", world.bob),
    ]
    took = time.monotonic() - began

    for reply in replies:
        assert quick(reply)
        assert reply.ephemeral
        assert reply.content.startswith(
            "The database is not reachable. Nothing was changed. (`ref "
        )
    assert took < 10
    assert await balances(world, near) == (100, 100)
    await wire.come_up()
    world.bot.breaker.succeeded()
    assert "You sent" in (await world.transfer(world.alice, world.bob, 10)).text


async def test_no_entries_are_suggested_while_the_database_is_away(
    world: World, wire: Wire
) -> None:
    await ready(world)
    wire.freeze()

    reply = world.discord.people.complete(
        world.manager, "points-admin reverse", "entry", "", {}
    )
    await reply.finished()
    wire.thaw()

    assert reply.choices == []
    assert quick(reply)


async def test_a_list_stays_when_its_next_page_cannot_be_read(
    world: World, wire: Wire
) -> None:
    for number in range(12):
        await world.db.user.refresh(world.guild.id, 5000 + number, f"m{number}")
    board = await world.discord.slash(world.alice, "points leaderboard")
    shown = board.text
    wire.go_down()

    pressed = await world.discord.press(world.alice, board, "Next")

    assert quick(pressed)
    assert "not reachable" in pressed.text
    assert pressed.followups[-1].ephemeral
    assert board.text == shown
    assert board.labels == ["Next", "Last", "Page 1 …"]
    await wire.come_up()


async def test_a_lost_answer_is_settled_without_the_person_noticing(
    world: World, wire: Wire, near: Database
) -> None:
    await ready(world)
    wire.strike_at(b"points_transactions", lose_the_answer)
    wire.strike_at(EXECUTE, lose_the_answer)

    replies = [await world.transfer(world.alice, world.bob, 10) for _ in range(3)]

    sent = [reply for reply in replies if "You sent" in reply.text]
    assert await balances(world, near) == (100 - 10 * len(sent), 100 + 10 * len(sent))
    assert (await near.points.verify(world.guild.id)).mismatches == []


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the ledger give up soon, and the bot ask again soon."""
    for module in (grouping, ledger):
        monkeypatch.setattr(module, "ANSWER_SECONDS", 1.5)
        monkeypatch.setattr(module, "ATTEMPT_SECONDS", 1.0)
    monkeypatch.setattr(settling, "PAUSE_SECONDS", 0.2)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("confirmed", [False, True])
async def test_what_is_unknown_is_told_and_found_out_when_the_database_is_back(
    world: World, wire: Wire, near: Database, confirmed: bool
) -> None:
    await ready(world)
    if confirmed:
        await near.guild_config.set_bot_rule(world.guild.id, "confirm_from", 10)
        await asyncio.sleep(0.2)
        reply = await world.transfer(world.alice, world.bob, 10)
    wire.strike_at(f"i:{reply.id}".encode() if confirmed else b"i:", lose_the_answer)

    if confirmed:
        pressing = world.discord.start_press(world.alice, reply, "Confirm")
    else:
        reply = pressing = world.discord.start(
            world.alice, "points transfer", member=world.bob, amount=10
        )
    await asyncio.wait_for(wire.over.wait(), 5)
    wire.go_down()
    await pressing.finished()

    assert "the points may have moved, or not" in reply.text
    assert await balances(world, near) == (90, 110)
    await wire.come_up()
    await asyncio.sleep(1.5)
    assert "You sent 10 points" in reply.text
    assert await balances(world, near) == (90, 110)
    assert reply.ephemeral


@pytest.mark.usefixtures("impatient")
async def test_a_bot_that_stops_before_it_has_found_out_says_so(
    world: World, wire: Wire, near: Database
) -> None:
    await ready(world)
    wire.strike_at(b"i:", lose_the_answer)
    reply = world.discord.start(
        world.alice, "points transfer", member=world.bob, amount=10
    )
    await asyncio.wait_for(wire.over.wait(), 5)
    wire.go_down()
    await reply.finished()

    await world.stop()

    assert "I could not find out whether the points have moved." in reply.content
    assert await balances(world, near) == (90, 110)
