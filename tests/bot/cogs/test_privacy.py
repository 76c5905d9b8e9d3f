"""`/privacy`: a member's own data in one server."""

import asyncio
import gzip
import json
from importlib import import_module
from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.bot.double import Member, Reply


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("privacy",)}


async def export(world: World, who: Member) -> Reply:
    return await world.discord.slash(who, "privacy export")


def document(reply: Reply) -> Any:
    assert reply.shown is not None
    (upload,) = reply.shown.uploads
    content = upload.content
    return json.loads(
        gzip.decompress(content) if upload.name[-3:] == ".gz" else content
    )


async def warn(world: World, who: Member, reason: str = "spam", **more: Any) -> int:
    case, _ = await world.db.case.open(
        world.guild.id,
        who.id,
        who.name,
        case_type="warn",
        reason=reason,
        moderator_id=world.moderator.id,
        **more,
    )
    return case.case_number


async def is_known(world: World, who: Member) -> bool:
    return await world.db.user.get_member(who.guild.id, who.id) is not None


async def test_everybody_may_ask_about_themselves(world: World) -> None:
    assert world.discord.command("privacy")["default_member_permissions"] is None


async def test_the_export_is_a_file_for_the_person_alone(world: World) -> None:
    await world.give(world.alice, 100)
    await warn(world, world.alice)

    reply = await export(world, world.alice)

    found = document(reply)
    assert reply.ephemeral
    assert found["discord_id"] == str(world.alice.id)
    (user,) = found["data"]["users"]
    assert user["discord_id"] == str(world.alice.id)
    assert user["points"] == 100
    assert [case["reason"] for case in found["data"]["cases"]] == ["spam"]
    assert len(found["data"]["points_transactions"]) == 1


async def test_it_holds_nothing_of_others_or_of_another_server(world: World) -> None:
    other = world.discord.guild("Elsewhere", world.founder.user, [world.alice.user])
    await asyncio.sleep(0.1)
    await world.give(other.members[world.alice.id], 7)
    await world.give(world.alice, 100)
    await world.give(world.bob, 5)

    found = document(await export(world, world.alice))

    assert [row["points"] for row in found["data"]["users"]] == [100]


async def test_hostile_names_stay_what_they_are_in_the_file(world: World) -> None:
    await world.give(world.alice, 1)
    await warn(world, world.alice, '"},{"\u2028 \x7f @everyone')

    found = document(await export(world, world.alice))

    assert found["data"]["cases"][0]["reason"] == '"},{"\u2028 \x7f @everyone'


async def test_who_is_unknown_is_told_so(world: World) -> None:
    assert "Nothing is known" in (await export(world, world.alice)).text
    reply = await world.discord.slash(world.alice, "privacy forget")
    assert "Nothing is known" in reply.text


