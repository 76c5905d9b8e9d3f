"""`run-bot --check`: what would go wrong is known beforehand, without the gateway."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.bot.world import World, bot_settings
from tuxdb.bot.check import check
from tuxdb.bot.double import DiscordDouble
from tuxdb.controllers.doctor import Check, Diagnosis
from tuxdb.errors import ExitCode
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


@pytest.fixture
def chosen(discord: DiscordDouble, settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a bot that would start."""
    return bot_settings(discord, settings, tmp_path)


def by_name(found: Diagnosis) -> dict[str, Check]:
    return {item.check: item for item in found.items}


async def test_a_bot_that_would_start(discord: DiscordDouble, chosen: Settings) -> None:
    found = await check(chosen)

    assert found.exit_code is ExitCode.OK
    items = by_name(found)
    assert list(items) == [
        "token",
        "database",
        "schema",
        "parts",
        "discord",
        "intents",
        "gateway",
        "commands",
    ]
    assert items["commands"].detail.startswith("new: ")
    assert discord.gateway.identifies == 0
    assert str(chosen.discord_token) not in str(found)


async def test_commands_that_are_registered_differ_in_nothing(world: World) -> None:
    found = by_name(await check(world.settings))

    assert "none differs" in found["commands"].detail


async def test_offline_leaves_discord_alone(
    discord: DiscordDouble, chosen: Settings
) -> None:
    found = await check(chosen, offline=True)

    assert [item.check for item in found.items] == [
        "token",
        "database",
        "schema",
        "parts",
    ]
    assert discord.requests == []


async def test_without_a_token_the_rest_is_checked_all_the_same(
    chosen: Settings,
) -> None:
    found = await check(replace(chosen, discord_token=None))

    assert found.exit_code is ExitCode.CONFIGURATION
    assert by_name(found)["token"].next == "DISCORD_TOKEN, or --token-file FILE"
    assert by_name(found)["schema"].status == "ok"


async def test_a_refused_token(discord: DiscordDouble, chosen: Settings) -> None:
    discord.faults.login(401)

    found = await check(chosen)

    assert found.exit_code is ExitCode.CONFIGURATION
    assert by_name(found)["discord"].detail == "Discord refuses the token"


async def test_discord_is_away(discord: DiscordDouble, chosen: Settings) -> None:
    discord.faults.login(503)

    found = await check(chosen)

    assert found.exit_code is ExitCode.UNREACHABLE
    assert by_name(found)["discord"].detail == "cannot reach Discord: HTTP 503"


async def test_an_intent_that_is_off_is_known_before_4014(
    discord: DiscordDouble, chosen: Settings
) -> None:
    chosen = replace(chosen, bot_members_intent=True)

    off = await check(chosen)
    discord.allow_intents("guild_members")
    on = await check(chosen)

    assert off.exit_code is ExitCode.CONFIGURATION
    assert "Privileged Gateway Intents" in by_name(off)["intents"].detail
    assert by_name(on)["intents"].status == "ok"


async def test_few_sessions_left_is_a_warning(
    discord: DiscordDouble, chosen: Settings
) -> None:
    discord.realm.session_starts = 3

    found = by_name(await check(chosen))["gateway"]

    assert found.status == "warn"
    assert "3 of " in found.detail


async def test_a_database_that_is_away(chosen: Settings) -> None:
    nowhere = DatabaseUrl.parse("postgresql://bot@127.0.0.1:9/tux")

    found = await check(replace(chosen, url=nowhere))

    assert found.exit_code is ExitCode.UNREACHABLE
    assert by_name(found)["discord"].status == "ok"


async def test_a_schema_that_is_behind(
    chosen: Settings, empty_database_url: str
) -> None:
    empty = DatabaseUrl.parse(empty_database_url)

    found = await check(replace(chosen, url=empty))

    assert found.exit_code is ExitCode.FOUND
    assert by_name(found)["schema"].next == "tuxdb migrate"
