"""`/points` as members use it, and misuse it."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col

from tests.bot.world import World
from tuxdb.bot.double import Member, Reply
from tuxdb.models import PointsTransaction

HOSTILE = "**@everyone** \u202e<@&5> [x](https://evil.example) \u200b`"


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def entries(world: World, kind: str = "transfer") -> list[PointsTransaction]:
    return await world.db.points.find_all(col(PointsTransaction.kind) == kind)


async def total(world: World, *members: Member) -> int:
    return sum([await world.balance(member) for member in members])


def footer(reply: Reply) -> str:
    return str(reply.embeds[0]["footer"]["text"])


def is_receipt(reply: Reply) -> bool:
    return bool(reply.embeds) and reply.embeds[0].get("title") == "Sent"


# -- a transfer --------------------------------------------------------------------


async def test_a_transfer_moves_points_and_shows_a_private_receipt(
    world: World,
) -> None:
    await world.give(world.alice, 100)

    reply = await world.discord.slash(
        world.alice, "points transfer", member=world.bob, amount=40, reason="lunch"
    )

    (entry,) = await entries(world)
    assert reply.ephemeral
    assert f"You sent 40 points to <@{world.bob.id}>." in reply.text
    assert "60 points" in reply.text
    assert "lunch" in reply.text
    assert footer(reply) == f"Entry {entry.id}"
    assert await world.balance(world.alice) == 60
    assert await world.balance(world.bob) == 40
    assert (entry.idempotency_key, entry.reason) == (f"i:{reply.id}", "lunch")
    assert entry.actor == f"discord:{world.alice.id}"
    assert reply.deferred_after is not None
    assert reply.deferred_after < 1


async def test_the_same_interaction_delivered_again_moves_nothing_more(
    world: World,
) -> None:
    await world.give(world.alice, 100)
    reply = await world.transfer(world.alice, world.bob, 40)

    for _ in range(3):
        world.discord.redeliver(reply)
    await asyncio.sleep(0.5)

    assert await world.balance(world.alice) == 60
    assert len(await entries(world)) == 1
    assert reply.refused == [40060] * 3
    assert is_receipt(reply)
    assert reply.followups == []


async def test_twelve_transfers_of_the_whole_balance_at_once_are_one(
    world: World,
) -> None:
    await world.give(world.alice, 1100)

    replies = await asyncio.gather(
        *(world.transfer(world.alice, world.bob, 1100) for _ in range(12))
    )

    assert [is_receipt(reply) for reply in replies].count(True) == 1
    refused = [reply for reply in replies if not is_receipt(reply)]
    assert {r.content for r in refused} == {"You have 0 points; 1,100 are needed."}
    assert all(reply.ephemeral and (reply.deferred_after or 9) < 1 for reply in replies)
    assert await world.balance(world.alice) == 0
    assert await world.balance(world.bob) == 1100


async def test_crossing_transfers_conserve_points(world: World) -> None:
    await world.give(world.alice, 100)
    await world.give(world.bob, 100)

    replies = await asyncio.gather(
        *(world.transfer(world.alice, world.bob, 3) for _ in range(15)),
        *(world.transfer(world.bob, world.alice, 5) for _ in range(15)),
    )

    assert all(is_receipt(reply) for reply in replies)
    assert await total(world, world.alice, world.bob) == 200
    assert (await world.db.points.verify(world.guild.id)).mismatches == []


@pytest.mark.parametrize("amount", [-5, 0, 2**53, 2**62])
async def test_an_amount_forced_out_of_range_moves_nothing(
    world: World, amount: int
) -> None:
    await world.give(world.alice, 100)

    reply = await world.discord.slash(
        world.alice, "points transfer", forced=True, member=world.bob, amount=amount
    )

    assert reply.ephemeral
    assert "whole number from 1" in reply.content
    assert await world.balance(world.alice) == 100
    assert await entries(world) == []


async def test_one_cannot_send_to_oneself(world: World) -> None:
    reply = await world.transfer(world.alice, world.alice, 1)

    assert reply.ephemeral
    assert reply.content == "You cannot send points to yourself."


async def test_one_cannot_send_to_a_bot(world: World) -> None:
    reply = await world.transfer(world.alice, world.robot, 1)

    assert reply.ephemeral
    assert reply.content == "Bots hold no points."


async def test_a_reason_forced_beyond_its_length_is_refused(world: World) -> None:
    await world.give(world.alice, 100)

    reply = await world.discord.slash(
        world.alice,
        "points transfer",
        forced=True,
        member=world.bob,
        amount=1,
        reason="x" * 201,
    )

    assert "reason is longer than 200 characters" in reply.content
    assert await world.balance(world.alice) == 100


async def test_pings_and_formatting_in_a_reason_do_nothing(world: World) -> None:
    await world.give(world.alice, 100)

    reply = await world.discord.slash(
        world.alice, "points transfer", member=world.bob, amount=1, reason=HOSTILE
    )

    assert reply.pings == set()
    assert "@everyone" not in reply.text
    assert "\u202e" not in reply.text
    assert r"\*\*" in reply.text
    assert (await entries(world))[0].reason == (
        "**@everyone** <@&5> [x](https://evil.example) `"
    )


async def test_the_receiver_is_pinged_only_where_the_guild_says_so(
    world: World,
) -> None:
    await world.give(world.alice, 100)
    silent = await world.transfer(world.alice, world.bob, 1)
    await world.db.guild_config.set_bot_rule(world.guild.id, "ping_receiver", True)
    await asyncio.sleep(0.1)

    loud = await world.transfer(world.alice, world.bob, 2)

    assert silent.pings == set()
    assert loud.pings == {world.bob.id}
    assert not loud.followups[0].ephemeral
    assert "sent you 2 points" in loud.followups[0].content


@pytest.mark.parametrize(
    ("rule", "value", "sentence"),
    [
        ("max_balance", 30, "bob would go over this server's limit of 30."),
        ("daily_send", 40, "You can still send 40 points today (limit 40)"),
        ("daily_receive", 40, "bob can still receive 40 points today (limit 40)"),
    ],
)
async def test_a_limit_of_the_guild_is_told_in_a_sentence(
    world: World, rule: str, value: int, sentence: str
) -> None:
    await world.give(world.alice, 50)
    if rule == "max_balance":
        value += 20  # what alice has must stay allowed
        sentence = sentence.replace("30", "50")
        await world.give(world.bob, 45)
    await world.db.guild_config.set_points_rule(world.guild.id, rule, value)

    reply = await world.transfer(world.alice, world.bob, 45)

    assert sentence in reply.content
    assert reply.ephemeral
    assert await world.balance(world.alice) == 50


async def test_frozen_points_stay_where_they_are(world: World) -> None:
    await world.give(world.alice, 50)
    await world.db.points.freeze(world.guild.id, world.alice.id)

    reply = await world.transfer(world.alice, world.bob, 1)

    assert reply.content == "Your points are frozen. Ask a server manager."
    assert reply.ephemeral


async def test_two_guilds_have_points_of_their_own(world: World) -> None:
    other = world.discord.guild("Other", world.founder.user, [world.alice.user, "zoe"])
    await asyncio.sleep(0.2)
    alice, zoe = (
        next(m for m in other.members.values() if m.name == name)
        for name in ("alice", "zoe")
    )
    await world.give(world.alice, 100)

    reply = await world.transfer(alice, zoe, 10)

    assert reply.content == "You have 0 points; 10 are needed."
    assert await world.balance(world.alice) == 100


async def test_the_sixth_transfer_in_a_row_has_to_wait(world: World) -> None:
    await world.give(world.alice, 100)
    world.bot.cooldowns.enabled = True

    replies = [await world.transfer(world.alice, world.bob, 1) for _ in range(6)]

    assert [is_receipt(reply) for reply in replies] == [True] * 5 + [False]
    assert "again in" in replies[-1].content
    assert replies[-1].ephemeral
    world.bot.cooldowns.enabled = False
    assert is_receipt(await world.transfer(world.alice, world.bob, 1))


async def test_a_german_reads_german(world: World) -> None:
    world.alice.user.locale = "de"
    await world.give(world.alice, 1500)

    reply = await world.transfer(world.alice, world.bob, 1)

    assert f"Du hast <@{world.bob.id}> 1 Punkt gesendet." in reply.text
    assert "1.499 Punkte" in reply.text
