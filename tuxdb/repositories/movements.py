"""The statements that move points: rows locked, rules checked, the entry inserted.

Each is one statement, so one round trip and no transaction to leave open. The entry's
trigger changes the balances. The guild's own rules, in its configuration under
`settings.points`, are read by the statement itself, so that they hold at once for
everybody; what they cost is one look-up by primary key.
"""

from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Interval,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert

from tuxdb.engine.direct import DIRECT
from tuxdb.models import (
    MAX_POINTS,
    EntryKind,
    GuildConfig,
    PointsFreeze,
    PointsTransaction,
    User,
)

LEDGER = PointsTransaction.__table__  # type: ignore[attr-defined]
USERS = User.__table__  # type: ignore[attr-defined]
CONFIGS = GuildConfig.__table__  # type: ignore[attr-defined]
FREEZES = PointsFreeze.__table__  # type: ignore[attr-defined]
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
    "reverses",
)
PARTICULARS = ("kind", "reason", "actor", "idempotency_key", "request_hash")
NOBODY = cast(null(), BigInteger)
START = "start balance"
"""The reason of the grant to a new member."""


class DailyLimits(Enum):
    """How a statement deals with what members may send and receive in a day.

    It sees the entries that were there when it began. What was committed while it
    waited for its locks is missing from a sum, so that sums are taken by a statement
    that follows the one which locked.
    """

    NONE_SET = "moves nothing where the guild sets any"
    CHECKED = "within them; the users are locked by an earlier statement"
    WAIVED = "managers are not bound by them"


@cache
def movement(
    sender: bool, receiver: bool, limits: DailyLimits, *, by_discord_id: bool
) -> Select[Any]:
    """Move an amount from a user to another, or from or to the outside world."""
    names = ["sender"] * sender + ["receiver"] * receiver
    locked = _locked(names, by_discord_id=by_discord_id)
    key = "discord_id" if by_discord_id else "id"
    amount = bindparam("amount", type_=BigInteger)
    source, target = locked.alias("source"), locked.alias("target")
    rules = rules_of(locked)
    conditions = []
    if sender:
        conditions += [
            source.c[key] == bindparam("sender", type_=BigInteger),
            source.c.points >= amount,
        ]
    if receiver:
        conditions += [
            target.c[key] == bindparam("receiver", type_=BigInteger),
            target.c.points <= rules.c.max_balance - amount,
        ]
    if sender and receiver:
        conditions += [
            source.c.guild_id == target.c.guild_id,
            or_(
                bindparam("kind", type_=String) != literal(EntryKind.TRANSFER.value),
                and_(*_transfer_rules(source, target, rules, amount, limits)),
            ),
        ]
    given = source if sender else target
    moved = select(
        given.c.guild_id,
        source.c.id if sender else NOBODY,
        target.c.id if receiver else NOBODY,
        amount,
        source.c.points - amount if sender else NOBODY,
        target.c.points + amount if receiver else NOBODY,
        *_particulars(),
    )
    return _entered(locked, moved.where(*conditions), rules)


@cache
def adjustment(*, by_discord_id: bool) -> Select[Any]:
    """Enter the difference between a user's balance and the one wanted."""
    locked = _locked(["receiver"], by_discord_id=by_discord_id)
    wanted = bindparam("balance", type_=BigInteger)
    more, less = wanted > locked.c.points, wanted < locked.c.points
    rules = rules_of(locked)
    allowed = wanted <= rules.c.max_balance
    changed = select(
        locked.c.guild_id,
        case((less, locked.c.id)),
        case((more, locked.c.id)),
        func.abs(wanted - locked.c.points),
        case((less, wanted)),
        case((more, wanted)),
        *_particulars(),
    ).select_from(locked.join(rules, true()))
    return _entered(locked, changed.where(or_(less, and_(more, allowed))), rules)


@cache
def standing_rules() -> Select[Any]:
    """What the rules say of two users now: to name the reason of a refusal."""
    sender = bindparam("sender_id", type_=BigInteger)
    receiver = bindparam("receiver_id", type_=BigInteger)
    guild = select(bindparam("guild_id", type_=BigInteger).label("guild_id")).cte("g")
    rules = rules_of(guild)
    return select(
        rules.c.max_balance,
        rules.c.daily_send,
        rules.c.daily_receive,
        rules.c.day_end,
        _moved_today(LEDGER.c.from_user == sender, rules).label("sent"),
        _moved_today(LEDGER.c.to_user == receiver, rules).label("received"),
        _is_frozen(sender).label("sender_frozen"),
        _is_frozen(receiver).label("receiver_frozen"),
    ).select_from(rules)


