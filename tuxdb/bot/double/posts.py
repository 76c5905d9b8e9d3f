"""Messages in channels: written, changed and deleted; who is told of them."""

from tuxdb.bot.double.calls import Call
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.messages import Message, Pings
from tuxdb.bot.double.permissions import Permission
from tuxdb.bot.double.places import Channel, Json
from tuxdb.bot.double.realm import Realm, snowflake
from tuxdb.bot.double.refusals import (
    cannot_message_this_user,
    missing_access,
    missing_permissions,
    no_mutual_guild,
    others_message,
    unknown,
)


class Posts:
    """Serves `/channels`."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def channel(self, call: Call) -> Json:
        """Show a channel."""
        return self._channel(call).payload()

    async def typing(self, call: Call) -> None:
        """Show that the bot is typing."""
        self._may(self._channel(call), Permission.SEND_MESSAGES)

    async def all(self, call: Call) -> list[Json]:
        """Show messages, newest first."""
        channel = self._channel(call)
        limit = call.whole("limit", 50, 100)
        messages = [
            message.payload()
            for message in reversed(self._realm.messages.values())
            if message.channel is channel and _is_there(message)
        ]
        return messages[:limit]

    async def message(self, call: Call) -> Json:
        """Show one message."""
        return self._message(call).payload()

    async def write(self, call: Call) -> Json:
        """Write a message as the bot."""
        channel = self._channel(call)
        self._may(channel, Permission.SEND_MESSAGES)
        self._may_reach(channel)
        draft = call.draft(self._realm)
        if draft.files:
            self._may(channel, Permission.ATTACH_FILES)
        message = Message(self._realm.snowflake(), channel, self._realm.bot)
        if "embeds" in draft.body and not self._has(channel, Permission.EMBED_LINKS):
            draft.body["embeds"] = []  # Discord drops them without a word
        draft.write(message)
        everyone = self._has(channel, Permission.MENTION_EVERYONE)
        message.pings = Pings.of(
            message.content, draft.allowed_mentions, may_call_all=everyone
        )
        announce(self._realm, self._realm.keep(message))
        return message.payload()

    async def edit(self, call: Call) -> Json:
        """Change a message of the bot."""
        message = self._message(call)
        if message.author is not self._realm.bot:
            raise others_message()
        call.draft(self._realm).edit(message)
        announce_change(self._realm, message)
        return message.payload()

    async def delete(self, call: Call) -> None:
        """Delete a message; another's only with the permission for it."""
        message = self._message(call)
        if message.author is not self._realm.bot:
            self._may(message.channel, Permission.MANAGE_MESSAGES)
        message.deleted = True
        announce_end(self._realm, message)

    def _channel(self, call: Call) -> Channel:
        channel = self._realm.channel(call.path["channel"])
        if not self._has(channel, Permission.VIEW_CHANNEL):
            raise missing_access()
        return channel

    def _message(self, call: Call) -> Message:
        channel = self._channel(call)
        message = self._realm.messages.get(snowflake(call.path["message"]))
        if message is None or message.channel is not channel or not _is_there(message):
            raise unknown("Message")
        return message

    def _may_reach(self, channel: Channel) -> None:
        receiver = channel.receiver
        if receiver is None:
            return
        if receiver.bot or not receiver.takes_direct_messages:
            raise cannot_message_this_user()
        if not self._realm.shares_a_guild(receiver):
            raise no_mutual_guild()

    def _has(self, channel: Channel, needed: Permission) -> bool:
        if channel.guild is None:
            return True
        return needed in self._realm.me(channel.guild).permissions(channel)

    def _may(self, channel: Channel, needed: Permission) -> None:
        if not self._has(channel, needed):
            raise missing_permissions()


def announce(realm: Realm, message: Message) -> None:
    """Tell of a new message; an ephemeral one is nobody else's business."""
    _tell(realm, "MESSAGE_CREATE", message)


def announce_change(realm: Realm, message: Message) -> None:
    """Tell of an edited message."""
    _tell(realm, "MESSAGE_UPDATE", message)


def announce_end(realm: Realm, message: Message) -> None:
    """Tell of a deleted message."""
    guild = message.channel.guild
    told = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        **({"guild_id": str(guild.id)} if guild else {}),
    }
    if not message.ephemeral:
        realm.tell("MESSAGE_DELETE", told, guild=guild, needs=_needed(message))


def _tell(realm: Realm, event: str, message: Message) -> None:
    if message.ephemeral or message.loading:
        return
    guild = message.channel.guild
    payload = message.payload()
    calls_us = realm.bot.id in message.pings.users
    if guild is not None:
        payload["guild_id"] = str(guild.id)
        member = guild.members.get(message.author.id)
        if member is not None:
            payload["member"] = member.payload(with_user=False)
        payload["mentions"] = [
            {
                **guild.members[user].user.payload(),
                "member": guild.members[user].payload(with_user=False),
            }
            for user in message.pings.users
            if user in guild.members
        ]
    ours = message.author is realm.bot or calls_us or guild is None

    def told(intents: Intent) -> Json:
        if ours or Intent.MESSAGE_CONTENT in intents:
            return payload
        hidden = {"content": "", "embeds": [], "attachments": [], "components": []}
        return {**payload, **hidden}

    realm.tell(event, told, guild=guild, needs=_needed(message))


def _needed(message: Message) -> Intent:
    in_guild = message.channel.guild is not None
    return Intent.GUILD_MESSAGES if in_guild else Intent.DIRECT_MESSAGES


def _is_there(message: Message) -> bool:
    """Whether the channel holds it: ephemeral messages are not in the channel."""
    return not (message.deleted or message.ephemeral or message.loading)