async def test_what_is_too_large_for_discord_is_compressed_or_declined(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.give(world.alice, 100)
    await warn(world, world.alice, "spam " * 100)
    privacy = import_module("tuxdb.bot.cogs.privacy")  # as the bot has loaded it
    monkeypatch.setattr(privacy, "FILE_LIMIT", 1500)
    assert document(await export(world, world.alice))["data"]["users"]

    monkeypatch.setattr(privacy, "FILE_LIMIT", 50)
    assert "Ask whoever runs the bot" in (await export(world, world.alice)).text

    monkeypatch.setattr(privacy, "MOST_BYTES", 50)
    assert "Ask whoever runs the bot" in (await export(world, world.alice)).text


async def test_forgetting_says_before_what_goes_and_what_stays(world: World) -> None:
    await world.give(world.alice, 100)
    number = await warn(world, world.alice)
    await world.db.case.close(world.guild.id, number)

    reply = await world.discord.slash(world.alice, "privacy forget")

    assert reply.ephemeral
    assert "1 case" in reply.text
    assert "your row" in reply.text
    assert "ledger stay" in reply.text
    assert reply.labels == ["Confirm", "Cancel"]
    assert await is_known(world, world.alice)


async def test_confirm_forgets_and_leaves_the_ledger_in_order(world: World) -> None:
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    done = await world.discord.press(world.alice, reply, "Confirm")

    assert "You are forgotten" in done.text
    assert not await is_known(world, world.alice)
    assert (await world.db.points.verify(world.guild.id)).mismatches == []
    assert (await world.db.points.supply(world.guild.id)).held == 0


async def test_nothing_is_left_that_names_the_person(world: World) -> None:
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")
    await world.discord.press(world.alice, reply, "Confirm")

    changes = (await world.db.changes.list()).items

    assert [change.actor for change in changes] == ["the person"]
    assert str(world.alice.id) not in str(changes)
    assert "Nothing is known" in (await export(world, world.alice)).text


async def test_cancel_forgets_nothing(world: World) -> None:
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    await world.discord.press(world.alice, reply, "Cancel")

    assert await is_known(world, world.alice)


async def test_confirm_of_a_stranger_forgets_nobody(world: World) -> None:
    await world.give(world.alice, 100)
    await world.give(world.mallory, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    await world.discord.press(world.mallory, reply, "Confirm", forced=True)

    assert await is_known(world, world.alice)
    assert await is_known(world, world.mallory)


async def test_an_open_case_cannot_be_shaken_off(world: World) -> None:
    await world.give(world.alice, 100)
    await warn(world, world.alice)

    reply = await world.discord.slash(world.alice, "privacy forget")

    assert "1 case about you is open" in reply.text
    assert reply.labels == []


async def test_a_case_opened_after_the_question_keeps_it_from_happening(
    world: World,
) -> None:
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")
    await warn(world, world.alice)

    done = await world.discord.press(world.alice, reply, "Confirm")

    assert "is open" in done.text
    assert await is_known(world, world.alice)


async def test_frozen_points_cannot_be_shaken_off(world: World) -> None:
    await world.give(world.alice, 100)
    await world.db.points.freeze(world.guild.id, world.alice.id, reason="dispute")

    reply = await world.discord.slash(world.alice, "privacy forget")

    assert "frozen" in reply.text
    assert await is_known(world, world.alice)


async def test_leaving_and_coming_back_makes_no_points(world: World) -> None:
    guild = world.guild.id
    await world.db.guild_config.set_points_rule(guild, "start_balance", 50)
    await world.give(world.bob, 1)
    await world.give(world.alice, 1)
    await world.db.points.transfer(guild, world.alice.id, world.bob.id, 20)

    reply = await world.discord.slash(world.alice, "privacy forget")

    assert "31 points left of the 50" in reply.text
    assert await is_known(world, world.alice)


async def test_other_servers_keep_what_they_know(world: World) -> None:
    other = world.discord.guild("Elsewhere", world.founder.user, [world.alice.user])
    await asyncio.sleep(0.1)
    there = other.members[world.alice.id]
    await world.give(there, 7)
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    await world.discord.press(world.alice, reply, "Confirm")

    assert not await is_known(world, world.alice)
    assert await world.balance(there) == 7


async def test_three_presses_forget_once(world: World) -> None:
    await world.give(world.alice, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    for _ in range(3):
        await world.discord.press(world.alice, reply, "Confirm", forced=True)

    assert len((await world.db.changes.list()).items) == 1


async def test_no_point_is_made_or_lost_while_others_send_and_receive(
    world: World,
) -> None:
    guild, alice, bob = world.guild.id, world.alice.id, world.bob.id
    await world.give(world.alice, 100)
    await world.give(world.bob, 100)
    reply = await world.discord.slash(world.alice, "privacy forget")

    moves = [
        world.db.points.transfer(guild, *pair, 5)
        for _ in range(10)
        for pair in ((alice, bob), (bob, alice))
    ]
    await asyncio.gather(
        world.discord.press(world.alice, reply, "Confirm"),
        *moves,
        return_exceptions=True,
    )

    supply = await world.db.points.supply(guild)
    assert (await world.db.points.verify(guild)).mismatches == []
    assert supply.held == supply.minted - supply.burned
    assert not await is_known(world, world.alice)


async def test_notes_of_a_moderator_stay_without_the_name(world: World) -> None:
    moritz = world.moderator
    await world.give(moritz, 1)
    number = await warn(world, world.mallory, "raid")
    guild, signature = world.guild.id, f"{moritz.name} ({moritz.id})"
    await world.db.case.note(guild, number, f"{signature}: said ({moritz.id}): sorry")
    await world.db.case.note(guild, number, f"mona ({world.manager.id}): fine")
    await world.db.case.note(guild, number, f"{signature}: again")
    reply = await world.discord.slash(moritz, "privacy forget")

    await world.discord.press(moritz, reply, "Confirm")

    case = await world.db.case.get_case(guild, number)
    assert case is not None
    assert (case.reason or "").splitlines() == [
        "raid",
        f"former moderator: said ({moritz.id}): sorry",
        f"mona ({world.manager.id}): fine",
        "former moderator: again",
    ]
    assert case.moderator_id is None
