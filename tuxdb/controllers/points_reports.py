"""What is read from the ledger: balances, standings, entries, and the proof of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.base import BaseController
from tuxdb.controllers.many_rows import check_size
from tuxdb.engine.statements import Executor
from tuxdb.errors import NotFound
from tuxdb.models import EntryKind, PointsTransaction, User
from tuxdb.repositories import Page, PageAt
from tuxdb.repositories.pages import around
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.standings import StandingRepository
from tuxdb.repositories.users import UserRepository

EXPORTED_AT_ONCE = 1000


@dataclass(frozen=True)
class Account:
    """What a user has, and whether it can be moved."""

    guild_id: int
    discord_id: int
    username: str
    points: int
    frozen: bool


@dataclass(frozen=True)
class Standing:
    """A user's place in the guild; equal balances share a rank."""

    rank: int
    discord_id: int
    username: str
    points: int


@dataclass(frozen=True)
class Place:
    """A user's balance and rank, and when the ledger last named them, if ever."""

    points: int
    rank: int
    last_entry: datetime | None


@dataclass(frozen=True)
class Entry:
    """An entry of the ledger with its users' Discord ids and row ids.

    A side without a row id is the outside world; one that has no Discord id is a user
    who is gone.
    """

    id: int
    created_at: datetime
    kind: str
    from_user: int | None
    to_user: int | None
    from_row_id: int | None
    to_row_id: int | None
    amount: int
    from_balance: int | None
    to_balance: int | None
    reason: str | None
    actor: str | None
    idempotency_key: str | None
    reverses: int | None
    from_name: str | None = None
    to_name: str | None = None


@dataclass(frozen=True)
class Supply:
    """Where the points of a guild came from and went: held = minted - burned."""

    guild_id: int
    minted: int
    burned: int
    held: int


@dataclass(frozen=True)
class Mismatch:
    """A broken invariant, and what is recorded against what the entries say."""

    code: str
    guild_id: int
    user_id: int | None
    discord_id: int | None
    username: str | None
    entry_id: int | None
    recorded: int | None
    computed: int | None


@dataclass(frozen=True)
class VerifyReport:
    """What was looked at, and all that is wrong; nothing is repaired."""

    accounts: int
    entries: int
    mismatches: list[Mismatch]


