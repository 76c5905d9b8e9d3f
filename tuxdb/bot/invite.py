"""The link that adds the bot to a server, asking for what it needs and no more."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from tuxdb.bot.client import wanted_cogs
from tuxdb.bot.discord_api import once, use_api
from tuxdb.bot.token import read_token

if TYPE_CHECKING:
    from tuxdb.settings import Settings

SCOPES = ("bot", "applications.commands")
ALWAYS = ("view_channel", "send_messages", "embed_links")
FOR = {"moderation": ("kick_members", "ban_members", "moderate_members")}
"""Permissions of the bot itself, by the part that needs them."""


@dataclass(frozen=True)
class Invitation:
    """A link, and what it asks for."""

    url: str
    application_id: int
    permissions: int
    names: tuple[str, ...]


async def invitation(
    settings: "Settings", application: int | None = None, guild: int | None = None
) -> Invitation:
    """Make the link; Discord is asked only for an application that is not named."""
    names = (*ALWAYS, *(n for part in wanted_cogs(settings) for n in FOR.get(part, ())))
    permissions = discord.Permissions(**dict.fromkeys(names, True))
    found = application or await _application(settings)
    url = discord.utils.oauth_url(
        found,
        permissions=permissions,
        guild=discord.Object(guild) if guild else discord.utils.MISSING,
        scopes=SCOPES,
    )
    return Invitation(url, found, permissions.value, names)


async def _application(settings: "Settings") -> int:
    token = read_token(settings)
    use_api(settings.discord_api_base)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await once(client.login(token))
    return client.application_id or 0
