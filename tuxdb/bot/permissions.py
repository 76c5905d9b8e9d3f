"""Permissions: the bot's own check behind what Discord shows and hides.

`default_permissions` only hides a command, and a server's admins may override it; so
every command for some is checked here again, whatever arrives.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import discord
from discord import app_commands

from tuxdb.bot.answers import acknowledge
from tuxdb.bot.declined import MissingPermission, Outranked, RefusedByCheck
from tuxdb.bot.interaction import Interaction
from tuxdb.errors import TuxdbError
from tuxdb.models.guild_settings import BotRules, bot_rules

T = TypeVar("T")
Predicate = Callable[[Interaction], Awaitable[bool]]


async def rules_of(interaction: Interaction) -> BotRules:
    """What the guild has set about the bot; cached, so mostly without a query."""
    if interaction.guild_id is None:
        return bot_rules({})
    return await interaction.client.db.guild_config.bot_rules(interaction.guild_id)


def is_owner(interaction: Interaction) -> bool:
    """Whether it is one who owns the bot."""
    return interaction.user.id in interaction.client.owners


def manages_server(interaction: Interaction) -> bool:
    """Whether Discord itself, or ownership of the bot, makes somebody a manager."""
    permissions = interaction.permissions
    return (
        permissions.manage_guild or permissions.administrator or is_owner(interaction)
    )


async def is_manager(interaction: Interaction) -> bool:
    """Manage Server, or a role that the guild has named, or an owner of the bot."""
    if manages_server(interaction):
        return True
    member = interaction.user
    if not isinstance(member, discord.Member):
        return False
    roles = (await rules_of(interaction)).manager_roles
    return any(member.get_role(role_id) for role_id in roles)


async def require_manager(interaction: Interaction) -> None:
    """Raise MissingPermission for who is no manager.

    Who may be one by a role is acknowledged first, as that takes the database.
    """
    if manages_server(interaction):
        return
    await acknowledge(interaction)
    if not await is_manager(interaction):
        raise MissingPermission("manage_guild")


async def require_owner(interaction: Interaction) -> None:
    """Raise MissingPermission for who does not own the bot."""
    if not is_owner(interaction):
        raise MissingPermission("owner")


def managers_only() -> Callable[[T], T]:
    """Keep a command to managers."""
    return _checked(require_manager)


def owner_only() -> Callable[[T], T]:
    """Keep a command to the bot's owners."""
    return _checked(require_owner)


def require_permission(interaction: Interaction, name: str) -> None:
    """Raise MissingPermission unless one has a permission of Discord's.

    Owning the bot is none: it gives nobody power over the members of a server.
    """
    if not holds(interaction.permissions, name):
        raise MissingPermission(name)


def holds(permissions: discord.Permissions, name: str) -> bool:
    """Whether a permission is among these; administrators have all of them."""
    return permissions.administrator or bool(getattr(permissions, name))


def permission_only(name: str) -> Callable[[T], T]:
    """Keep a command to those with a permission of Discord, such as `ban_members`."""

    async def require(interaction: Interaction) -> None:
        require_permission(interaction, name)

    return _checked(require)


def require_outranks(interaction: Interaction, target: discord.Member) -> None:
    """Raise Outranked unless one and the bot both stand above the target."""
    guild, actor = interaction.guild, interaction.user
    if guild is None or not isinstance(actor, discord.Member):
        raise Outranked("bot")
    if target.id == actor.id:
        raise Outranked("self")
    if target.id == interaction.application_id or target == guild.me:
        raise Outranked("me")
    if target.id == guild.owner_id:
        raise Outranked("owner")
    if actor.id != guild.owner_id and not _is_above(actor, target):
        raise Outranked("actor")
    if guild.me is not None and not _is_above(guild.me, target):
        raise Outranked("bot")  # where its own roles are not known, Discord decides


def _is_above(one: discord.Member, other: discord.Member) -> bool:
    """Whether the highest role of one is above that of another."""
    highest: discord.Role | None = other.top_role  # None where the guild sent no roles
    return highest is None or one.top_role > highest


def _checked(require: Callable[[Interaction], Awaitable[None]]) -> Callable[[T], T]:
    async def predicate(interaction: Interaction) -> bool:
        try:
            await require(interaction)
        except TuxdbError as error:
            raise RefusedByCheck(error) from error
        return True

    return app_commands.check(predicate)
