"""What members have written and the database does not know yet: plain memory."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tuxdb.controllers.activity import ActivityCount

Counted = tuple[int, datetime, str]
"""Messages, when the last one was, and the name by then."""


class Tally:
    """Messages by guild and member; guilds in the order of their first message."""

    def __init__(self) -> None:
        self._guilds: dict[int, dict[int, Counted]] = {}
        self.keys = 0
        self.messages = 0

    def add(
        self,
        guild_id: int,
        discord_id: int,
        username: str,
        when: datetime,
        messages: int = 1,
    ) -> None:
        """Count messages of a member."""
        members = self._guilds.get(guild_id)
        if members is None:
            members = self._guilds[guild_id] = {}
        known = members.get(discord_id)
        self.messages += messages
        if known is None:
            self.keys += 1
            members[discord_id] = (messages, when, username)
            return
        count, last, name = known
        if when >= last:
            last, name = when, username
        members[discord_id] = (count + messages, last, name)

    def take(self, limit: int) -> list[ActivityCount]:
        """Take out at most so many members, those of the oldest guilds first."""
        taken: list[ActivityCount] = []
        while self._guilds and len(taken) < limit:
            guild_id, members = next(iter(self._guilds.items()))
            wanted = min(limit - len(taken), len(members))
            for _ in range(wanted):
                discord_id, (count, when, name) = members.popitem()
                taken.append(ActivityCount(guild_id, discord_id, name, count, when))
            if not members:
                del self._guilds[guild_id]
        self.keys -= len(taken)
        self.messages -= sum(count.messages for count in taken)
        return taken

    def put_back(self, counts: Iterable[ActivityCount]) -> None:
        """Add counts that were taken out; their guilds are the oldest again."""
        newer, self._guilds = self._guilds, {}
        self.keys = self.messages = 0
        for c in counts:
            self.add(c.guild_id, c.discord_id, c.username, c.last_active, c.messages)
        for guild_id, discord_id, (messages, when, name) in _members(newer):
            self.add(guild_id, discord_id, name, when, messages)


def _members(
    guilds: dict[int, dict[int, Counted]],
) -> Iterator[tuple[int, int, Counted]]:
    for guild_id, members in guilds.items():
        for discord_id, counted in members.items():
            yield guild_id, discord_id, counted
