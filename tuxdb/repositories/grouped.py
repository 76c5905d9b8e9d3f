"""The two statements of transfers that are made together: lock, then enter."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Executable,
    Row,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import array, insert

from tuxdb.models import MAX_POINTS, EntryKind
from tuxdb.repositories.movements import (
    CONFIGS,
    ENTRY_COLUMNS,
    FREEZES,
    LEDGER,
    NOBODY,
    USERS,
)

Values = dict[str, list[Any]]

DAILY = ("daily_send", "daily_receive")
COLUMNS = {
    "guild_ids": BigInteger,
    "senders": BigInteger,
    "receivers": BigInteger,
    "amounts": BigInteger,
    "sender_balances": BigInteger,
    "receiver_balances": BigInteger,
    "reasons": String,
    "actors": String,
    "keys": String,
    "hashes": String,
}


def lock_users(
    connection: Connection,
    guild_id: int | None,
    ids: Sequence[int],
    *,
    patience_seconds: float,
    skip_locked: bool,
) -> Sequence[Row[Any]]:
    """Lock users in id order, each with the highest balance that its guild allows.

    `special` are those of a guild with daily limits, and those who are frozen. `ids`
    are Discord ids of one guild, or row ids where there is no guild. The patience is
    for all locks of the transaction; with `skip_locked` users who are locked by
    others are left out.
    """
    by_discord_id = guild_id is not None
    statement = _locking(by_discord_id=by_discord_id, skip_locked=skip_locked)
    patience = str(round(patience_seconds * 1000))
    values: dict[str, Any] = {"ids": sorted(set(ids)), "patience": patience}
    if guild_id is not None:
        values["guild_id"] = guild_id
    return connection.execute(statement, values).all()


def known_users(
    connection: Connection, guild_id: int | None, ids: Sequence[int]
) -> set[int | None]:
    """Those of some ids that users have, locked or not."""
    who = USERS.c.id if guild_id is None else USERS.c.discord_id
    given = bindparam("ids", list(ids), ARRAY(BigInteger))
    statement = select(who).where(who == func.any(given))
    if guild_id is not None:
        statement = statement.where(USERS.c.guild_id == guild_id)
    return set(connection.scalars(statement))


def used_keys(connection: Connection, guild_id: int, keys: Sequence[str]) -> set[str]:
    """Those of some idempotency keys that entries of a guild carry."""
    given = bindparam("keys", list(keys), ARRAY(String))
    statement = select(LEDGER.c.idempotency_key).where(
        LEDGER.c.guild_id == guild_id, LEDGER.c.idempotency_key == func.any(given)
    )
    return set(connection.scalars(statement))


def enter(connection: Connection, values: Values) -> Sequence[Row[Any]]:
    """Insert transfers in their order; their triggers carry them over."""
    return connection.execute(_entering(), values).all()


@cache
def _locking(*, by_discord_id: bool, skip_locked: bool) -> Select[Any]:
    patience = bindparam("patience", type_=String)
    limit = func.set_config("lock_timeout", patience, true())
    first = select(limit.label("patience")).cte("first")
    given = bindparam("ids", type_=ARRAY(BigInteger))
    who = USERS.c.discord_id if by_discord_id else USERS.c.id
    rules = CONFIGS.c.settings["points"]
    own = CONFIGS.c.guild_id == USERS.c.guild_id
    limited = select(literal(1)).where(own, rules.has_any(array(DAILY)))
    highest = select(cast(rules["max_balance"], BigInteger)).where(own)
    frozen = select(literal(1)).where(FREEZES.c.user_id == USERS.c.id)
    statement = select(
        USERS.c.id,
        USERS.c.guild_id,
        USERS.c.discord_id,
        USERS.c.username,
        USERS.c.points,
        func.coalesce(highest.scalar_subquery(), MAX_POINTS).label("highest"),
        (limited.exists() | frozen.exists()).label("special"),
    ).select_from(USERS.join(first, true()))
    statement = statement.where(who == func.any(given))
    if by_discord_id:
        guild = bindparam("guild_id", type_=BigInteger)
        statement = statement.where(USERS.c.guild_id == guild)
    return statement.order_by(USERS.c.id).with_for_update(
        key_share=True, of=USERS, skip_locked=skip_locked
    )


@cache
def _entering() -> Executable:
    arrays: list[Any] = [
        bindparam(name, type_=ARRAY(kind)) for name, kind in COLUMNS.items()
    ]
    columns: list[Any] = [column(name, kind) for name, kind in COLUMNS.items()]
    given = (
        func.unnest(*arrays)
        .table_valued(*columns, with_ordinality="place")
        .render_derived(name="given")
    )
    rows = select(
        given.c.guild_ids,
        given.c.senders,
        given.c.receivers,
        given.c.amounts,
        given.c.sender_balances,
        given.c.receiver_balances,
        literal(EntryKind.TRANSFER.value),
        given.c.reasons,
        given.c.actors,
        given.c["keys"],
        given.c.hashes,
        NOBODY,
    ).order_by(given.c.place)
    return (
        insert(LEDGER)
        .from_select(ENTRY_COLUMNS, rows, include_defaults=False)
        .returning(LEDGER.c.id, LEDGER.c.idempotency_key, LEDGER.c.created_at)
    )
