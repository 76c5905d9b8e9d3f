"""Statements about the order of users by points."""

from typing import Any

from sqlalchemy import ColumnElement, and_, not_, or_
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import User
from tuxdb.repositories.base import Repository
from tuxdb.repositories.pages import Page, PageAt


class StandingRepository(Repository[User]):
    """The active users of a guild, most points first, then those who came first."""

    async def leaders(
        self, session: Executor, guild_id: int, after: str | None, limit: int
    ) -> Page[User]:
        """Active users of a guild by points."""
        return await self.page_after(
            session,
            filters=_active(guild_id),
            order_by=col(User.points).desc(),
            after=after,
            limit=limit,
        )

    async def leaders_at(
        self, session: Executor, guild_id: int, number: int, limit: int
    ) -> PageAt:
        """Where a page of them begins."""
        return await self.page_at(
            session,
            filters=_active(guild_id),
            order_by=col(User.points).desc(),
            number=number,
            limit=limit,
        )

    async def beside(
        self, session: Executor, user: User, limit: int, *, before: bool
    ) -> list[User]:
        """The active users next to one in the leaderboard, nearest first."""
        condition = _ahead(user)
        order: list[Any] = [col(User.points), col(User.id).desc()]
        if not before:
            condition = not_(or_(condition, col(User.id) == user.id))
            order = [col(User.points).desc(), col(User.id)]
        return await self.find(
            session,
            filters=[*_active(user.guild_id), condition],
            order_by=order,
            limit=limit,
        )

    async def count_above(self, session: Executor, guild_id: int, points: int) -> int:
        """How many active users of a guild have more points."""
        more = col(User.points) > points
        return await self.count(session, [*_active(guild_id), more])

    async def count_before(self, session: Executor, user: User) -> int:
        """How many active users stand before one in the leaderboard."""
        return await self.count(session, [*_active(user.guild_id), _ahead(user)])


def _active(guild_id: int) -> list[ColumnElement[bool]]:
    return [col(User.guild_id) == guild_id, col(User.is_active).is_(True)]


def _ahead(user: User) -> ColumnElement[bool]:
    return or_(
        col(User.points) > user.points,
        and_(col(User.points) == user.points, col(User.id) < user.id),
    )
