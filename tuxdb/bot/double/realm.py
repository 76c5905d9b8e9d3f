"""All that the double knows: who and what there is, and who is told of changes."""

import base64
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Protocol

from tuxdb.bot.double.faults import Request
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.messages import Message, Upload
from tuxdb.bot.double.places import Channel, Guild, Json, Member, User
from tuxdb.bot.double.refusals import invalid_form, missing_access, unknown
from tuxdb.bot.double.replies import Reply
from tuxdb.bot.double.snowflakes import Snowflakes

MESSAGES_KEPT = 5_000
REQUESTS_KEPT = 20_000
DAILY_CREATES = 200

Told = Json | Callable[[Intent], Json]
"""What an event says; it may depend on what a session asked for."""


class Teller(Protocol):
    """Who sends events to the sessions of the gateway."""

    def dispatch(
        self, event: str, told: Told, *, guild_id: int = 0, needs: Intent = Intent.NONE
    ) -> None:
        """Tell every session of the guild's shard that asked for such events."""


class Realm:
    """The state of the double."""

    teller: Teller

    def __init__(self, *, token: str | None = None) -> None:
        self.snowflake = Snowflakes()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.uploads: dict[int, Upload] = {}
        self.commands: dict[int, Json] = {}
        self.replies: dict[str, Reply] = {}
        self.requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        self.bot = self.user("tuxdb", bot=True)
        self.owner = self.user("owner")
        self.application_id = self.bot.id
        self.token = token or _token(self.bot.id)
        self.allowed_intents = Intent.NONE
        """The privileged ones that are switched on in the portal."""
        self.shard_count = 1
        self.session_starts = 1000
        self.daily_creates = DAILY_CREATES
        self.site = ""

    def user(
        self, name: str, *, bot: bool = False, display_name: str | None = None
    ) -> User:
        """Make a user."""
        user = User(self.snowflake(), name, bot, display_name)
        self.users[user.id] = user
        return user

    def guild(self, guild_id: str) -> Guild:
        """The guild of a path, if the bot is in it."""
        guild = self.guilds.get(snowflake(guild_id))
        if guild is None:
            raise unknown("Guild")
        if self.bot.id not in guild.members:
            raise missing_access()
        return guild

    def channel(self, channel_id: str) -> Channel:
        """The channel of a path, if the bot may see it."""
        channel = self.channels.get(snowflake(channel_id))
        if channel is None:
            raise unknown("Channel")
        if channel.guild is not None:
            self.guild(str(channel.guild.id))
        return channel

    def me(self, guild: Guild) -> Member:
        """The bot as a member."""
        return guild.members[self.bot.id]

    def member(self, guild: Guild, user_id: str) -> Member:
        """The member of a path."""
        member = guild.members.get(snowflake(user_id))
        if member is None:
            raise unknown("Member" if int(user_id) in self.users else "User")
        return member

    def keep(self, message: Message) -> Message:
        """Remember a message; the oldest are forgotten."""
        self.messages[message.id] = message
        while len(self.messages) > MESSAGES_KEPT:
            self.messages.pop(next(iter(self.messages)))
        return message

    def upload(
        self, name: str, content: bytes, content_type: str, description: str | None
    ) -> Upload:
        """Keep a file and give it an address."""
        upload_id = self.snowflake()
        name = re.sub(r"[^\w.-]", "_", name)
        url = f"{self.site}/attachments/{upload_id}/{name}"
        upload = Upload(upload_id, name, content, content_type, url, description)
        self.uploads[upload_id] = upload
        return upload

    def direct(self, user: User) -> Channel:
        """The channel in which the bot and a user are alone."""
        for channel in self.channels.values():
            if channel.receiver is user:
                return channel
        channel = Channel(self.snowflake(), user.name, receiver=user)
        self.channels[channel.id] = channel
        return channel

    def shares_a_guild(self, user: User) -> bool:
        """Whether the bot meets a user anywhere."""
        return any(
            user.id in guild.members and self.bot.id in guild.members
            for guild in self.guilds.values()
        )

    def tell(
        self, event: str, told: Told, *, guild: Guild | None, needs: Intent
    ) -> None:
        """Tell the sessions that may know."""
        guild_id = guild.id if guild else 0
        self.teller.dispatch(event, told, guild_id=guild_id, needs=needs)


def snowflake(text: str) -> int:
    """An id in a path."""
    if not text.isdecimal():
        message = f'Value "{text}" is not snowflake.'
        error = {"code": "NUMBER_TYPE_COERCE", "message": message}
        raise invalid_form({"id": {"_errors": [error]}})
    return int(text)


def _token(application_id: int) -> str:
    """A token in the form of Discord's, of no use anywhere else."""
    head = base64.urlsafe_b64encode(str(application_id).encode()).decode().rstrip("=")
    return f"{head}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(20)}"
