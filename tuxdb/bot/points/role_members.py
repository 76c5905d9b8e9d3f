"""The members of a role, as far as the bot can know them.

Without the privileged members intent Discord lists nobody. What it does tell is whether
one person, asked for by id, is there and with which roles. So the members of a role
are, of those whom this server's database knows as active, those who have the role now.
With the intent they are all of them.
"""

import asyncio
from collections.abc import AsyncIterator

import discord

from tuxdb.bot.interaction import Interaction
from tuxdb.bot.points.accounts import guild_of, mark_left
from tuxdb.errors import Refused
from tuxdb.models.names import stored_name

MOST_KNOWN = 500
AT_ONCE = 5
PAGE = 500

Named = tuple[int, str]
"""A Discord id and the username that goes with it."""


class TooManyMembers(Refused):
    """There are more members than can be asked about one by one."""

    public = True

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} members", details={"limit": limit})


async def members_of(interaction: Interaction, role: discord.Role) -> list[Named]:
    """Who has a role, in the order of their ids; no bots."""
    if interaction.client.intents.members:
        found = [m async for m in role.guild.fetch_members(limit=None)]
    else:
        found = await _ask_about(interaction, role.guild, await _known(interaction))
    return sorted(
        (member.id, stored_name(member.name, member.id))
        for member in found
        if not member.bot and (role.is_default() or member.get_role(role.id))
    )


async def _known(interaction: Interaction) -> list[int]:
    """The active users of the guild."""
    known: list[int] = []
    async for discord_id in _active(interaction):
        known.append(discord_id)
        if len(known) > MOST_KNOWN:
            raise TooManyMembers(MOST_KNOWN)
    return known


async def _active(interaction: Interaction) -> AsyncIterator[int]:
    users, cursor = interaction.client.db.user, None
    while True:
        page = await users.page_by_guild(
            guild_of(interaction), after=cursor, limit=PAGE
        )
        for user in page.items:
            if user.is_active:
                yield user.discord_id
        cursor = page.next
        if cursor is None:
            return


async def _ask_about(
    interaction: Interaction, guild: discord.Guild, ids: list[int]
) -> list[discord.Member]:
    """Those who are there, asked for a few at a time; the others have left."""
    several = asyncio.Semaphore(AT_ONCE)

    async def ask(discord_id: int) -> discord.Member | None:
        async with several:
            try:
                return await guild.fetch_member(discord_id)
            except discord.NotFound:
                await mark_left(interaction, discord_id)
                return None

    answers = await asyncio.gather(*(ask(discord_id) for discord_id in ids))
    return [member for member in answers if member is not None]
