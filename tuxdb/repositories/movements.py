"""The statements that move points: rows locked, rules checked, the entry inserted.

Each is one statement, so one round trip and no transaction to leave open. The entry's
trigger changes the balances. The guild's own rules, in its configuration under
`settings.points`, are read by the statement itself, so that they hold at once for
everybody; what they cost is one look-up by primary key.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
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
    column,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import Insert, insert

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


@cache
def movement(sender: bool, receiver: bool, *, by_discord_id: bool) -> Select[Any]:
    """Move an amount from a user to another, or from or to the outside world."""
    names = ["sender"] * sender + ["receiver"] * receiver
    locked = _locked(names, by_discord_id=by_discord_id)
    key = "discord_id" if by_discord_id else "id"
    amount = bindparam("amount", type_=BigInteger)
    source, target = locked.alias("source"), locked.alias("target")
    rules = _rules(locked)
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
                and_(*_transfer_rules(source, target, rules, amount)),
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
    return _entered(locked, moved.where(*conditions))


@cache
def adjustment(*, by_discord_id: bool) -> Select[Any]:
    """Enter the difference between a user's balance and the one wanted."""
    locked = _locked(["receiver"], by_discord_id=by_discord_id)
    wanted = bindparam("balance", type_=BigInteger)
    more, less = wanted > locked.c.points, wanted < locked.c.points
    allowed = wanted <= _rules(locked).c.max_balance
    changed = select(
        locked.c.guild_id,
        case((less, locked.c.id)),
        case((more, locked.c.id)),
        func.abs(wanted - locked.c.points),
        case((less, wanted)),
        case((more, wanted)),
        *_particulars(),
    ).where(or_(less, and_(more, allowed)))
    return _entered(locked, changed)


@cache
def adjustments() -> Insert:
    """The entries for many users whose balances are to be others."""
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
        [*ENTRY_COLUMNS[:8]], entries.order_by(rows.c.id), include_defaults=False
    )


