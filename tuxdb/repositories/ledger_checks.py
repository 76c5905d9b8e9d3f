"""The invariants of the ledger, each as a statement that finds what breaks it.

I1 a balance is the sum of its entries and the balance in the last of them. I2 along a
user's entries each balance follows from the one before. I3 a transfer has two sides, a
grant and a deduction one. I4 the balances of a guild are what was minted less what was
burned. I5 no balance is below 0 or above the highest. I6 a correcting entry mirrors its
original. I7 no entry crosses guilds. One entry per key, and one correction per entry,
are unique constraints of the table.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from tuxdb.models import MAX_POINTS, EntryKind, PointsTransaction, User

LEDGER = PointsTransaction.__table__  # type: ignore[attr-defined]
USERS = User.__table__  # type: ignore[attr-defined]

Rows = Select[*tuple[Any, ...]]
Check = Callable[[int | None], Rows]


def _sides(guild_id: int | None) -> FromClause:
    """Every entry once for each user in it, with what it changed."""
    parts = []
    for user, balance, change in (
        (LEDGER.c.from_user, LEDGER.c.from_balance, -LEDGER.c.amount),
        (LEDGER.c.to_user, LEDGER.c.to_balance, LEDGER.c.amount),
    ):
        part = select(
            LEDGER.c.id,
            LEDGER.c.guild_id,
            user.label("user_id"),
            balance.label("balance"),
            change.label("change"),
        ).where(user.is_not(None))
        if guild_id is not None:
            part = part.where(LEDGER.c.guild_id == guild_id)
        parts.append(part)
    return union_all(*parts).subquery("sides")


def _finding(
    code: str,
    *,
    guild_id: Any,  # noqa: ANN401
    user_id: Any,  # noqa: ANN401
    entry_id: Any,  # noqa: ANN401
    recorded: Any,  # noqa: ANN401
    computed: Any,  # noqa: ANN401
) -> Rows:
    return select(
        literal(code, String).label("code"),
        guild_id.label("guild_id"),
        user_id.label("user_id"),
        USERS.c.discord_id,
        USERS.c.username,
        entry_id.label("entry_id"),
        cast(recorded, BigInteger).label("recorded"),
        cast(computed, BigInteger).label("computed"),
    )


NOTHING = cast(null(), BigInteger)


def balance_is_sum(guild_id: int | None) -> Rows:
    """I1; users without entries have no points, entries of those gone sum up to 0."""
    sides = _sides(guild_id)
    sums = (
        select(
            sides.c.guild_id,
            sides.c.user_id,
            func.sum(sides.c.change).label("total"),
        )
        .group_by(sides.c.guild_id, sides.c.user_id)
        .subquery("sums")
    )
    user = select(USERS)
    if guild_id is not None:
        user = user.where(USERS.c.guild_id == guild_id)
    known = user.subquery("known")
    pair = and_(known.c.id == sums.c.user_id, known.c.guild_id == sums.c.guild_id)
    recorded = func.coalesce(known.c.points, 0)
    computed = func.coalesce(sums.c.total, 0)
    return (
        select(
            literal("I1", String).label("code"),
            func.coalesce(known.c.guild_id, sums.c.guild_id).label("guild_id"),
            func.coalesce(known.c.id, sums.c.user_id).label("user_id"),
            known.c.discord_id,
            known.c.username,
            NOTHING.label("entry_id"),
            cast(recorded, BigInteger).label("recorded"),
            cast(computed, BigInteger).label("computed"),
        )
        .select_from(known.outerjoin(sums, pair, full=True))
        .where(recorded != computed)
    )


def chain_is_continuous(guild_id: int | None) -> Rows:
    """I2: balance[n] = balance[n-1] ± amount, from 0 on."""
    sides = _sides(guild_id)
    before = func.lag(sides.c.balance, 1, 0).over(
        partition_by=[sides.c.guild_id, sides.c.user_id], order_by=sides.c.id
    )
    chain = select(sides, (before + sides.c.change).label("follows")).subquery("chain")
    finding = _finding(
        "I2",
        guild_id=chain.c.guild_id,
        user_id=chain.c.user_id,
        entry_id=chain.c.id,
        recorded=chain.c.balance,
        computed=chain.c.follows,
    )
    return finding.select_from(
        chain.outerjoin(USERS, USERS.c.id == chain.c.user_id)
    ).where(chain.c.balance != chain.c.follows)


def sides_fit_kind(guild_id: int | None) -> Rows:
    """I3: recorded and computed are the numbers of sides."""
    sides = cast(LEDGER.c.from_user.is_not(None), Integer) + cast(
        LEDGER.c.to_user.is_not(None), Integer
    )
    wanted = case(
        (LEDGER.c.kind == EntryKind.TRANSFER, 2),
        (and_(LEDGER.c.kind == EntryKind.GRANT, LEDGER.c.from_user.is_(None)), 1),
        (and_(LEDGER.c.kind == EntryKind.DEDUCT, LEDGER.c.to_user.is_(None)), 1),
        (LEDGER.c.kind.in_((EntryKind.GRANT, EntryKind.DEDUCT)), 0),
        else_=sides,
    )
    user_id = func.coalesce(LEDGER.c.from_user, LEDGER.c.to_user)
    finding = _finding(
        "I3",
        guild_id=LEDGER.c.guild_id,
        user_id=user_id,
        entry_id=LEDGER.c.id,
        recorded=sides,
        computed=wanted,
    )
    statement = finding.select_from(LEDGER.outerjoin(USERS, USERS.c.id == user_id))
    return _in_guild(statement.where(sides != wanted), guild_id)


def balance_in_range(guild_id: int | None) -> Rows:
    """I5; computed is the nearest balance that is allowed."""
    allowed = func.least(func.greatest(USERS.c.points, 0), MAX_POINTS)
    finding = _finding(
        "I5",
        guild_id=USERS.c.guild_id,
        user_id=USERS.c.id,
        entry_id=NOTHING,
        recorded=USERS.c.points,
        computed=allowed,
    ).where(USERS.c.points != allowed)
    return finding if guild_id is None else finding.where(USERS.c.guild_id == guild_id)


def supply_is_held(guild_id: int | None) -> Rows:
    """I4: what the users of a guild hold is what came in from outside, net."""
    minted = func.sum(LEDGER.c.amount).filter(LEDGER.c.from_user.is_(None))
    burned = func.sum(LEDGER.c.amount).filter(LEDGER.c.to_user.is_(None))
    net = func.coalesce(minted, 0) - func.coalesce(burned, 0)
    supply = select(LEDGER.c.guild_id, net.label("net")).group_by(LEDGER.c.guild_id)
    held = select(USERS.c.guild_id, func.sum(USERS.c.points).label("held")).group_by(
        USERS.c.guild_id
    )
    if guild_id is not None:
        supply = supply.where(LEDGER.c.guild_id == guild_id)
        held = held.where(USERS.c.guild_id == guild_id)
    left, right = held.subquery("held"), supply.subquery("supply")
    joined = left.outerjoin(right, left.c.guild_id == right.c.guild_id, full=True)
    recorded = func.coalesce(left.c.held, 0)
    computed = func.coalesce(right.c.net, 0)
    return (
        select(
            literal("I4", String).label("code"),
            func.coalesce(left.c.guild_id, right.c.guild_id).label("guild_id"),
            NOTHING.label("user_id"),
            NOTHING.label("discord_id"),
            cast(null(), String).label("username"),
            NOTHING.label("entry_id"),
            cast(recorded, BigInteger).label("recorded"),
            cast(computed, BigInteger).label("computed"),
        )
        .select_from(joined)
        .where(recorded != computed)
    )


def correction_mirrors(guild_id: int | None) -> Rows:
    """I6: what a correcting entry reverses is there, in its guild, the other way."""
    original = aliased(LEDGER, name="original")
    mirrored = and_(
        original.c.guild_id == LEDGER.c.guild_id,
        original.c.from_user.is_not_distinct_from(LEDGER.c.to_user),
        original.c.to_user.is_not_distinct_from(LEDGER.c.from_user),
        original.c.amount >= LEDGER.c.amount,
    )
    finding = _finding(
        "I6",
        guild_id=LEDGER.c.guild_id,
        user_id=func.coalesce(LEDGER.c.from_user, LEDGER.c.to_user),
        entry_id=LEDGER.c.id,
        recorded=LEDGER.c.amount,
        computed=original.c.amount,
    )
    statement = finding.select_from(
        LEDGER.outerjoin(original, original.c.id == LEDGER.c.reverses).outerjoin(
            USERS, USERS.c.id == func.coalesce(LEDGER.c.from_user, LEDGER.c.to_user)
        )
    ).where(
        or_(
            and_(LEDGER.c.reverses.is_not(None), mirrored.is_not(True)),
            and_(LEDGER.c.kind == "reverse", LEDGER.c.reverses.is_(None)),
        )
    )
    return _in_guild(statement, guild_id)


def entry_stays_in_guild(guild_id: int | None) -> Rows:
    """I7: the users of an entry belong to its guild."""
    finding = _finding(
        "I7",
        guild_id=LEDGER.c.guild_id,
        user_id=USERS.c.id,
        entry_id=LEDGER.c.id,
        recorded=LEDGER.c.guild_id,
        computed=USERS.c.guild_id,
    )
    statement = finding.select_from(
        LEDGER.join(
            USERS,
            or_(USERS.c.id == LEDGER.c.from_user, USERS.c.id == LEDGER.c.to_user),
        )
    ).where(USERS.c.guild_id != LEDGER.c.guild_id)
    return _in_guild(statement, guild_id)


def _in_guild(statement: Rows, guild_id: int | None) -> Rows:
    if guild_id is None:
        return statement
    return statement.where(LEDGER.c.guild_id == guild_id)


CHECKS: tuple[Check, ...] = (
    balance_is_sum,
    chain_is_continuous,
    sides_fit_kind,
    supply_is_held,
    balance_in_range,
    correction_mirrors,
    entry_stays_in_guild,
)
