"""Messages: what they hold, whom they ping, and how Discord describes them."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntFlag
from typing import Any

from tuxdb.bot.double.components import Kind, walk
from tuxdb.bot.double.places import Channel, Json, User

_USERS = re.compile(r"<@!?(\d+)>")
_ROLES = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
MENTIONS = 100


class Flag(IntFlag):
    """Flags of a message."""

    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


NO_FLAGS = Flag(0)


@dataclass(frozen=True)
class Upload:
    """A file of a message."""

    id: int
    name: str
    content: bytes
    content_type: str
    url: str
    description: str | None = None

    def payload(self) -> Json:
        """What the API says of it."""
        return {
            "id": str(self.id),
            "filename": self.name,
            "description": self.description,
            "content_type": self.content_type,
            "size": len(self.content),
            "url": self.url,
            "proxy_url": self.url,
        }


@dataclass(frozen=True)
class Pings:
    """Whom a message calls: ids of users and of roles, and perhaps all."""

    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    everyone: bool = False

    def __bool__(self) -> bool:
        return bool(self.users or self.roles or self.everyone)

    @classmethod
    def of(
        cls,
        content: str,
        allowed: Json | None,
        *,
        users_only: bool = False,
        may_call_all: bool = True,
    ) -> "Pings":
        """Those who are called by a text, as far as `allowed_mentions` goes."""
        if allowed is None:
            allowed = {"parse": ["users"] if users_only else list(_KINDS)}
        users, roles = map(_ids, (_USERS.findall(content), _ROLES.findall(content)))
        return cls(
            users & _allowed(allowed, "users", users),
            roles & _allowed(allowed, "roles", roles) if may_call_all else frozenset(),
            may_call_all
            and "everyone" in allowed.get("parse", ())
            and bool(_EVERYONE.search(content)),
        )


_KINDS = ("users", "roles", "everyone")


def _ids(found: list[str]) -> frozenset[int]:
    return frozenset(map(int, found))


def _allowed(allowed: Json, kind: str, every: frozenset[int]) -> frozenset[int]:
    if kind in allowed.get("parse", ()):
        return every
    return _ids(allowed.get(kind) or [])


@dataclass(eq=False)
class Message:
    """A message, as it is now; `before` holds how it was."""

    id: int
    channel: Channel
    author: User
    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    flags: Flag = NO_FLAGS
    type: int = 0
    pings: Pings = Pings()
    application_id: int | None = None
    seen_by: User | None = None
    """The only one who sees it, if it is ephemeral."""
    metadata: Json | None = None
    deleted: bool = False
    edited_at: datetime | None = None
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    before: list[Json] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return bool(self.flags & Flag.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it says only that the bot is thinking."""
        return bool(self.flags & Flag.LOADING)

    @property
    def parts(self) -> list[Json]:
        """The buttons and selects, without the rows."""
        return [part for part in walk(self.components) if part["type"] != Kind.ROW]

    @property
    def buttons(self) -> list[Json]:
        """The buttons in it."""
        return [part for part in self.parts if part["type"] == Kind.BUTTON]

    @property
    def text(self) -> str:
        """All that can be read in it, line by line."""
        return "\n".join(line for line in self._lines() if line)

    def _lines(self) -> list[str]:
        lines = [self.content]
        for embed in self.embeds:
            lines += [
                embed.get("author", {}).get("name", ""),
                embed.get("title", ""),
                embed.get("description", ""),
            ]
            for item in embed.get("fields", []):
                lines += [item["name"], item["value"]]
            lines.append(embed.get("footer", {}).get("text", ""))
        return lines

    def payload(self) -> Json:
        """What the API says of it."""
        edited = self.edited_at
        payload: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.type,
            "author": self.author.payload(),
            "content": self.content,
            "embeds": [{"type": "rich", **embed} for embed in self.embeds],
            "components": self.components,
            "attachments": [upload.payload() for upload in self.uploads],
            "flags": int(self.flags),
            "timestamp": self.made_at.isoformat(),
            "edited_timestamp": edited.isoformat() if edited else None,
            "tts": False,
            "pinned": False,
            "mention_everyone": self.pings.everyone,
            "mentions": [],
            "mention_roles": [str(role) for role in self.pings.roles],
        }
        if self.application_id is not None:
            payload["application_id"] = str(self.application_id)
            payload["webhook_id"] = str(self.application_id)
        if self.metadata is not None:
            payload["interaction_metadata"] = self.metadata
        return payload