@cache
def payout(*, burns: bool) -> Select[Any]:
    """Grant to, or deduct from, many users of a guild at once.

    A user may be named more than once: the balances of its entries follow each other
    in the order of the lines. One row for each line that names a user of the guild,
    with `entry_id` None where its key was used before or a limit stands against it.
    """
    kinds: dict[str, Any] = {
        "lines": BigInteger,
        "users": BigInteger,
        "amounts": BigInteger,
    }
    arrays: list[Any] = [bindparam(n, type_=ARRAY(kind)) for n, kind in kinds.items()]
    arrays.append(bindparam("keys", type_=ARRAY(String)))
    columns: list[Any] = [
        column("line", BigInteger),
        column("discord_id", BigInteger),
        column("amount", BigInteger),
        column("key", String),
    ]
    given = func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
    guild = bindparam("guild_id", type_=BigInteger)
    named = select(given.c.discord_id)
    users = (
        select(USERS.c.id, USERS.c.guild_id, USERS.c.discord_id)
        .add_columns(USERS.c.username, USERS.c.points)
        .where(USERS.c.guild_id == guild, USERS.c.discord_id.in_(named))
        .order_by(USERS.c.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    change = -given.c.amount if burns else given.c.amount
    moved = func.sum(change).over(partition_by=users.c.id, order_by=given.c.line)
    steps = (
        select(
            given.c.line,
            given.c.amount,
            given.c.key,
            users,
            cast(users.c.points + moved, BigInteger).label("after"),
        )
        .join_from(given, users, users.c.discord_id == given.c.discord_id)
        .cte("steps")
    )
    allowed = (
        steps.c.after >= 0 if burns else steps.c.after <= _rules(users).c.max_balance
    )
    values = select(
        steps.c.guild_id,
        steps.c.id if burns else NOBODY,
        NOBODY if burns else steps.c.id,
        steps.c.amount,
        steps.c.after if burns else NOBODY,
        NOBODY if burns else steps.c.after,
        *(bindparam(name, type_=String) for name in ("kind", "reason", "actor")),
        steps.c.key,
        steps.c.key,
        NOBODY,
    )
    entry = (
        insert(LEDGER)
        .from_select(
            ENTRY_COLUMNS,
            values.where(allowed).order_by(steps.c.line),
            include_defaults=False,
        )
        .on_conflict_do_nothing()
        .returning(LEDGER.c.id, LEDGER.c.idempotency_key)
        .cte("entry")
    )
    return (
        select(steps, entry.c.id.label("entry_id"))
        .select_from(steps.outerjoin(entry, entry.c.idempotency_key == steps.c.key))
        .order_by(steps.c.line)
    )


@cache
def standing_rules() -> Select[Any]:
    """What the rules say of two users now: to name the reason of a refusal."""
    sender = bindparam("sender_id", type_=BigInteger)
    receiver = bindparam("receiver_id", type_=BigInteger)
    guild = select(bindparam("guild_id", type_=BigInteger).label("guild_id")).cte("g")
    rules = _rules(guild)
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


def _rules(users: CTE) -> CTE:
    """The limits of the guild of some users; NULL where it sets none."""
    guild_id = select(users.c.guild_id).limit(1).scalar_subquery()
    one = select(guild_id.label("guild_id")).subquery("one")
    points = CONFIGS.c.settings["points"]
    zone = func.coalesce(points["timezone"].astext, "UTC")
    day = func.date_trunc("day", func.now(), zone)
    return (
        select(
            func.coalesce(_whole(points["max_balance"]), MAX_POINTS).label(
                "max_balance"
            ),
            _whole(points["daily_send"]).label("daily_send"),
            _whole(points["daily_receive"]).label("daily_receive"),
            day.label("day_start"),
            (day + literal(timedelta(days=1), Interval)).label("day_end"),
        )
        .select_from(one.outerjoin(CONFIGS, CONFIGS.c.guild_id == one.c.guild_id))
        .cte("rules")
    )


def _transfer_rules(
    source: Any,  # noqa: ANN401
    target: Any,  # noqa: ANN401
    rules: CTE,
    amount: ColumnElement[int],
) -> list[ColumnElement[bool]]:
    """What binds members among each other, and not those who manage points."""
    sent = _moved_today(LEDGER.c.from_user == source.c.id, rules)
    received = _moved_today(LEDGER.c.to_user == target.c.id, rules)
    return [
        ~_is_frozen(source.c.id),
        ~_is_frozen(target.c.id),
        case(
            (rules.c.daily_send.is_(None), true()),
            else_=sent <= rules.c.daily_send - amount,
        ),
        case(
            (rules.c.daily_receive.is_(None), true()),
            else_=received <= rules.c.daily_receive - amount,
        ),
    ]


def _moved_today(side: ColumnElement[bool], rules: CTE) -> ColumnElement[int]:
    """What went through one side of transfers since the guild's midnight."""
    total = func.coalesce(func.sum(LEDGER.c.amount), 0)
    return (
        select(cast(total, BigInteger))
        .where(
            side,
            LEDGER.c.kind == literal(EntryKind.TRANSFER.value),
            LEDGER.c.created_at >= rules.c.day_start,
        )
        .scalar_subquery()
    )


def _is_frozen(user_id: ColumnElement[int]) -> ColumnElement[bool]:
    return select(literal(1)).where(FREEZES.c.user_id == user_id).exists()


def _whole(value: Any) -> ColumnElement[int]:  # noqa: ANN401
    return cast(value.astext, BigInteger)


def _particulars() -> list[ColumnElement[Any]]:
    texts = [bindparam(name, type_=String) for name in PARTICULARS]
    return [*texts, bindparam("reverses", type_=BigInteger)]


def _entered(locked: CTE, values: Select[Any]) -> Select[Any]:
    """Insert the entry once for its key, and tell of it beside the locked rows."""
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
        )
        .select_from(locked.outerjoin(entry, true()))
        .order_by(locked.c.id)
        .execution_options(**{DIRECT: True})
    )
