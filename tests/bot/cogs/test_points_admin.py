"""`/points-admin`, by managers and by those who would like to be."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col

from tests.bot.managing import balance, grant, team
from tests.bot.world import World
from tuxdb.bot.double import NotOffered
from tuxdb.models import PointsTransaction

MANAGE_SERVER = str(1 << 5)


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points", "points-admin")}


async def entries(world: World, kind: str) -> list[PointsTransaction]:
    return await world.db.points.find_all(col(PointsTransaction.kind) == kind)


# -- who may ----------------------------------------------------------------------


async def test_the_command_is_hidden_from_members_as_a_whole(world: World) -> None:
    command = world.discord.command("points-admin")

    assert command["default_member_permissions"] == MANAGE_SERVER
    assert command["contexts"] == [0]
    assert command["integration_types"] == [0]
    with pytest.raises(NotOffered):
        await grant(world, world.alice)


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("grant", {"amount": 5, "reason": "x"}),
        ("deduct", {"amount": 5, "reason": "x"}),
        ("set", {"amount": 5, "reason": "x"}),
        ("reverse", {"entry": 1}),
        ("verify", {}),
        ("supply", {}),
    ],
)
async def test_a_verb_forced_by_a_member_does_nothing(
    world: World, verb: str, options: dict[str, Any]
) -> None:
    await world.give(world.bob, 50)
    if "amount" in options:
        options = {**options, "member": world.bob}

    reply = await world.discord.slash(
        world.mallory, f"points-admin {verb}", forced=True, **options
    )

    assert reply.ephemeral
    assert reply.content == "This needs Manage Server."
    assert await world.balance(world.bob) == 50
    assert (reply.deferred_after or 9) < 1


async def test_a_role_that_the_guild_names_makes_managers(world: World) -> None:
    role = team(world, world.alice)
    await asyncio.sleep(0.1)
    refused = await grant(world, world.alice, forced=True)
    await world.db.guild_config.set_bot_rule(
        world.guild.id, "manager_roles", [str(role.id)]
    )
    await asyncio.sleep(0.1)

    granted = await grant(world, world.alice, forced=True)

    assert refused.content == "This needs Manage Server."
    assert granted.embeds[0]["title"] == "Done"
    assert await world.balance(world.bob) == 50


async def test_the_owner_of_the_bot_may(world: World) -> None:
    await grant(world, world.owner, forced=True)

    assert await world.balance(world.bob) == 50


# -- a member ----------------------------------------------------------------------


async def test_a_grant_is_entered_with_its_reason_and_who_did_it(
    world: World,
) -> None:
    reply = await grant(world, world.manager)

    (entry,) = await entries(world, "grant")
    assert reply.ephemeral
    assert f"<@{world.bob.id}> got 50 points: 0 before, 50 now." in reply.text
    assert (entry.reason, entry.idempotency_key) == ("prize", f"i:{reply.id}")
    assert entry.actor == f"discord:{world.manager.id}"


async def test_a_grant_delivered_twice_is_one(world: World) -> None:
    reply = await grant(world, world.manager)

    world.discord.redeliver(reply)
    await asyncio.sleep(0.3)

    assert await world.balance(world.bob) == 50


async def test_a_deduction_beyond_the_balance_names_whose_it_is(
    world: World,
) -> None:
    await world.give(world.bob, 12)

    reply = await world.discord.slash(
        world.manager, "points-admin deduct", member=world.bob, amount=50, reason="x"
    )

    assert reply.content == "bob has 12 points; 50 are needed."
    assert await world.balance(world.bob) == 12


async def test_a_balance_is_set_by_the_difference(world: World) -> None:
    await world.give(world.bob, 12)

    reply = await world.discord.slash(
        world.manager, "points-admin set", member=world.bob, amount=0, reason="x"
    )

    (entry,) = await entries(world, "set")
    assert entry.amount == 12
    assert "has 0 points now; it was 12 before" in reply.text
    assert await world.balance(world.bob) == 0


@pytest.mark.parametrize("amount", [-5, 0, 2**60])
async def test_an_amount_forced_out_of_range_does_nothing(
    world: World, amount: int
) -> None:
    reply = await grant(world, world.manager, amount=amount, forced=True)

    assert "whole number from" in reply.content
    assert await entries(world, "grant") == []


async def test_bots_get_nothing(world: World) -> None:
    reply = await grant(world, world.manager, member=world.robot)

    assert reply.content == "Bots hold no points."


async def test_it_is_a_member_or_a_role(world: World) -> None:
    neither = await grant(world, world.manager, member=None)
    both = await grant(world, world.manager, role=team(world, world.bob))

    for reply in (neither, both):
        assert "a member or a role" in reply.content
        assert reply.ephemeral


async def test_a_reason_that_nobody_can_see_is_none(world: World) -> None:
    reply = await grant(world, world.manager, reason="\u200b")

    assert "says nothing that can be seen" in reply.content


async def test_a_large_grant_is_asked_about(world: World) -> None:
    await world.db.guild_config.set_bot_rule(world.guild.id, "confirm_from", 100)
    await asyncio.sleep(0.1)

    small = await grant(world, world.manager, amount=99)
    large = await grant(world, world.manager, amount=100, reason="a *prize*")

    assert small.labels == []
    assert large.labels == ["Confirm", "Cancel"]
    assert await world.balance(world.bob) == 99
    await world.discord.press(world.manager, large, "Confirm")
    assert await world.balance(world.bob) == 199
    assert {e.reason for e in await entries(world, "grant")} == {"prize", "a *prize*"}


async def test_who_has_lost_the_right_meanwhile_cannot_confirm(world: World) -> None:
    await world.db.guild_config.set_bot_rule(world.guild.id, "confirm_from", 1)
    await asyncio.sleep(0.1)
    question = await grant(world, world.manager)
    world.manager.roles.clear()

    reply = await world.discord.press(world.manager, question, "Confirm")

    assert "This needs Manage Server." in reply.text + question.text
    assert await balance(world, world.bob) == 0


# -- the audit ---------------------------------------------------------------------


async def test_supply_and_audit_are_shown(world: World) -> None:
    await world.give(world.alice, 100)
    await world.discord.slash(
        world.manager, "points-admin deduct", member=world.alice, amount=30, reason="x"
    )

    supply = await world.discord.slash(world.manager, "points-admin supply")
    audit = await world.discord.slash(world.manager, "points-admin verify")

    assert [f["value"] for f in supply.embeds[0]["fields"]] == [
        "100 points",
        "30 points",
        "70 points",
    ]
    assert "All is right" in audit.text
    assert supply.ephemeral
    assert audit.ephemeral


async def test_points_of_one_who_has_left_can_be_taken(world: World) -> None:
    await world.give(world.bob, 10)
    world.discord.leave(world.bob)

    reply = await world.discord.slash(
        world.manager, "points-admin deduct", member=world.bob, amount=4, reason="x"
    )

    assert "lost 4 points: 10 before, 6 now" in reply.text
