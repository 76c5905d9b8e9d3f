"""Registering commands: only if they changed, and never at the cost of a start."""

import logging

import pytest

from tests.bot.world import World
from tuxdb.bot.sync import (
    clear_guild,
    difference,
    hash_of,
    payload_of,
    registered,
    sync_if_changed,
)

PUT = "PUT .*/commands"


def puts(world: World) -> int:
    return sum(
        r.method == "PUT" and "commands" in r.path for r in world.discord.requests
    )


async def test_commands_are_for_servers_alone(world: World) -> None:
    commands = world.discord.commands

    assert {tuple(c["contexts"]) for c in commands} == {(0,)}
    assert {tuple(c["integration_types"]) for c in commands} == {(0,)}


async def test_what_is_registered_already_is_not_sent_again(world: World) -> None:
    before = puts(world)

    assert not await sync_if_changed(world.bot)

    assert puts(world) == before == 1


async def test_a_changed_command_is_sent(world: World) -> None:
    world.bot.tree.remove_command("stats")

    assert await sync_if_changed(world.bot)

    assert "stats" not in {command["name"] for command in world.discord.commands}


async def test_a_sync_can_be_asked_for(world: World) -> None:
    before = puts(world)

    assert await sync_if_changed(world.bot, always=True)

    assert puts(world) == before + 1


@pytest.mark.parametrize(
    ("code", "said"), [(30034, "no more new commands today"), (0, "HTTP 400")]
)
async def test_a_sync_that_fails_is_a_warning_and_is_tried_next_time(
    world: World, caplog: pytest.LogCaptureFixture, code: int, said: str
) -> None:
    world.bot.tree.remove_command("stats")
    world.discord.faults.status(400, on=PUT, code=code)

    with caplog.at_level(logging.WARNING):
        assert not await sync_if_changed(world.bot)

    assert said in caplog.text
    assert await sync_if_changed(world.bot)


async def test_commands_of_one_server_can_be_cleared(world: World) -> None:
    assert await clear_guild(world.bot, world.guild.id)

    last = [r for r in world.discord.requests if r.method == "PUT"][-1]
    assert f"/guilds/{world.guild.id}/commands" in last.path
    assert not last.body


async def test_what_discord_has_differs_in_nothing_after_a_sync(world: World) -> None:
    here = await payload_of(world.bot)

    assert not difference(here, await registered(world.bot))


def test_a_difference_is_named() -> None:
    here = [{"type": 1, "name": "a"}, {"type": 1, "name": "b", "description": "new"}]
    there = [{"type": 1, "name": "b", "description": "old"}, {"type": 2, "name": "C"}]

    assert str(difference(here, there)) == "new: /a; changed: /b; gone: C"


def test_the_order_of_commands_does_not_matter() -> None:
    one, other = {"type": 1, "name": "a"}, {"type": 1, "name": "b"}

    assert hash_of([one, other]) == hash_of([other, one])
