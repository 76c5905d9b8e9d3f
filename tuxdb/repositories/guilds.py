"""Statements about guilds."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Interval,
    Row,
    Select,
    Table,
    bindparam,
    cast,
    func,
    literal,
    select,
)

from tuxdb.engine.statements import Executor
from tuxdb.models import Case, Guild, Messages, PointsTransaction, User
from tuxdb.repositories.base import Repository

GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
USERS: Table = User.__table__  # type: ignore[attr-defined]
ENTRIES: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
CASES: Table = Case.__table__  # type: ignore[attr-defined]
MESSAGES: Table = Messages.__table__  # type: ignore[attr-defined]
WEEK, MONTH = timedelta(days=7), timedelta(days=30)


class GuildRepository(Repository[Guild]):
    """Statements about `guilds`."""

    async def stats(self, session: Executor, ids: Sequence[int]) -> list[Row[Any]]:
        """How large some guilds are, and how much of it is new, in order of their ids.

        The counts are exact. Messages have no index by guild, so that all are looked
        at, once.
        """
        result = await session.execute(_stats(), {"ids": list(ids)})
        return list(result.all())


@cache
def _stats() -> Select[Any]:
    users = {
        **_counts(USERS, "users"),
        "active": func.count().filter(USERS.c.is_active),
        "supply": cast(func.sum(USERS.c.points), BigInteger),
    }
    parts: dict[Table, dict[str, ColumnElement[int]]] = {
        USERS: users,
        ENTRIES: _counts(ENTRIES, "entries"),
        CASES: {"cases": func.count()},
        MESSAGES: _counts(MESSAGES, "messages"),
    }
    joined: Any = GUILDS
    columns = []
    for table, values in parts.items():
        counts = (
            select(table.c.guild_id, *(v.label(n) for n, v in values.items()))
            .where(table.c.guild_id == func.any(_ids()))
            .group_by(table.c.guild_id)
            .subquery(f"of_{table.name}")
        )
        joined = joined.outerjoin(counts, counts.c.guild_id == GUILDS.c.id)
        columns += [func.coalesce(counts.c[name], 0).label(name) for name in values]
    return (
        select(GUILDS.c.id.label("guild_id"), GUILDS.c.name, *columns)
        .select_from(joined)
        .where(GUILDS.c.id == func.any(_ids()))
        .order_by(GUILDS.c.id)
    )


def _counts(table: Table, name: str) -> dict[str, ColumnElement[int]]:
    """All rows, and those of the last 7 and 30 days."""
    counts: dict[str, ColumnElement[int]] = {name: func.count()}
    for days, period in (("7d", WEEK), ("30d", MONTH)):
        since = func.now() - literal(period, Interval)
        new = func.count().filter(table.c.created_at >= since)
        counts[f"{name}_{days}"] = new
    return counts


def _ids() -> ColumnElement[Any]:
    return bindparam("ids", type_=ARRAY(BigInteger))
