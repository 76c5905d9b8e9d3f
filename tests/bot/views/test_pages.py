"""Pages that are turned, by one person, across a restart, for a while."""

import asyncio
from typing import Any

import pytest

from tests.bot.world import World
from tuxdb.bot.double import Reply
from tuxdb.bot.views import pages


@pytest.fixture
def bot_changes() -> dict[str, Any]:
    """Load only what is tested here."""
    return {"bot_cogs": ("points",)}


async def board(world: World, members: int = 45) -> Reply:
    """A leaderboard of five pages."""
    await world.db.user.bulk_create(
        [
            {
                "guild_id": world.guild.id,
                "discord_id": 5000 + number,
                "username": f"m{number}",
                "points": 2**53 - 1 - number,
            }
            for number in range(1, members + 1)
        ]
    )
    return await show(world)


async def show(world: World) -> Reply:
    return await world.discord.slash(world.alice, "points leaderboard")


def ranks(reply: Reply) -> list[int]:
    lines = reply.embeds[0]["description"].splitlines()
    return [int(line.split(".")[0]) for line in lines]


async def turn(world: World, reply: Reply, *labels: str) -> list[int]:
    for label in labels:
        pressed = await world.discord.press(world.alice, reply, label)
        assert (pressed.deferred_after or 9) < 1
    return ranks(reply)


def tens(page: int, last: int = 45) -> list[int]:
    return list(range(page * 10 + 1, min(page * 10 + 10, last) + 1))


async def test_pages_are_turned_forth_and_back(world: World) -> None:
    reply = await board(world)

    assert ranks(reply) == tens(0)
    assert reply.labels == ["Next", "Last", "Page 1 …"]
    assert await turn(world, reply, "Next") == tens(1)
    assert reply.labels == ["First", "Back", "Next", "Last", "Page 2 …"]
    assert await turn(world, reply, "Next", "Next", "Next") == tens(4)
    assert reply.labels == ["First", "Back", "Page 5 …"]
    assert await turn(world, reply, "Back") == tens(3)
    assert await turn(world, reply, "Back", "Back") == tens(1)
    assert await turn(world, reply, "Back") == tens(0)
    assert await turn(world, reply, "Next", "Next", "First") == tens(0)


async def test_a_list_of_one_page_has_no_buttons(world: World) -> None:
    assert (await board(world, 10)).buttons == []


async def test_buttons_hold_no_more_than_discord_allows(world: World) -> None:
    reply = await board(world)
    await turn(world, reply, "Next")

    ids = [button["custom_id"] for button in reply.buttons]

    assert len(set(ids)) == 5
    assert all(len(custom_id) <= 100 for custom_id in ids)


async def test_pages_are_turned_after_a_restart(world: World) -> None:
    reply = await board(world)
    await turn(world, reply, "Next", "Next")
    await world.restart()

    assert await turn(world, reply, "Back") == tens(1)
    assert await turn(world, reply, "Next") == tens(2)
    await world.restart()
    assert await turn(world, reply, "Next") == tens(3)
    assert await turn(world, reply, "Back") == tens(2)


async def test_a_new_process_finds_the_whole_way_back(world: World) -> None:
    reply = await board(world)
    await turn(world, reply, "Next", "Next", "Next")
    await world.restart()

    assert await turn(world, reply, "Back") == tens(2)
    assert await turn(world, reply, "Back") == tens(1)
    assert await turn(world, reply, "Back") == tens(0)
    assert reply.labels == ["Next", "Last", "Page 1 …"]


async def test_without_numbers_further_back_than_is_known_is_the_first_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(pages._FINDS, "pl")
    reply = await board(world)
    await turn(world, reply, "Next", "Next", "Next")
    await world.restart()

    assert reply.labels == ["First", "Back", "Next"]
    assert await turn(world, reply, "Back") == tens(2)
    assert await turn(world, reply, "Back") == tens(0)


async def test_a_row_added_meanwhile_shifts_no_page(world: World) -> None:
    reply = await board(world)
    await world.give(world.bob, 2**53 - 1)

    await turn(world, reply, "Next")

    assert "m11:" in reply.text
    assert "m10:" not in reply.text


async def test_a_stranger_does_not_turn_the_page(world: World) -> None:
    reply = await board(world)

    pressed = await world.discord.press(world.bob, reply, "Next")

    assert pressed.ephemeral
    assert pressed.content == "These buttons belong to somebody else."
    assert ranks(reply) == tens(0)


async def test_the_buttons_go_when_nobody_turns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SECONDS", 0.4)
    reply = await board(world)
    await turn(world, reply, "Next")
    await asyncio.sleep(0.2)
    assert reply.labels

    await asyncio.sleep(0.4)

    assert reply.buttons == []
    assert ranks(reply) == tens(1)


async def test_an_old_list_has_expired(world: World) -> None:
    await board(world)
    with world.discord.ago(200):
        reply = await show(world)
    await world.restart()

    pressed = await world.discord.press(world.alice, reply, "Next")

    assert pressed.ephemeral
    assert pressed.content == "This list has expired. Ask for it again."


@pytest.mark.parametrize(
    "custom_id", ["p:zz:n:1:1:", "p:zz:l:1:1:", "p:pl:n", "p:pl:n:!:?:x:points"]
)
async def test_a_button_of_another_version_has_expired(
    world: World, custom_id: str
) -> None:
    reply = await board(world)

    pressed = await world.discord.press(world.alice, reply, custom_id, forced=True)

    assert pressed.ephemeral
    assert "This list has expired" in pressed.content


async def test_a_cursor_that_somebody_made_up_has_expired(world: World) -> None:
    reply = await board(world)
    custom_id = next(b["custom_id"] for b in reply.buttons if b["label"] == "Next")
    parts = custom_id.split(":")
    parts[5] = "~abc.5.5"

    pressed = await world.discord.press(
        world.alice, reply, ":".join(parts), forced=True
    )

    assert "This list has expired" in pressed.text
    assert ranks(reply) == tens(0)


async def test_the_cursor_of_another_list_has_expired(world: World) -> None:
    reply = await board(world)
    custom_id = next(b["custom_id"] for b in reply.buttons if b["label"] == "Next")
    other = custom_id.removesuffix("points") + "messages"

    pressed = await world.discord.press(world.alice, reply, other, forced=True)

    assert pressed.followups[0].content == "This list has expired. Ask for it again."
    assert ranks(reply) == tens(0)


async def test_a_page_that_is_turned_to_is_in_the_language_of_the_server(
    world: World,
) -> None:
    reply = await board(world)
    await world.db.guild_config.set_bot_rule(world.guild.id, "locale", "de")
    await asyncio.sleep(0.1)

    await turn(world, reply, "Next")

    assert "Punkte" in reply.text