def _locked(names: list[str], *, by_discord_id: bool) -> CTE:
    """Users locked in id order, so that opposite transfers cannot deadlock."""
    given = [bindparam(name, type_=BigInteger) for name in names]
    condition = (USERS.c.discord_id if by_discord_id else USERS.c.id).in_(given)
    if by_discord_id:
        guild = bindparam("guild_id", type_=BigInteger)
        condition = and_(USERS.c.guild_id == guild, condition)
    columns = ("id", "guild_id", "discord_id", "username", "points")
    rows = select(*(USERS.c[name] for name in columns)).where(condition)
    rows = rows.order_by(USERS.c.id).with_for_update(key_share=True)
    return rows.cte("locked")


def rules_of(users: CTE) -> CTE:
    """The limits of the guild of some users; NULL where it sets none."""
    guild_id = select(users.c.guild_id).limit(1).scalar_subquery()
    one = select(guild_id.label("guild_id")).subquery("one")
    points = CONFIGS.c.settings["points"]
    zone = func.coalesce(points["timezone"].astext, "UTC")
    day = func.date_trunc("day", func.timezone(zone, func.now()))
    tomorrow = day + literal(timedelta(days=1), Interval)
    limit = cast(points["max_balance"], BigInteger)
    return (
        select(
            one.c.guild_id,
            func.coalesce(limit, MAX_POINTS).label("max_balance"),
            cast(points["daily_send"], BigInteger).label("daily_send"),
            cast(points["daily_receive"], BigInteger).label("daily_receive"),
            func.timezone(zone, day).label("day_start"),
            func.timezone(zone, tomorrow).label("day_end"),
        )
        .select_from(one.outerjoin(CONFIGS, CONFIGS.c.guild_id == one.c.guild_id))
        .cte("rules")
    )


def _transfer_rules(
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401
    rules: CTE,
    amount: ColumnElement[int],
    limits: DailyLimits,
) -> list[ColumnElement[bool]]:
    """What binds members among each other, and not those who manage points."""
    bound = [~_is_frozen(source.c.id), ~_is_frozen(target.c.id)]
    for limit, side in (
        (rules.c.daily_send, LEDGER.c.from_user == source.c.id),
        (rules.c.daily_receive, LEDGER.c.to_user == target.c.id),
    ):
        if limits is DailyLimits.NONE_SET:
            bound.append(limit.is_(None))
        if limits is DailyLimits.CHECKED:
            within = _moved_today(side, rules) <= limit - amount
            bound.append(case((limit.is_(None), true()), else_=within))
    return bound


def _moved_today(side: ColumnElement[bool], rules: CTE) -> ColumnElement[int]:
    """What went through one side of transfers since the guild's midnight."""
    total = func.coalesce(func.sum(LEDGER.c.amount), 0)
    return (
        select(cast(total, BigInteger))
        .where(
            LEDGER.c.guild_id == rules.c.guild_id,
            side,
            LEDGER.c.kind == literal(EntryKind.TRANSFER.value),
            LEDGER.c.created_at >= rules.c.day_start,
        )
        .scalar_subquery()
    )


def _is_frozen(user_id: ColumnElement[int]) -> ColumnElement[bool]:
    return select(literal(1)).where(FREEZES.c.user_id == user_id).exists()


def _particulars() -> list[ColumnElement[Any]]:
    texts = [bindparam(name, type_=String) for name in PARTICULARS]
    return [*texts, bindparam("reverses", type_=BigInteger)]


def _entered(locked: CTE, values: Select[Any], rules: CTE) -> Select[Any]:
    """Insert the entry once for its key, and tell of it beside the locked rows."""
    limited = or_(rules.c.daily_send.is_not(None), rules.c.daily_receive.is_not(None))
    entry = (
        insert(LEDGER)
        .from_select(ENTRY_COLUMNS, values, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(LEDGER.c.id, LEDGER.c.created_at)
        .cte("entry")
    )
    return (
        select(
            locked,
            entry.c.id.label("entry_id"),
            entry.c.created_at.label("entered_at"),
            limited.label("limited"),
        )
        .select_from(locked.outerjoin(entry, true()).join(rules, true()))
        .order_by(locked.c.id)
        .execution_options(**{DIRECT: True})
    )
