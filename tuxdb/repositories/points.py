"""Statements about the ledger and the balances that follow from it."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import MAX_POINTS, EntryKind, PointsTransaction, User
from tuxdb.repositories.base import Repository
from tuxdb.repositories.ledger_checks import CHECKS
from tuxdb.repositories.pages import Page

LEDGER = PointsTransaction.__table__  # type: ignore[attr-defined]
USERS = User.__table__  # type: ignore[attr-defined]
ENTRY_COLUMNS = (
    "guild_id",
    "from_user",
    "to_user",
    "amount",
    "from_balance",
    "to_balance",
    "kind",
    "reason",
    "actor",
    "idempotency_key",
    "request_hash",
)


class PointsRepository(Repository[PointsTransaction]):
    """Statements about `points_transactions`."""

    users = Repository(User)

    async def move(
        self, session: Executor, values: Mapping[str, Any]
    ) -> list[Row[Any]]:
        """Move points between two users of a guild, or one and the outside world.

        One statement, so one round trip: both rows locked in id order, the funds and
        the cap checked under the lock, the entry inserted; its trigger changes the
        balances. Returns a row for each user that was found, with its balance before
        and the entry's id, which is None where nothing was moved.

        `values`: sender and receiver (None: the outside world) as Discord ids with
        `guild_id`, or as `users.id` without; amount, kind, reason, actor,
        idempotency_key, request_hash.
        """
        sides = (values["sender"] is not None, values["receiver"] is not None)
        statement = _movement(*sides, by_discord_id="guild_id" in values)
        result = await session.execute(statement, values)
        return list(result.all())

    async def set_balance(
        self, session: Executor, values: Mapping[str, Any]
    ) -> list[Row[Any]]:
        """Enter the difference between a balance and the one wanted, if there is any.

        `values` as for `move`, with `receiver` and `balance` in place of the amount.
        """
        statement = _adjustment(by_discord_id="guild_id" in values)
        result = await session.execute(statement, values)
        return list(result.all())

    async def reserve_user_ids(self, session: Executor, count: int) -> list[int]:
        """Take `count` ids from the sequence of `users`."""
        sequence = func.pg_get_serial_sequence(USERS.name, "id")
        numbers = func.generate_series(1, count).table_valued("n")
        found = await session.scalars(
            select(func.nextval(sequence)).select_from(numbers)
        )
        return list(found.all())

    async def set_many(
        self, session: Executor, balances: Mapping[int, int], reason: str
    ) -> int:
        """Enter the difference for each of many users; how many balances changed.

        The users are locked in id order; ids that are not there are passed over.
        """
        if not balances:
            return 0
        ids, wanted = zip(*sorted(balances.items()), strict=True)
        values = {"ids": list(ids), "balances": list(wanted), "reason": reason}
        result = await session.execute(_adjustments(), values)
        return int(result.rowcount)

    async def by_key(
        self, session: Executor, guild_id: int, key: str
    ) -> PointsTransaction | None:
        """The entry that carries an idempotency key."""
        model = PointsTransaction
        found = await self.find(
            session,
            filters=[
                self.column("guild_id") == guild_id,
                self.column("idempotency_key") == key,
            ],
            limit=1,
        )
        entry: model | None = found[0] if found else None  # type: ignore[valid-type]
        return entry

    async def leaders(
        self, session: Executor, guild_id: int, after: str | None, limit: int
    ) -> Page[User]:
        """Active users of a guild by points."""
        return await self.users.page_after(
            session,
            filters=[col(User.guild_id) == guild_id, col(User.is_active).is_(True)],
            order_by=col(User.points).desc(),
            after=after,
            limit=limit,
        )

    async def count_above(self, session: Executor, guild_id: int, points: int) -> int:
        """How many active users of a guild have more points."""
        return await self.users.count(
            session,
            [
                col(User.guild_id) == guild_id,
                col(User.is_active).is_(True),
                col(User.points) > points,
            ],
        )

    async def count_before(self, session: Executor, user: User) -> int:
        """How many active users stand before one in the leaderboard."""
        ahead = or_(
            col(User.points) > user.points,
            and_(col(User.points) == user.points, col(User.id) < user.id),
        )
        return await self.users.count(
            session,
            [col(User.guild_id) == user.guild_id, col(User.is_active).is_(True), ahead],
        )

    async def page_of_entries(
        self,
        session: Executor,
        guild_id: int,
        *,
        user_id: int | None,
        kind: str | None,
        after: str | None,
        limit: int,
    ) -> Page[PointsTransaction]:
        """Entries of a guild, newest first, or those with one user on either side."""
        entry = PointsTransaction
        filters = [col(entry.guild_id) == guild_id]
        if user_id is not None:
            filters.append(
                or_(col(entry.from_user) == user_id, col(entry.to_user) == user_id)
            )
        if kind is not None:
            filters.append(col(entry.kind) == str(kind))
        return await self.page_after(
            session,
            filters=filters,
            order_by=col(entry.id).desc(),
            after=after,
            limit=limit,
        )

    async def supply(self, session: Executor, guild_id: int) -> tuple[int, int, int]:
        """Minted, burned and held points of a guild."""
        minted = func.sum(LEDGER.c.amount).filter(LEDGER.c.from_user.is_(None))
        burned = func.sum(LEDGER.c.amount).filter(LEDGER.c.to_user.is_(None))
        held = select(func.sum(USERS.c.points)).where(USERS.c.guild_id == guild_id)
        statement = select(
            *(
                cast(func.coalesce(total, 0), BigInteger)
                for total in (minted, burned, held.scalar_subquery())
            )
        ).where(LEDGER.c.guild_id == guild_id)
        row = (await session.execute(statement)).one()
        return row[0], row[1], row[2]

    async def totals(self, session: Executor, guild_id: int | None) -> tuple[int, int]:
        """How many accounts and entries there are."""
        counts = []
        for table in (USERS, LEDGER):
            statement = select(func.count()).select_from(table)
            if guild_id is not None:
                statement = statement.where(table.c.guild_id == guild_id)
            counts.append(int(await session.scalar(statement)))
        return counts[0], counts[1]

    async def broken_invariants(
        self, session: Executor, guild_id: int | None
    ) -> list[Row[Any]]:
        """All that breaks an invariant, by check, then guild and user."""
        found: list[Row[Any]] = []
        for check in CHECKS:
            statement = check(guild_id).order_by("guild_id", "user_id", "entry_id")
            found.extend((await session.execute(statement)).all())
        return found


def _locked(condition: ColumnElement[bool]) -> CTE:
    """Users locked in id order, so that opposite transfers cannot deadlock."""
    columns = (
        USERS.c.id,
        USERS.c.guild_id,
        USERS.c.discord_id,
        USERS.c.username,
        USERS.c.points,
    )
    rows = select(*columns).where(condition).order_by(USERS.c.id)
    return rows.with_for_update(key_share=True).cte("locked")


@cache
def _movement(sender: bool, receiver: bool, *, by_discord_id: bool) -> Select[Any]:
    named = [bindparam(n, type_=BigInteger) for n in _names(sender, receiver)]
    who = USERS.c.discord_id if by_discord_id else USERS.c.id
    condition = who.in_(named)
    if by_discord_id:
        guild = bindparam("guild_id", type_=BigInteger)
        condition = and_(USERS.c.guild_id == guild, condition)
    locked = _locked(condition)
    key = locked.c.discord_id if by_discord_id else locked.c.id
    amount = bindparam("amount", type_=BigInteger)
    source, target = locked.alias("source"), locked.alias("target")
    source_key = source.c[key.name] == bindparam("sender", type_=BigInteger)
    target_key = target.c[key.name] == bindparam("receiver", type_=BigInteger)
    may_send = and_(source_key, source.c.points >= amount)
    may_get = and_(target_key, target.c.points <= MAX_POINTS - amount)
    nobody = cast(null(), BigInteger)
    given = source if sender else target
    moved = select(
        given.c.guild_id,
        source.c.id if sender else nobody,
        target.c.id if receiver else nobody,
        amount,
        source.c.points - amount if sender else nobody,
        target.c.points + amount if receiver else nobody,
        *_particulars(),
    ).where(*([may_send] if sender else []), *([may_get] if receiver else []))
    if sender and receiver:
        moved = moved.where(source.c.guild_id == target.c.guild_id)
    return _entered(locked, moved)


def _names(sender: bool, receiver: bool) -> list[str]:
    return ["sender"] * sender + ["receiver"] * receiver


@cache
def _adjustment(*, by_discord_id: bool) -> Select[Any]:
    who = USERS.c.discord_id if by_discord_id else USERS.c.id
    condition = who == bindparam("receiver", type_=BigInteger)
    if by_discord_id:
        guild = bindparam("guild_id", type_=BigInteger)
        condition = and_(USERS.c.guild_id == guild, condition)
    locked = _locked(condition)
    wanted = bindparam("balance", type_=BigInteger)
    more, less = wanted > locked.c.points, wanted < locked.c.points
    changed = select(
        locked.c.guild_id,
        case((less, locked.c.id)),
        case((more, locked.c.id)),
        func.abs(wanted - locked.c.points),
        case((less, wanted)),
        case((more, wanted)),
        *_particulars(),
    ).where(or_(more, less))
    return _entered(locked, changed)


@cache
def _adjustments() -> Insert:
    """The entries for users whose balance is to be another one."""
    arrays = [bindparam(n, type_=ARRAY(BigInteger)) for n in ("ids", "balances")]
    columns = [column("id", BigInteger), column("balance", BigInteger)]
    given = func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
    rows = (
        select(USERS.c.id, USERS.c.guild_id, USERS.c.points, given.c.balance)
        .join_from(given, USERS, USERS.c.id == given.c.id)
        .order_by(USERS.c.id)
        .with_for_update(key_share=True, of=USERS)
        .cte("locked")
    )
    wanted = rows.c.balance
    more, less = wanted > rows.c.points, wanted < rows.c.points
    entries = select(
        rows.c.guild_id,
        case((less, rows.c.id)),
        case((more, rows.c.id)),
        func.abs(wanted - rows.c.points),
        case((less, wanted)),
        case((more, wanted)),
        literal(EntryKind.SET.value),
        bindparam("reason", type_=String),
    ).where(or_(more, less))
    return insert(LEDGER).from_select(
        [*ENTRY_COLUMNS[:-3]], entries.order_by(rows.c.id), include_defaults=False
    )


def _particulars() -> list[ColumnElement[Any]]:
    names = ("kind", "reason", "actor", "idempotency_key", "request_hash")
    return [bindparam(name, type_=String) for name in names]


def _entered(locked: CTE, values: Select[Any]) -> Select[Any]:
    """Insert the entry once for its key, and tell of it beside the locked rows."""
    entry = (
        insert(LEDGER)
        .from_select(ENTRY_COLUMNS, values, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["guild_id", "idempotency_key"])
        .returning(LEDGER.c.id, LEDGER.c.created_at)
        .cte("entry")
    )
    return (
        select(
            locked,
            entry.c.id.label("entry_id"),
            entry.c.created_at.label("entered_at"),
        )
        .select_from(locked.outerjoin(entry, true()))
        .order_by(locked.c.id)
    )
