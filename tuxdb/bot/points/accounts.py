"""Accounts: members of Discord as users of tuxdb, and what they may write."""

import discord

from tuxdb.bot.declined import BotTarget
from tuxdb.bot.embeds import clean
from tuxdb.bot.interaction import Interaction, Person
from tuxdb.errors import DatabaseUnavailable, InvalidTransfer, OutcomeUnknown
from tuxdb.models import User

MAX_REASON = 200


def actor_of(interaction: Interaction) -> str:
    """Who did it, as the ledger records it."""
    return f"discord:{interaction.user.id}"


def guild_of(interaction: Interaction) -> int:
    """The guild of a command, which works nowhere else."""
    if interaction.guild_id is None:
        raise discord.app_commands.NoPrivateMessage
    return interaction.guild_id


def member_of(interaction: Interaction) -> discord.Member:
    """Who uses a command of a guild."""
    if not isinstance(interaction.user, discord.Member):
        raise discord.app_commands.NoPrivateMessage
    return interaction.user


def refuse_bot(member: Person) -> None:
    """Raise BotTarget for a bot: it holds no points."""
    if member.bot:
        raise BotTarget


def checked_reason(text: str | None) -> str | None:
    """A reason as it is stored: one line of what can be seen; None for nothing."""
    reason = clean(text or "")
    if len(reason) > MAX_REASON:
        raise InvalidTransfer("reason", f"is longer than {MAX_REASON} characters")
    return reason or None


async def enrolled(interaction: Interaction, member: discord.Member) -> User:
    """The member's account, made if this is the first time, under its present name."""
    users = interaction.client.db.user
    try:
        return await users.refresh(guild_of(interaction), member.id, member.name)
    except OutcomeUnknown as error:  # an account may be there; nothing else can be
        raise DatabaseUnavailable(str(error)) from error


async def looked_up(interaction: Interaction, who: Person) -> None:
    """See that an account is as Discord shows the person: here, or gone.

    Discord describes a person as a member only while they are one. No account is made
    for one who is not.
    """
    if isinstance(who, discord.Member):
        await enrolled(interaction, who)
        return
    await mark_left(interaction, who.id)


async def known(interaction: Interaction, who: Person) -> User:
    """A person's account, taken for left if they are no member; NotFound without."""
    users, guild_id = interaction.client.db.user, guild_of(interaction)
    user = await users.require_member(guild_id, who.id)
    if isinstance(who, discord.Member) or not user.is_active:
        return user
    return await users.update_member(guild_id, who.id, is_active=False)


async def mark_left(interaction: Interaction, discord_id: int) -> None:
    """Take a user for one who has left, if it is known at all."""
    users, guild_id = interaction.client.db.user, guild_of(interaction)
    user = await users.get_member(guild_id, discord_id)
    if user is not None and user.is_active:
        await users.update_member(guild_id, discord_id, is_active=False)
