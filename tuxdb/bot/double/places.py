"""Users, guilds, their members, roles and channels, as Discord describes them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tuxdb.bot.double.permissions import EVERYONE, WHILE_TIMED_OUT, Permission
from tuxdb.bot.double.snowflakes import shard_of

Json = dict[str, Any]
TEXT_CHANNEL, DIRECT_MESSAGE = 0, 1


@dataclass(eq=False)
class User:
    """A person or a bot, with no guild in mind."""

    id: int
    name: str
    bot: bool = False
    display_name: str | None = None
    takes_direct_messages: bool = True
    locale: str = "en-US"

    @property
    def mention(self) -> str:
        """How it is mentioned in a text."""
        return f"<@{self.id}>"

    def payload(self) -> Json:
        """What the API says of it."""
        return {
            "id": str(self.id),
            "username": self.name,
            "global_name": self.display_name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "bot": self.bot,
            "system": False,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Role:
    """A role of a guild."""

    id: int
    name: str
    permissions: Permission
    position: int
    managed: bool = False
    mentionable: bool = False

    @property
    def mention(self) -> str:
        """How it is mentioned in a text."""
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        """What the API says of it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {
                "primary_color": 0,
                "secondary_color": None,
                "tertiary_color": None,
            },
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": self.position,
            "permissions": str(int(self.permissions)),
            "managed": self.managed,
            "mentionable": self.mentionable,
            "flags": 0,
        }


@dataclass(eq=False)
class Channel:
    """A text channel of a guild, or a direct message with the bot (no guild)."""

    id: int
    name: str
    guild: "Guild | None" = None
    receiver: User | None = None
    position: int = 0
    denied: dict[int, Permission] = field(default_factory=dict)
    """What a role or a member, by id, must not do here."""

    @property
    def mention(self) -> str:
        """How it is mentioned in a text."""
        return f"<#{self.id}>"

    def payload(self) -> Json:
        """What the API says of it."""
        if self.guild is None:
            receivers = [self.receiver.payload()] if self.receiver else []
            return {
                "id": str(self.id),
                "type": DIRECT_MESSAGE,
                "last_message_id": None,
                "flags": 0,
                "recipients": receivers,
            }
        return {
            "id": str(self.id),
            "type": TEXT_CHANNEL,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "topic": None,
            "position": self.position,
            "nsfw": False,
            "flags": 0,
            "rate_limit_per_user": 0,
            "parent_id": None,
            "last_message_id": None,
            "last_pin_timestamp": None,
            "permission_overwrites": [
                {
                    "id": str(target),
                    "type": 0 if target in self.guild.roles else 1,
                    "allow": "0",
                    "deny": str(int(denied)),
                }
                for target, denied in self.denied.items()
            ],
        }


@dataclass(eq=False)
class Member:
    """A user within a guild."""

    user: User
    guild: "Guild"
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None
    joined_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    timed_out_until: datetime | None = None

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name

    @property
    def mention(self) -> str:
        """How it is mentioned in a text."""
        return self.user.mention

    @property
    def is_timed_out(self) -> bool:
        """Whether they may not write now."""
        until = self.timed_out_until
        return until is not None and until > datetime.now(UTC)

    @property
    def rank(self) -> tuple[int, int]:
        """What decides who stands above whom; of two equal roles, the older wins."""
        return max(((role.position, -role.id) for role in self.roles), default=(0, 0))

    def outranks(self, other: "Member") -> bool:
        """Whether this member may act on another one, permissions aside."""
        if self.guild.owner_id in (self.id, other.id):
            return self.id == self.guild.owner_id != other.id
        return self.rank > other.rank

    def permissions(self, channel: Channel | None = None) -> Permission:
        """What they may do in the guild or, given one, in a channel."""
        if self.guild.owner_id == self.id:
            return Permission.EVERYTHING
        found = self.guild.everyone.permissions
        for role in self.roles:
            found |= role.permissions
        if found & Permission.ADMINISTRATOR:
            return Permission.EVERYTHING
        for target in (self.guild.id, *(role.id for role in self.roles), self.id):
            found &= ~(channel.denied.get(target, Permission.NONE) if channel else 0)
        return found & WHILE_TIMED_OUT if self.is_timed_out else found

    def payload(self, *, with_user: bool = True) -> Json:
        """What the API says of it."""
        until = self.timed_out_until
        member: Json = {
            "roles": [str(role.id) for role in self.roles],
            "nick": self.nick,
            "avatar": None,
            "banner": None,
            "joined_at": self.joined_at.isoformat(),
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "communication_disabled_until": until.isoformat() if until else None,
        }
        return {"user": self.user.payload(), **member} if with_user else member


@dataclass(eq=False)
class Guild:
    """A server of Discord."""

    id: int
    name: str
    owner_id: int
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    bans: dict[int, str | None] = field(default_factory=dict)
    unavailable: bool = False

    def __post_init__(self) -> None:
        self.roles[self.id] = Role(self.id, "@everyone", EVERYONE, 0)

    @property
    def everyone(self) -> Role:
        """The role that all have."""
        return self.roles[self.id]

    @property
    def owner(self) -> Member:
        """Who owns it."""
        return self.members[self.owner_id]

    def shard(self, count: int) -> int:
        """The shard, of so many, on which it is."""
        return shard_of(self.id, count)

    @property
    def channel(self) -> Channel:
        """The first channel."""
        return next(iter(self.channels.values()))

    def payload(self) -> Json:
        """What the API says of it."""
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner_id),
            "preferred_locale": self.locale,
            "roles": [role.payload() for role in self.roles.values()],
            "emojis": [],
            "stickers": [],
            "features": [],
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "banner": None,
            "description": None,
            "vanity_url_code": None,
            "afk_channel_id": None,
            "afk_timeout": 300,
            "application_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "safety_alerts_channel_id": None,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "max_members": 500000,
        }

    def on_create(self, members: list[Member]) -> Json:
        """What GUILD_CREATE says, with those members that the bot may see."""
        return {
            **self.payload(),
            "joined_at": datetime.now(UTC).isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            "members": [member.payload() for member in members],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
