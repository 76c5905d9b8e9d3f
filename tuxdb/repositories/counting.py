"""The statement that adds up what members have written, each flush once."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    DateTime,
    Select,
    String,
    Table,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from tuxdb.models import CounterFlush, EntryKind, Guild
from tuxdb.repositories.movements import CONFIGS, LEDGER, START, USERS

GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
FLUSHES: Table = CounterFlush.__table__  # type: ignore[attr-defined]
KEY = ("guild_id", "discord_id")
MOST_MESSAGES = 2**62
"""No count grows beyond it, so that none can ever leave its column."""


@cache
def flush() -> Select[Any]:
    """Add counts to many users under the id of a flush; how many users there were."""
    given = _given()
    once = _once(given)
    counted = _counted(given, once, _locked(given))
    whole = select(func.count()).select_from(counted)
    return whole.add_cte(_guilds(given, once)).add_cte(_started(counted))


def _given() -> CTE:
    kinds: dict[str, Any] = {
        "guilds": BigInteger(),
        "users": BigInteger(),
        "names": String(),
        "counts": BigInteger(),
        "times": DateTime(timezone=True),
    }
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in kinds.items()]
    columns: list[Any] = [
        column("guild_id", BigInteger),
        column("discord_id", BigInteger),
        column("username", String),
        column("message_count", BigInteger),
        column("last_active", DateTime(timezone=True)),
    ]
    rows = func.unnest(*arrays).table_valued(*columns).render_derived(name="rows")
    return select(rows).cte("given")


def _once(given: CTE) -> CTE:
    """The flush, a row if it is new."""
    row = select(
        bindparam("flush_id", type_=Uuid),
        func.count(),
        cast(func.coalesce(func.sum(given.c.message_count), 0), BigInteger),
    )
    return (
        insert(FLUSHES)
        .from_select(["id", "users", "messages"], row, include_defaults=False)
        .on_conflict_do_nothing()
        .returning(FLUSHES.c.id)
        .cte("flush")
    )


def _guilds(given: CTE, flush: CTE) -> CTE:
    ids = select(given.c.guild_id).distinct().select_from(given.join(flush, true()))
    return (
        insert(GUILDS)
        .from_select(["id"], ids.order_by(given.c.guild_id), include_defaults=False)
        .on_conflict_do_nothing()
        .cte("ensured_guilds")
    )


def _locked(given: CTE) -> CTE:
    """Users who are there, locked in id order as transfers lock them."""
    named = select(given.c.guild_id, given.c.discord_id)
    return (
        select(USERS.c.id)
        .where(tuple_(USERS.c.guild_id, USERS.c.discord_id).in_(named))
        .order_by(USERS.c.id)
        .with_for_update(key_share=True)
        .cte("locked")
    )


def _counted(given: CTE, flush: CTE, locked: CTE) -> CTE:
    """The users with their counts added, in the order of their keys.

    The locks come first: they are counted before the first row is changed.
    """
    held = select(func.count()).select_from(locked).scalar_subquery()
    rows = (
        select(
            given.c.guild_id,
            given.c.discord_id,
            given.c.username,
            given.c.message_count,
            given.c.last_active,
        )
        .select_from(given.join(flush, true()))
        .where(held >= 0)
        .order_by(given.c.guild_id, given.c.discord_id)
    )
    columns = [*KEY, "username", "message_count", "last_active"]
    added = insert(USERS).from_select(columns, rows, include_defaults=False)
    new, last = added.excluded, USERS.c.last_active
    latest = or_(last.is_(None), new.last_active >= last)
    count = USERS.c.message_count + new.message_count
    return (
        added.on_conflict_do_update(
            index_elements=[USERS.c[name] for name in KEY],
            set_={
                "message_count": func.least(count, MOST_MESSAGES),
                "last_active": func.greatest(last, new.last_active),
                "username": case((latest, new.username), else_=USERS.c.username),
                "is_active": case((latest, true()), else_=USERS.c.is_active),
                "updated_at": func.now(),
            },
        )
        .returning(USERS.c.id, USERS.c.guild_id, USERS.c.created_at)
        .cte("counted")
    )


def _started(counted: CTE) -> CTE:
    """Grants of the start balance to those who were not there before.

    Only a row of this very transaction has its time; and should another's have it by
    chance, and points already, the ledger's trigger takes no such entry.
    """
    amount = cast(CONFIGS.c.settings["points"]["start_balance"], BigInteger)
    values = (
        select(
            counted.c.guild_id,
            counted.c.id,
            amount,
            amount,
            literal(EntryKind.GRANT.value),
            literal(START),
        )
        .join_from(counted, CONFIGS, CONFIGS.c.guild_id == counted.c.guild_id)
        .where(counted.c.created_at == func.now(), amount > 0)
        .order_by(counted.c.id)
    )
    columns = ["guild_id", "to_user", "amount", "to_balance", "kind", "reason"]
    return (
        insert(LEDGER)
        .from_select(columns, values, include_defaults=False)
        .cte("granted")
    )
