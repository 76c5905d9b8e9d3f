"""Activity: how much the members of a guild write, and since when they do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tuxdb.controllers.many_rows import check_size
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import MAX_SNOWFLAKE, User
from tuxdb.models.names import stored_name
from tuxdb.repositories import Page, PageAt
from tuxdb.repositories.activity import ActivityRepository
from tuxdb.repositories.pages import around

KEPT_DAYS = 30
"""So long it is known which flushes were carried out."""


@dataclass(frozen=True, slots=True)
class ActivityCount:
    """Messages of one member since the last flush, and when the last one was."""

    guild_id: int
    discord_id: int
    username: str
    messages: int
    last_active: datetime


@dataclass(frozen=True)
class ActivityStanding:
    """A member's place by messages; equal counts share a rank."""

    rank: int
    discord_id: int
    username: str
    message_count: int
    last_active: datetime | None


@dataclass(frozen=True)
class ServerActivity:
    """How much a guild's members have written, and how many wrote lately."""

    guild_id: int
    members: int
    active_members: int
    messages: int
    active_day: int
    active_week: int
    last_active: datetime | None


class ActivityController:
    """Counting messages, and reading the counts."""

    repository = ActivityRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def flush(self, flush_id: UUID, counts: Sequence[ActivityCount]) -> int:
        """Add counts, all of them once; how many messages.

        0 if a flush with this id was made before. Raises OutcomeUnknown if the
        connection broke: the same id with the same counts settles it, at any later
        time within 30 days.
        """
        if not counts:
            return 0
        values = {"flush_id": flush_id, **_arrays(counts)}
        users = await self.repository.flush(self._writing(), values)
        return sum(count.messages for count in counts) if users else 0

    async def forget_flushes(self) -> int:
        """Forget the flushes of more than 30 days ago; how many there were."""
        return await self.repository.forget_flushes(self._writing(), KEPT_DAYS)

    async def leaderboard(
        self, guild_id: int, *, after: str | None = None, limit: int = 10
    ) -> Page[ActivityStanding]:
        """Active members who have written, most messages first, in pages."""
        check_size("limit", limit)
        executor = self._reading()
        page = await self.repository.leaders(executor, guild_id, after, limit)
        if not page.items:
            return Page([])
        before = (0, 0)
        if after is not None:
            before = await self._before(executor, page.items[0])
        return Page(_ranked(page.items, *before), page.next)

    async def leaderboard_at(
        self, guild_id: int, number: int, limit: int = 10
    ) -> PageAt:
        """Where a page of the leaderboard begins, or the nearest one there is."""
        check_size("limit", limit)
        executor = self._reading()
        return await self.repository.leaders_at(executor, guild_id, number, limit)

    async def around(
        self, guild_id: int, user: int, limit: int = 10
    ) -> list[ActivityStanding]:
        """A member's place with the nearest before and behind; NotFound without one."""
        check_size("limit", limit)
        executor = self._reading()
        me = await self._member(executor, guild_id, user)
        before = await self.repository.beside(executor, me, limit - 1, before=True)
        behind = await self.repository.beside(executor, me, limit - 1, before=False)
        users = around(before, me, behind, limit)
        return _ranked(users, *await self._before(executor, users[0]))

    async def member(self, guild_id: int, user: int) -> ActivityStanding:
        """A member's count and rank; NotFound if there is none."""
        executor = self._reading()
        found = await self._member(executor, guild_id, user)
        above = await self.repository.count_above(
            executor, guild_id, found.message_count
        )
        return _standing(above + 1, found)

    async def server(self, guild_id: int) -> ServerActivity:
        """How much is written in a guild; zeros where nobody was seen."""
        row = await self.repository.totals(self._reading(), guild_id)
        return ServerActivity(guild_id, **row._mapping)

    async def _member(self, executor: Executor, guild_id: int, user: int) -> User:
        found = await self.repository.users.get_member(executor, guild_id, user)
        if found is None:
            hint = f"tuxdb users list --guild {guild_id}"
            raise NotFound("user", f"{user} in guild {guild_id}", hint=hint)
        return found

    async def _before(self, executor: Executor, user: User) -> tuple[int, int]:
        """How many stand before a user, and how many have written more."""
        place = await self.repository.count_before(executor, user)
        above = await self.repository.count_above(
            executor, user.guild_id, user.message_count
        )
        return place, above

    def _reading(self) -> Executor:
        return self.db.current_session() or self.db.reads

    def _writing(self) -> Executor:
        return self.db.current_session() or self.db.statements


def _ranked(users: list[User], place: int, above: int) -> list[ActivityStanding]:
    """Standings of users in order, from what `_before` says of the first of them."""
    standings: list[ActivityStanding] = []
    rank = above + 1
    for user in users:
        place += 1
        if standings and user.message_count != standings[-1].message_count:
            rank = place
        standings.append(_standing(rank, user))
    return standings


def _standing(rank: int, user: User) -> ActivityStanding:
    return ActivityStanding(
        rank, user.discord_id, user.username, user.message_count, user.last_active
    )


def _arrays(counts: Sequence[ActivityCount]) -> dict[str, list[Any]]:
    """The columns of the counts; InvalidValue for what no table could hold."""
    seen: set[tuple[int, int]] = set()
    for count in counts:
        for name in ("guild_id", "discord_id", "messages"):
            if not 1 <= getattr(count, name) <= MAX_SNOWFLAKE:
                raise InvalidValue(name, "is not a whole number from 1 on")
        if count.last_active.tzinfo is None:
            raise InvalidValue("last_active", "has no time zone")
        key = (count.guild_id, count.discord_id)
        if key in seen:
            raise InvalidValue("counts", "name a member twice")
        seen.add(key)
    return {
        "guilds": [count.guild_id for count in counts],
        "users": [count.discord_id for count in counts],
        "names": [stored_name(c.username, c.discord_id) for c in counts],
        "counts": [count.messages for count in counts],
        "times": [count.last_active for count in counts],
    }
