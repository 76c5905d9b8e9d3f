"""The link that adds the bot to a server."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import discord as discord_py
import pytest

from tests.bot.world import bot_settings
from tuxdb.bot.double import DiscordDouble
from tuxdb.bot.invite import invitation
from tuxdb.bot.refusals import TokenRefused
from tuxdb.settings import Settings


def read(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_it_asks_for_what_the_bot_needs_and_no_more(settings: Settings) -> None:
    found = await invitation(settings, application=123)

    asked = read(found.url)
    assert urlsplit(found.url).hostname == "discord.com"
    assert asked["client_id"] == "123"
    assert set(asked["scope"].split()) == {"bot", "applications.commands"}
    permissions = discord_py.Permissions(int(asked["permissions"]))
    assert {name for name, on in permissions if on} == {
        "read_messages",  # discord.py's name of view_channel
        "send_messages",
        "embed_links",
        "kick_members",
        "ban_members",
        "moderate_members",
    }


async def test_without_moderation_it_asks_for_less(settings: Settings) -> None:
    found = await invitation(replace(settings, bot_cogs=("points",)), application=123)

    assert found.names == ("view_channel", "send_messages", "embed_links")


async def test_a_server_can_be_chosen_beforehand(settings: Settings) -> None:
    found = await invitation(settings, application=123, guild=456)

    assert read(found.url)["guild_id"] == "456"


async def test_discord_is_asked_which_application_it_is(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    chosen = bot_settings(discord, settings, tmp_path)

    found = await invitation(chosen)

    assert found.application_id == discord.application_id


async def test_a_refused_token_is_named(
    discord: DiscordDouble, settings: Settings, tmp_path: Path
) -> None:
    discord.faults.login(401)

    with pytest.raises(TokenRefused):
        await invitation(bot_settings(discord, settings, tmp_path))
