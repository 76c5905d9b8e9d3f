"""The statement that makes many transfers at once: locked, decided and entered.

It is one round trip and a transaction of its own, whatever the number of transfers.
What cannot be made for sure whatever becomes of the others is left out, so that one
bad transfer fails nobody; whoever sent it makes it alone and learns the reason.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    Boolean,
    Row,
    Select,
    String,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import array, insert

from tuxdb.engine.direct import DIRECT
from tuxdb.engine.statements import Executor
from tuxdb.models import MAX_POINTS, EntryKind
from tuxdb.repositories.movements import (
    CONFIGS,
    ENTRY_COLUMNS,
    FREEZES,
    LEDGER,
    NOBODY,
    USERS,
)

COLUMNS = {
    "sender": BigInteger,
    "receiver": BigInteger,
    "amount": BigInteger,
    "reason": String,
    "actor": String,
    "key": String,
    "hash": String,
}
"""The arrays of transfers, each with a key that no other of them has."""

DAILY = ("daily_send", "daily_receive")
SIDE = ("id", "discord_id", "username")


async def make_transfers(
    session: Executor, values: Mapping[str, Any], *, skip_locked: bool
) -> Sequence[Row[Any]]:
    """Make the transfers that can be made; a row for each in their order.

    `entry_id` is None where a transfer was not made, and the id of a side where its
    user was not found. `values`: `ids` of all users, Discord ids of one guild with
    `guild_id` or row ids without; the arrays of `COLUMNS`; `patience` in
    milliseconds, for all locks of the statement. With `skip_locked` users are not
    found who are locked by others. A key that was used before violates its constraint.
    """
    by_discord_id = "guild_id" in values
    statement = _making(by_discord_id=by_discord_id, skip_locked=skip_locked)
    found = await session.execute(statement, values)
    rows: Sequence[Row[Any]] = found.all()
    return rows


async def known_users(
    session: Executor, guild_id: int | None, ids: Sequence[int]
) -> set[int | None]:
    """Those of some ids that users have, locked or not."""
    who = USERS.c.id if guild_id is None else USERS.c.discord_id
    given = bindparam("ids", list(ids), ARRAY(BigInteger))
    statement = select(who).where(who == func.any(given))
    if guild_id is not None:
        statement = statement.where(USERS.c.guild_id == guild_id)
    return {row[0] for row in await session.execute(statement)}


async def used_keys(
    session: Executor, guild_id: int | None, keys: Sequence[str]
) -> set[str]:
    """Those of some idempotency keys that entries carry, of a guild or of any."""
    given = bindparam("keys", list(keys), ARRAY(String))
    statement = select(LEDGER.c.idempotency_key).where(
        LEDGER.c.idempotency_key == func.any(given)
    )
    if guild_id is not None:
        statement = statement.where(LEDGER.c.guild_id == guild_id)
    return {row[0] for row in await session.execute(statement)}


@cache
def _making(*, by_discord_id: bool, skip_locked: bool) -> Select[Any]:
    locked = _locked(by_discord_id=by_discord_id, skip_locked=skip_locked)
    given = _given()
    key = "discord_id" if by_discord_id else "id"
    sender, receiver = locked.alias("sender"), locked.alias("receiver")
    entry = _entered(_paired(_sure(given, sender, receiver, key)))
    made = (
        given.outerjoin(sender, sender.c[key] == given.c.sender)
        .outerjoin(receiver, receiver.c[key] == given.c.receiver)
        .outerjoin(entry, entry.c.key == given.c.key)
    )
    return (
        select(
            given.c.key,
            sender.c.guild_id,
            *(sender.c[name].label(f"sender_{name}") for name in SIDE),
            *(receiver.c[name].label(f"receiver_{name}") for name in SIDE),
            entry.c.entry_id,
            entry.c.from_balance,
            entry.c.to_balance,
            entry.c.created_at,
        )
        .select_from(made)
        .order_by(given.c.place)
        .execution_options(**{DIRECT: True})
    )


def _locked(*, by_discord_id: bool, skip_locked: bool) -> CTE:
    """Users locked in id order, each with the highest balance its guild allows.

    `special` are those of a guild with daily limits, and those who are frozen.
    """
    patience = bindparam("patience", type_=String)
    limit = func.set_config("lock_timeout", patience, true())
    first = select(limit.label("patience")).cte("first")
    rules = CONFIGS.c.settings["points"]
    frozen = select(literal(1)).where(FREEZES.c.user_id == USERS.c.id)
    limited = func.coalesce(rules.has_any(array(DAILY)), literal(False, Boolean))
    users = USERS.join(first, true()).outerjoin(
        CONFIGS, CONFIGS.c.guild_id == USERS.c.guild_id
    )
    rows = select(
        *(USERS.c[name] for name in (*SIDE, "guild_id", "points")),
        func.coalesce(cast(rules["max_balance"], BigInteger), MAX_POINTS).label(
            "highest"
        ),
        or_(limited, frozen.exists()).label("special"),
    ).select_from(users)
    who = USERS.c.discord_id if by_discord_id else USERS.c.id
    given = bindparam("ids", type_=ARRAY(BigInteger, dimensions=1))
    rows = rows.where(who == func.any(given))
    if by_discord_id:
        guild = bindparam("guild_id", type_=BigInteger)
        rows = rows.where(USERS.c.guild_id == guild)
    rows = rows.order_by(USERS.c.id).with_for_update(
        key_share=True, of=USERS, skip_locked=skip_locked
    )
    return rows.cte("locked")


def _given() -> CTE:
    arrays: list[Any] = [
        bindparam(name, type_=ARRAY(kind, dimensions=1))
        for name, kind in COLUMNS.items()
    ]
    columns: list[Any] = [column(name, kind) for name, kind in COLUMNS.items()]
    rows = (
        func.unnest(*arrays)
        .table_valued(*columns, with_ordinality="place")
        .render_derived(name="orders")
    )
    return select(rows).cte("given")


def _sure(
    given: CTE,
    sender: Any,  # noqa: ANN401
    receiver: Any,  # noqa: ANN401
    key: str,
) -> CTE:
    """What can be made whether or not any of the others is.

    A sender has enough for all that goes from it up to here, whatever comes in; a
    receiver is below its limit with all that comes in, whatever goes.
    """
    sent, received = (
        func.sum(given.c.amount).over(partition_by=side.c.id, order_by=given.c.place)
        for side in (sender, receiver)
    )
    steps = (
        select(
            given,
            sender.c.guild_id,
            sender.c.id.label("sender_id"),
            receiver.c.id.label("receiver_id"),
            sender.c.points.label("sender_points"),
            receiver.c.points.label("receiver_points"),
            (sender.c.points - sent).label("least"),
            (receiver.c.highest - receiver.c.points - received).label("room"),
        )
        .join_from(given, sender, sender.c[key] == given.c.sender)
        .join(
            receiver,
            and_(
                receiver.c[key] == given.c.receiver,
                receiver.c.guild_id == sender.c.guild_id,
            ),
        )
        .where(~sender.c.special, ~receiver.c.special)
        .subquery("steps")
    )
    return select(steps).where(steps.c.least >= 0, steps.c.room >= 0).cte("sure")


def _paired(sure: CTE) -> Any:  # noqa: ANN401
    """Transfers with the balances of both sides after them, one after the other."""
    amount = sure.c.amount
    names = ("guild_id", "amount", "reason", "actor", "key", "hash", "place")
    particulars = [sure.c[name] for name in names]
    sides = union_all(
        select(
            *particulars,
            literal(True, Boolean).label("sends"),
            sure.c.sender_id.label("user_id"),
            sure.c.receiver_id.label("other_id"),
            sure.c.sender_points.label("points"),
            (-amount).label("change"),
        ),
        select(
            *particulars,
            literal(False, Boolean),
            sure.c.receiver_id,
            sure.c.sender_id,
            sure.c.receiver_points,
            amount,
        ),
    ).subquery("sides")
    moved = func.sum(sides.c.change).over(
        partition_by=sides.c.user_id, order_by=sides.c.place
    )
    after = cast(sides.c.points + moved, BigInteger)
    balances = select(sides, after.label("after")).subquery("balances")
    others = func.lead(balances.c.after).over(
        order_by=(balances.c.place, balances.c.sends.desc())
    )
    pairs = select(balances, others.label("other_after")).subquery("pairs")
    return select(pairs).where(pairs.c.sends).subquery("paired")


def _entered(paired: Any) -> CTE:  # noqa: ANN401
    rows = select(
        paired.c.guild_id,
        paired.c.user_id,
        paired.c.other_id,
        paired.c.amount,
        paired.c.after,
        paired.c.other_after,
        literal(EntryKind.TRANSFER.value),
        paired.c.reason,
        paired.c.actor,
        paired.c.key,
        paired.c.hash,
        NOBODY,
    ).order_by(paired.c.place)
    return (
        insert(LEDGER)
        .from_select(ENTRY_COLUMNS, rows, include_defaults=False)
        .returning(
            LEDGER.c.id.label("entry_id"),
            LEDGER.c.idempotency_key.label("key"),
            LEDGER.c.from_balance,
            LEDGER.c.to_balance,
            LEDGER.c.created_at,
        )
        .cte("entry")
    )