class PointsReports(BaseController[PointsTransaction]):
    """Reading the ledger. Users are named by Discord id within a guild."""

    repository: PointsRepository = PointsRepository()
    users = UserRepository()
    standings = StandingRepository()

    async def balance(
        self, guild_id: int, user: int, *, session: AsyncSession | None = None
    ) -> User:
        """The user whose `points` are the balance; NotFound if there is none."""
        executor = self._reading(session)
        found = await self.users.get_member(executor, guild_id, user)
        if found is None:
            hint = f"tuxdb users list --guild {guild_id}"
            raise NotFound("user", f"{user} in guild {guild_id}", hint=hint)
        return found

    async def account(self, guild_id: int, user: int) -> Account:
        """A user's balance, and whether it is frozen; NotFound if there is none."""
        found = await self.balance(guild_id, user)
        frozen = await self.repository.is_frozen(self._reading(), found.id)
        return Account(guild_id, user, found.username, found.points, frozen)

    async def position(self, guild_id: int, user: int) -> Standing:
        """A user's rank among the active users of the guild."""
        found = await self.balance(guild_id, user)
        executor = self._reading()
        above = await self.standings.count_above(executor, guild_id, found.points)
        return Standing(above + 1, found.discord_id, found.username, found.points)

    async def place(self, user: User) -> Place:
        """Rank and last entry of a user just read; nobody else is looked up."""
        executor = self._reading()
        entries = self.repository.entries_of(user.guild_id, user.id, None)
        above = await self.standings.count_above(executor, user.guild_id, user.points)
        last = await self.repository.find(executor, **entries, limit=1)
        return Place(user.points, above + 1, last[0].created_at if last else None)

    async def leaderboard(
        self, guild_id: int, *, after: str | None = None, limit: int = 10
    ) -> Page[Standing]:
        """Active users by points, highest first; equal balances share a rank."""
        executor = self._reading()
        page = await self.standings.leaders(executor, guild_id, after, limit)
        if not page.items:
            return Page([])
        first, rank, place = page.items[0], 1, 0
        if after is not None:
            place = await self.standings.count_before(executor, first)
            above = await self.standings.count_above(executor, guild_id, first.points)
            rank = above + 1
        return Page(_ranked(page.items, rank, place), page.next)

    async def leaderboard_at(
        self, guild_id: int, number: int, limit: int = 10
    ) -> PageAt:
        """Where a page of the leaderboard begins, or the nearest one there is."""
        check_size("limit", limit)
        return await self.standings.leaders_at(self._reading(), guild_id, number, limit)

    async def around(self, guild_id: int, user: int, limit: int = 10) -> list[Standing]:
        """A user's place with the nearest before and behind; NotFound without one."""
        check_size("limit", limit)
        executor = self._reading()
        me = await self.balance(guild_id, user)
        before = await self.standings.beside(executor, me, limit - 1, before=True)
        behind = await self.standings.beside(executor, me, limit - 1, before=False)
        users = around(before, me, behind, limit)
        place = await self.standings.count_before(executor, users[0])
        better = await self.standings.count_above(executor, guild_id, users[0].points)
        return _ranked(users, better + 1, place)

    async def recent(
        self, guild_id: int, prefix: str = "", limit: int = 25
    ) -> list[Entry]:
        """The last entries of a guild whose number begins so, newest first."""
        executor = self._reading()
        rows = await self.repository.latest(executor, guild_id, prefix, limit)
        return await self._named(executor, rows)

    async def history(
        self,
        guild_id: int,
        user: int | None = None,
        *,
        kind: EntryKind | str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Entry]:
        """Entries, newest first, of a guild or of one of its users."""
        executor = self._reading()
        entries = await self._entries(guild_id, user, kind)
        page = await self.repository.page_after(
            executor, **entries, after=after, limit=limit
        )
        return Page(await self._named(executor, page.items), page.next)

    async def history_at(
        self,
        guild_id: int,
        user: int | None,
        number: int,
        *,
        kind: EntryKind | str | None = None,
        limit: int = 50,
    ) -> PageAt:
        """Where a page of the history begins, or the nearest one there is."""
        check_size("limit", limit)
        entries = await self._entries(guild_id, user, kind)
        return await self.repository.page_at(
            self._reading(), **entries, number=number, limit=limit
        )

    async def export(self, guild_id: int) -> AsyncIterator[list[Entry]]:
        """All entries of a guild in the order of their ids, as of one instant."""
        async with self.db.snapshot() as session:
            last = 0
            while True:
                rows = await self.repository.entries_after(
                    session, guild_id, last, EXPORTED_AT_ONCE
                )
                if not rows:
                    return
                yield await self._named(session, rows)
                session.expunge_all()
                last = rows[-1].id

    async def supply(self, guild_id: int) -> Supply:
        """What was minted, burned and is held in a guild."""
        row = await self.repository.supply(self._reading(), guild_id)
        return Supply(guild_id, *row)

    async def verify(self, guild_id: int | None = None) -> VerifyReport:
        """Prove the ledger's invariants in one snapshot, or name what breaks them."""
        async with self.db.snapshot() as session:
            accounts, entries = await self.repository.totals(session, guild_id)
            rows = await self.repository.broken_invariants(session, guild_id)
        return VerifyReport(
            accounts, entries, [Mismatch(**row._mapping) for row in rows]
        )

    async def _entries(
        self, guild_id: int, user: int | None, kind: str | None
    ) -> dict[str, Any]:
        row_id = None if user is None else (await self.balance(guild_id, user)).id
        return self.repository.entries_of(guild_id, row_id, kind)

    async def _named(
        self, executor: Executor, rows: list[PointsTransaction]
    ) -> list[Entry]:
        ids = {i for row in rows for i in (row.from_user, row.to_user) if i}
        people = await self.users.get_members(executor, sorted(ids))
        return [_entry(row, people) for row in rows]


def _ranked(users: list[User], rank: int, place: int) -> list[Standing]:
    """Standings of users in order, the first of them on `rank`, `place` before it."""
    standings: list[Standing] = []
    for user in users:
        place += 1
        if standings and user.points != standings[-1].points:
            rank = place
        standings.append(Standing(rank, user.discord_id, user.username, user.points))
    return standings


def _entry(row: PointsTransaction, people: dict[int, User]) -> Entry:
    sender: Any = people.get(row.from_user or 0)
    receiver: Any = people.get(row.to_user or 0)
    return Entry(
        id=row.id,
        created_at=row.created_at,
        kind=row.kind,
        from_user=sender.discord_id if sender else None,
        to_user=receiver.discord_id if receiver else None,
        from_row_id=row.from_user,
        to_row_id=row.to_user,
        amount=row.amount,
        from_balance=row.from_balance,
        to_balance=row.to_balance,
        reason=row.reason,
        actor=row.actor,
        idempotency_key=row.idempotency_key,
        reverses=row.reverses,
        from_name=sender.username if sender else None,
        to_name=receiver.username if receiver else None,
    )
