"""The statements that enter points for many users at once, of one guild or several."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Select,
    String,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert

from tuxdb.models import MAX_POINTS, EntryKind
from tuxdb.repositories.movements import (
    ENTRY_COLUMNS,
    LEDGER,
    NOBODY,
    USERS,
    rules_of,
)


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
        bindparam("actor", type_=String),
    ).where(or_(more, less))
    return insert(LEDGER).from_select(
        [*ENTRY_COLUMNS[:9]], entries.order_by(rows.c.id), include_defaults=False
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
    arrays += [bindparam(n, type_=ARRAY(String)) for n in ("keys", "hashes")]
    columns: list[Any] = [
        column("line", BigInteger),
        column("discord_id", BigInteger),
        column("amount", BigInteger),
        column("key", String),
        column("hash", String),
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
    beyond = MAX_POINTS + 1  # a sum of many lines may be more than a BIGINT holds
    after = func.least(func.greatest(users.c.points + moved, -beyond), beyond)
    steps = (
        select(
            given.c.line,
            given.c.amount,
            given.c.key,
            given.c.hash,
            users,
            cast(after, BigInteger).label("after"),
        )
        .join_from(given, users, users.c.discord_id == given.c.discord_id)
        .cte("steps")
    )
    allowed = (
        steps.c.after >= 0 if burns else steps.c.after <= rules_of(users).c.max_balance
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
        steps.c.hash,
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
