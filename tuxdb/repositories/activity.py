"""Statements about what members have written: how often, and when last."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Interval,
    Row,
    and_,
    cast,
    delete,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import User
from tuxdb.repositories.counting import FLUSHES, flush
from tuxdb.repositories.movements import USERS
from tuxdb.repositories.pages import Page, PageAt
from tuxdb.repositories.users import UserRepository

DAY, WEEK = timedelta(days=1), timedelta(days=7)
BY_ACTIVITY = (
    col(User.message_count).desc(),
    col(User.last_active).desc().nulls_last(),
)


class ActivityRepository:
    """Statements about the messages of users."""

    users = UserRepository()

    async def flush(self, session: Executor, values: Mapping[str, Any]) -> int:
        """Add counts to many users, in one statement; how many users there were.

        0 if the flush was carried out before; one that is under way is waited for.
        Guilds and users that were never seen are inserted, these with the start
        balance of their guild. Who has written later than `times` keeps the name.

        `values`: flush_id, and the arrays guilds, users (Discord ids), names, counts
        and times; no user of a guild is named twice.
        """
        return int(await session.scalar(flush(), values))

    async def forget_flushes(self, session: Executor, days: int) -> int:
        """Delete what is known of flushes older than some days; how many."""
        old = FLUSHES.c.created_at < func.now() - literal(timedelta(days), Interval)
        return int((await session.execute(delete(FLUSHES).where(old))).rowcount)

    async def leaders(
        self, session: Executor, guild_id: int, after: str | None, limit: int
    ) -> Page[User]:
        """Active users of a guild who have written, by messages."""
        return await self.users.page_after(
            session,
            filters=_writers(guild_id),
            order_by=BY_ACTIVITY,
            after=after,
            limit=limit,
        )

    async def leaders_at(
        self, session: Executor, guild_id: int, number: int, limit: int
    ) -> PageAt:
        """Where a page of them begins."""
        return await self.users.page_at(
            session,
            filters=_writers(guild_id),
            order_by=BY_ACTIVITY,
            number=number,
            limit=limit,
        )

    async def beside(
        self, session: Executor, user: User, limit: int, *, before: bool
    ) -> list[User]:
        """The active users next to one in the leaderboard, nearest first."""
        order: tuple[Any, ...] = (*BY_ACTIVITY, col(User.id))
        if before:
            order = (
                col(User.message_count),
                col(User.last_active).nulls_first(),
                col(User.id).desc(),
            )
        condition = _ahead(user) if before else not_(or_(_ahead(user), _is(user)))
        return await self.users.find(
            session,
            filters=[*_writers(user.guild_id), condition],
            order_by=order,
            limit=limit,
        )

    async def count_above(self, session: Executor, guild_id: int, count: int) -> int:
        """How many active users of a guild have written more."""
        above = col(User.message_count) > count
        return await self.users.count(session, [*_writers(guild_id), above])

    async def count_before(self, session: Executor, user: User) -> int:
        """How many active users stand before one in the leaderboard."""
        return await self.users.count(session, [*_writers(user.guild_id), _ahead(user)])

    async def totals(self, session: Executor, guild_id: int) -> Row[Any]:
        """Members, messages, and how many members wrote lately, of a guild."""
        statement = select(
            func.count().label("members"),
            func.count().filter(USERS.c.is_active).label("active_members"),
            cast(func.coalesce(func.sum(USERS.c.message_count), 0), BigInteger).label(
                "messages"
            ),
            func.count().filter(_since(DAY)).label("active_day"),
            func.count().filter(_since(WEEK)).label("active_week"),
            func.max(USERS.c.last_active).label("last_active"),
        ).where(USERS.c.guild_id == guild_id)
        row: Row[Any] = (await session.execute(statement)).one()
        return row


def _writers(guild_id: int) -> list[ColumnElement[bool]]:
    return [
        col(User.guild_id) == guild_id,
        col(User.is_active).is_(True),
        col(User.message_count) > 0,
    ]


def _is(user: User) -> ColumnElement[bool]:
    return col(User.id) == user.id


def _ahead(user: User) -> ColumnElement[bool]:
    """Users that stand before one: more messages, or as many and later ones."""
    later, same = _later(user)
    return or_(
        col(User.message_count) > user.message_count,
        and_(
            col(User.message_count) == user.message_count,
            or_(later, and_(same, col(User.id) < user.id)),
        ),
    )


def _later(user: User) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Who has written later than a user, and who at the very same time."""
    written = col(User.last_active)
    if user.last_active is None:
        return written.is_not(None), written.is_(None)
    known = written.is_not(None)
    return and_(known, written > user.last_active), and_(
        known, written == user.last_active
    )


def _since(period: timedelta) -> ColumnElement[bool]:
    since = func.now() - literal(period, Interval)
    recent: ColumnElement[bool] = USERS.c.last_active >= since
    return recent
