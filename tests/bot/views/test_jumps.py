"""Jumps in a list: to its last page, and to one whose number is typed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bot.views.test_pages import board, ranks, tens, turn
from tests.bot.world import World
from tuxdb.bot.double import Reply
from tuxdb.models import User


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def go_to(world: World, reply: Reply, number: str) -> Reply:
    """Type the number of a page; what is answered."""
    label = next(label for label in reply.labels if label.startswith("Page "))
    window = await world.discord.press(world.alice, reply, label)
    return await world.discord.submit(world.alice, window, page=number)


async def test_the_last_page_is_one_press_away(world: World) -> None:
    reply = await board(world)

    assert await turn(world, reply, "Last") == tens(4)
    assert reply.labels == ["First", "Back", "Page 5 …"]
    assert await turn(world, reply, "Back", "Back") == tens(2)
    assert await turn(world, reply, "Next", "Next") == tens(4)


@pytest.mark.parametrize(
    ("typed", "page"),
    [("3", 3), (" 4 ", 4), ("1", 1), ("0", 1), ("-7", 1), ("6", 5), ("999999999", 5)],
)
async def test_a_typed_number_leads_to_that_page_or_the_nearest(
    world: World, typed: str, page: int
) -> None:
    reply = await board(world)

    answered = await go_to(world, reply, typed)

    assert (answered.deferred_after or 9) < 1
    assert ranks(reply) == tens(page - 1)
    assert reply.labels[-1] == f"Page {page} …"


async def test_what_is_no_number_turns_no_page(world: World) -> None:
    reply = await board(world)

    answered = await go_to(world, reply, "two")

    assert answered.ephemeral
    assert answered.content == "That is not the number of a page."
    assert ranks(reply) == tens(0)


async def test_after_a_jump_pages_are_turned_by_cursor(world: World) -> None:
    reply = await board(world)
    await go_to(world, reply, "3")
    await world.give(world.bob, 2**53 - 1)

    await turn(world, reply, "Next")

    assert "m31:" in reply.text
    assert "m30:" not in reply.text


async def test_a_window_is_understood_after_a_restart(world: World) -> None:
    reply = await board(world)
    window = await world.discord.press(world.alice, reply, "Page 1 …")
    await world.restart()

    await world.discord.submit(world.alice, window, page="4")

    assert ranks(reply) == tens(3)
    assert await turn(world, reply, "Back") == tens(2)


async def test_a_stranger_gets_no_window(world: World) -> None:
    reply = await board(world)

    pressed = await world.discord.press(world.bob, reply, "Page 1 …")

    assert pressed.modal is None
    assert pressed.content == "These buttons belong to somebody else."


async def test_rows_that_have_gone_leave_the_nearest_page(world: World) -> None:
    reply = await board(world)
    window = await world.discord.press(world.alice, reply, "Page 1 …")
    await world.db.user.delete_where(User.discord_id > 5025)

    await world.discord.submit(world.alice, window, page="5")

    assert ranks(reply) == tens(2, 25)


async def test_cursors_too_long_for_a_button_are_found_by_number_after_a_restart(
    world: World,
) -> None:
    await world.db.user.bulk_create(
        [
            {
                "guild_id": world.guild.id,
                "discord_id": 5000 + number,
                "username": f"m{number}",
                "message_count": 10**6 - number,
                "last_active": datetime(2025, 1, 1, 0, 0, 0, number, tzinfo=UTC),
            }
            for number in range(1, 46)
        ]
    )
    reply = await world.discord.slash(world.alice, "points leaderboard", by="messages")
    await turn(world, reply, "Next", "Next", "Next")
    await world.restart()

    assert await turn(world, reply, "Back", "Back") == tens(1)
    assert await turn(world, reply, "Next") == tens(2)
    assert await turn(world, reply, "Last") == tens(4)


async def test_the_numbers_of_a_button_before_the_update_are_not_known(
    world: World,
) -> None:
    reply = await board(world)
    custom_id = next(b["custom_id"] for b in reply.buttons if b["label"] == "Next")
    before = custom_id.replace(":n2:", ":n:")

    await world.discord.press(world.alice, reply, before, forced=True)

    assert ranks(reply) == tens(1)
    assert reply.labels == ["First", "Back", "Next", "Last", "Page …"]
    assert await turn(world, reply, "Last") == tens(4)


async def test_a_history_has_its_buttons_and_last_page(world: World) -> None:
    for amount in range(1, 25):
        await world.give(world.alice, amount)
    reply = await world.discord.slash(world.alice, "points history")

    await world.discord.press(world.alice, reply, "Last")

    assert reply.labels == ["First", "Back", "Page 3 …"]
    assert all(len(button["custom_id"]) <= 100 for button in reply.buttons)


async def test_a_list_asks_in_the_language_of_who_turns_it(world: World) -> None:
    world.alice.user.locale = "de"
    reply = await board(world)

    window = await world.discord.press(world.alice, reply, "Seite 1 …")
    answered = await world.discord.submit(world.alice, window, page="zwei")

    assert reply.labels == ["Weiter", "Ende", "Seite 1 …"]
    assert window.modal is not None
    assert window.modal["title"] == "Zu einer Seite gehen"
    assert answered.content == "Das ist keine Seitenzahl."
