"""What the gateway says of an interaction."""

from tuxdb.bot.double.options import Filled
from tuxdb.bot.double.permissions import EVERYONE, Permission
from tuxdb.bot.double.places import Channel, Json, Member
from tuxdb.bot.double.realm import Realm
from tuxdb.bot.double.replies import Kind as Interaction

UPLOAD_BYTES = 10 << 20
IN_GUILD, WITH_BOT = 0, 1
"""Contexts: a guild, and a direct message with the bot."""


def interaction(
    realm: Realm, kind: Interaction, member: Member, channel: Channel, data: Json
) -> Json:
    """What an interaction says of where it is from, whoever caused it."""
    common: Json = {
        "application_id": str(realm.application_id),
        "type": int(kind),
        "version": 1,
        "data": data,
        "channel_id": str(channel.id),
        "locale": member.user.locale,
        "entitlements": [],
        "attachment_size_limit": UPLOAD_BYTES,
    }
    guild = channel.guild
    if guild is None:
        return {
            **common,
            "channel": channel.payload(),
            "user": member.user.payload(),
            "app_permissions": str(int(EVERYONE)),
            "authorizing_integration_owners": {"0": "0"},
            "context": WITH_BOT,
        }
    permissions = str(int(member.permissions(channel)))
    return {
        **common,
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
        "guild_locale": guild.locale,
        "channel": {**channel.payload(), "permissions": permissions},
        "member": {**member.payload(), "permissions": permissions},
        "app_permissions": str(int(realm.me(guild).permissions(channel))),
        "authorizing_integration_owners": {"0": str(guild.id)},
        "context": IN_GUILD,
    }


def command_data(
    top: Json, path: list[Json], options: list[Json], filled: Filled
) -> Json:
    """What is said of the use of a command."""
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    data: Json = {"id": top["id"], "name": top["name"], "type": top["type"]}
    if options:
        data["options"] = options
    if filled.resolved:
        data["resolved"] = filled.resolved
    if "guild_id" in top:
        data["guild_id"] = top["guild_id"]
    return data


def is_shown(command: Json, member: Member, channel: Channel) -> bool:
    """Whether a command is shown to a member in a channel."""
    contexts = command.get("contexts")
    here = IN_GUILD if channel.guild else WITH_BOT
    if contexts is not None and here not in contexts:
        return False
    if channel.guild is None:
        return "guild_id" not in command
    if Permission.USE_APPLICATION_COMMANDS not in member.permissions(channel):
        return False
    needed = command["default_member_permissions"]
    has = member.permissions(channel)
    if needed is None or Permission.ADMINISTRATOR in has:
        return True
    wanted = Permission(int(needed))
    return bool(wanted) and wanted in has
