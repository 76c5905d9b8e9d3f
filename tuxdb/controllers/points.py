"""Points: transfers, grants, balances, and the proof that the ledger is right."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.base import BaseController
from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Movement, Order
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InsufficientPoints, NotFound
from tuxdb.models import EntryKind, PointsTransaction, User
from tuxdb.repositories import Page
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.users import UserRepository


@dataclass(frozen=True)
class Standing:
    """A user's place in the guild; equal balances share a rank."""

    rank: int
    discord_id: int
    username: str
    points: int


@dataclass(frozen=True)
class Entry:
    """An entry of the ledger with its users' Discord ids; None is the outside world."""

    id: int
    created_at: datetime
    kind: str
    from_user: int | None
    to_user: int | None
    amount: int
    from_balance: int | None
    to_balance: int | None
    reason: str | None
    actor: str | None
    idempotency_key: str | None
    reverses: int | None


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


class PointsController(BaseController[PointsTransaction]):
    """Moving points. Users are named by Discord id within a guild."""

    repository: PointsRepository = PointsRepository()
    users = UserRepository()

    def __init__(
        self,
        model: type[PointsTransaction] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        super().__init__(model, db)
        self._ledger = Ledger(self.db)

    async def transfer(
        self,
        guild_id: int,
        sender: int,
        receiver: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Move points between two users, or raise why not and change nothing.

        Raises InvalidTransfer, NotFound, InsufficientPoints, BalanceLimit or
        IdempotencyConflict (all refusals), DatabaseUnavailable or Busy (nothing was
        changed), or OutcomeUnknown with the key that settles it.
        """
        order = Order(
            EntryKind.TRANSFER,
            guild_id,
            sender,
            receiver,
            amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._ledger.post(order, session=session)

    async def grant(
        self,
        guild_id: int,
        user: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Mint points for a user; refusals as for `transfer`."""
        order = Order(
            EntryKind.GRANT,
            guild_id,
            receiver=user,
            amount=amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._ledger.post(order, session=session)

    async def deduct(
        self,
        guild_id: int,
        user: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        partial: bool = False,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Burn points of a user; refusals as for `transfer`.

        With `partial` a smaller balance is no refusal, but is taken as a whole.
        """
        order = Order(
            EntryKind.DEDUCT,
            guild_id,
            sender=user,
            amount=amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._take(order, partial=partial, session=session)

    async def set_balance(
        self,
        guild_id: int,
        user: int,
        balance: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Enter the difference to a balance; no entry where it is right already."""
        order = Order(
            EntryKind.SET,
            guild_id,
            receiver=user,
            balance=balance,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._ledger.post(order, session=session)

    async def reverse(
        self,
        entry_id: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        partial: bool = False,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Correct an entry by one the other way round; AlreadyReversed the second time.

        Raises InsufficientPoints where the points were spent since, unless with
        `partial` what is left of them will do.
        """
        entry = await self.get_by_id(entry_id, session=session)
        if entry is None:
            raise NotFound("entry", entry_id, hint="tuxdb points history --guild ID")
        order = Order(
            EntryKind.REVERSE,
            sender=entry.to_user,
            receiver=entry.from_user,
            amount=entry.amount,
            actor=actor,
            reason=reason,
            key=key,
            reverses=entry.id,
        )
        return await self._take(order, partial=partial, session=session)

    async def freeze(
        self,
        guild_id: int,
        user: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
    ) -> User:
        """Keep a user from sending and receiving transfers, from now on."""
        found = await self.balance(guild_id, user)
        await self.repository.freeze(self._writing(), found, reason, actor)
        return found

    async def unfreeze(self, guild_id: int, user: int) -> User:
        """Allow a user transfers again."""
        found = await self.balance(guild_id, user)
        await self.repository.unfreeze(self._writing(), found)
        return found

    async def balance(
        self, guild_id: int, user: int, *, session: AsyncSession | None = None
    ) -> User:
        """The user whose `points` are the balance; NotFound if there is none."""
        executor = self._reading(session)
        found = await self.users.get_member(executor, guild_id, user)
        if found is None:
            raise _no_user(guild_id, user)
        return found

    async def position(self, guild_id: int, user: int) -> Standing:
        """A user's rank among the active users of the guild."""
        found = await self.balance(guild_id, user)
        above = await self.repository.count_above(
            self._reading(), guild_id, found.points
        )
        return Standing(above + 1, found.discord_id, found.username, found.points)

    async def leaderboard(
        self, guild_id: int, *, after: str | None = None, limit: int = 10
    ) -> Page[Standing]:
        """Active users by points, highest first; equal balances share a rank."""
        executor = self._reading()
        page = await self.repository.leaders(executor, guild_id, after, limit)
        if not page.items:
            return Page([])
        first, place = page.items[0], 0
        if after is not None:
            place = await self.repository.count_before(executor, first)
        rank = place + 1
        if after is not None:
            above = await self.repository.count_above(executor, guild_id, first.points)
            rank = above + 1
        return Page(_ranked(page.items, rank, place), page.next)

    async def history(
        self,
        guild_id: int,
        user: int | None = None,
        *,
        kind: EntryKind | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Entry]:
        """Entries, newest first, of a guild or of one of its users."""
        executor = self._reading()
        row_id = None
        if user is not None:
            row_id = (await self.balance(guild_id, user)).id
        page = await self.repository.page_of_entries(
            executor, guild_id, user_id=row_id, kind=kind, after=after, limit=limit
        )
        ids = {i for e in page.items for i in (e.from_user, e.to_user) if i}
        people = await self.users.get_members(executor, sorted(ids))
        return Page([_entry(row, people) for row in page.items], page.next)

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

    async def _take(
        self, order: Order, *, partial: bool, session: AsyncSession | None
    ) -> Movement:
        """Post an order; with `partial`, of as much as the sender has."""
        wanted = order.amount
        while True:
            try:
                return await self._ledger.post(order, session=session)
            except InsufficientPoints as error:
                if not partial or not error.balance:
                    raise
                order = replace(order, amount=error.balance, part_of=wanted)


def _no_user(guild_id: int, user: int) -> NotFound:
    hint = f"tuxdb users list --guild {guild_id}"
    return NotFound("user", f"{user} in guild {guild_id}", hint=hint)


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
    def discord_id(user_id: int | None) -> int | None:
        user: Any = people.get(user_id or 0)
        return user.discord_id if user else None

    return Entry(
        id=row.id,
        created_at=row.created_at,
        kind=row.kind,
        from_user=discord_id(row.from_user),
        to_user=discord_id(row.to_user),
        amount=row.amount,
        from_balance=row.from_balance,
        to_balance=row.to_balance,
        reason=row.reason,
        actor=row.actor,
        idempotency_key=row.idempotency_key,
        reverses=row.reverses,
    )
