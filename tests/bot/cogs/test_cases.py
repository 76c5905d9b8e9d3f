"""`/cases`: looking up and noting."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bot.moderating import ask, opened, state
from tests.bot.world import World


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("cases", "moderation")}


async def test_the_command_is_for_moderators(world: World) -> None:
    command = world.discord.command("cases")

    assert command["default_member_permissions"] == str(1 << 40)
    assert command["contexts"] == [0]


async def test_cases_are_listed_newest_first_to_the_moderator_alone(
    world: World,
) -> None:
    await opened(world, world.mallory)
    await opened(world, world.bob, "ban", "raid")

    reply = await ask(world, "list")

    assert reply.ephemeral
    assert reply.text.index("raid") < reply.text.index("spam")
    assert world.bob.user.mention in reply.text


async def test_a_list_is_of_one_member_or_one_type(world: World) -> None:
    await opened(world, world.mallory, reason="one")
    await opened(world, world.bob, reason="two")
    await opened(world, world.bob, "kick", reason="three")

    of_bob = await ask(world, "list", member=world.bob)
    warnings = await ask(world, "list", type="warn")
    both = await ask(world, "list", member=world.bob, type="warn")
    none = await ask(world, "list", member=world.alice)

    assert [word in of_bob.text for word in ("one", "two", "three")] == [0, 1, 1]
    assert [word in warnings.text for word in ("one", "two", "three")] == [1, 1, 0]
    assert [word in both.text for word in ("one", "two", "three")] == [0, 1, 0]
    assert "no such case" in none.text


async def test_long_lists_are_turned_page_by_page_and_back(world: World) -> None:
    for number in range(23):
        await opened(world, world.mallory, reason=f"r{number:02}")

    reply = await ask(world, "list")
    seen = [reply.text]
    for label in ("Next", "Next", "Back", "First", "Last"):
        await world.discord.press(world.moderator, reply, label)
        seen.append(reply.text)

    firsts = [next(n for n in range(22, -1, -1) if f"r{n:02}" in text) for text in seen]
    assert firsts == [22, 12, 2, 12, 22, 2]


async def test_a_page_is_refused_when_the_permission_has_gone(world: World) -> None:
    for _ in range(11):
        await opened(world, world.mallory)
    reply = await ask(world, "list")
    world.moderator.roles.clear()

    pressed = await world.discord.press(world.moderator, reply, "Next")

    (told,) = pressed.followups
    assert told.ephemeral
    assert "Timeout Members" in told.text


async def test_a_case_is_shown_whole_and_harmless(world: World) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    await opened(
        world, world.mallory, "ban", "**x** @everyone `y` <@1>", expires_at=until
    )

    reply = await ask(world, "show", number=1)

    assert r"\*\*x\*\*" in reply.text
    assert "@everyone" not in reply.text
    assert f"<t:{int(until.timestamp())}:f>" in reply.text
    assert not reply.pings


async def test_the_longest_reason_fits(world: World) -> None:
    await opened(world, world.mallory, reason="*" * 2000)

    reply = await ask(world, "show", number=1)

    assert "Warning · case 1" in reply.text


async def test_a_number_is_a_name_and_no_amount(world: World) -> None:
    await world.db.guild.upsert(("id",), id=world.guild.id, case_count=1233)
    await opened(world, world.mallory)

    shown = await ask(world, "show", number=1234)
    listed = await ask(world, "list")

    assert "case 1234" in shown.text
    assert "`1234`" in listed.text


async def test_a_missing_number_is_answered_with_those_there_are(world: World) -> None:
    await opened(world, world.mallory)

    reply = await ask(world, "show", number=12)

    assert "12" in reply.text
    assert "1" in reply.text.replace("12", "")


async def test_a_note_names_its_author(world: World) -> None:
    await opened(world, world.mallory)

    reply = await ask(world, "note", number=1, text="said\nsorry")

    moderator = world.moderator
    reason = (await state(world)).reason or ""
    assert reason.startswith("spam")
    assert f"{moderator.name} ({moderator.id}): said sorry" in reason
    assert "said sorry" in reply.text


async def test_a_note_that_has_no_room_is_refused(world: World) -> None:
    await opened(world, world.mallory, reason="x" * 1990)

    reply = await ask(world, "note", number=1, text="y" * 100)

    assert "y" * 20 not in ((await state(world)).reason or "")
    assert reply.ephemeral


@pytest.mark.parametrize("verb", ["list", "show", "note", "close"])
@pytest.mark.parametrize("who", ["mallory", "manager"])
async def test_a_forced_command_of_a_member_is_refused(
    world: World, verb: str, who: str
) -> None:
    await opened(world, world.bob)
    options: dict[str, Any] = {} if verb == "list" else {"number": 1}
    if verb == "note":
        options["text"] = "x"

    reply = await ask(world, verb, getattr(world, who), forced=True, **options)

    assert reply.ephemeral
    assert "spam" not in reply.text
    found = await state(world)
    assert (found.is_active, found.reason) == (True, "spam")


async def test_numbers_are_completed_with_what_they_are_about(world: World) -> None:
    for _ in range(12):
        await opened(world, world.mallory)

    found = await world.discord.autocomplete(world.moderator, "cases show", "number", 1)

    assert [choice["value"] for choice in found] == [12, 11, 10, 1]
    assert found[0]["name"] == "12 · Warning · mallory · spam"


async def test_numbers_are_completed_for_nobody_else(world: World) -> None:
    await opened(world, world.bob)
    # as a server's admins may, under Integrations
    world.discord.command("cases")["default_member_permissions"] = None

    found = await world.discord.autocomplete(world.mallory, "cases show", "number", "")

    assert found == []


async def test_a_case_of_one_server_is_none_of_another(world: World) -> None:
    other = world.discord.guild("Elsewhere", world.founder.user, ["zoe"])
    await asyncio.sleep(0.1)
    zoe = next(member for member in other.members.values() if member.name == "zoe")
    await opened(world, zoe, reason="secret")

    shown = await ask(world, "show", number=1)
    closed = await ask(world, "close", number=1)
    listed = await ask(world, "list")
    found = await world.discord.autocomplete(
        world.moderator, "cases show", "number", ""
    )

    for reply in (shown, closed, listed):
        assert "secret" not in reply.text
    assert found == []
    case = await world.db.case.get_case(other.id, 1)
    assert case is not None
    assert case.is_active
