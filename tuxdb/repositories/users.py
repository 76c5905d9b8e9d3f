"""Statements about users."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, bindparam, func, select
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import Case, User
from tuxdb.repositories.base import Repository


class UserRepository(Repository[User]):
    """Statements about `users`."""

    async def most_active(
        self, session: Executor, guild_id: int, limit: int
    ) -> list[User]:
        """By messages, then by last activity; those never active come last."""
        order = (
            col(User.message_count).desc(),
            col(User.last_active).desc().nulls_last(),
        )
        in_guild = col(User.guild_id) == guild_id
        return await self.find(session, filters=in_guild, order_by=order, limit=limit)

    async def with_active_cases(self, session: Executor, guild_id: int) -> list[User]:
        """Users of a guild that have a case which is still active."""
        active = select(col(Case.id)).where(
            col(Case.guild_id) == guild_id,
            col(Case.user_id) == col(User.id),
            col(Case.is_active),
        )
        return await self.find(
            session, filters=[col(User.guild_id) == guild_id, active.exists()]
        )

    async def get_member(
        self, session: Executor, guild_id: int, discord_id: int
    ) -> User | None:
        """The user with a Discord id in a guild."""
        rows = await self.find(
            session,
            filters=[
                col(User.guild_id) == guild_id,
                col(User.discord_id) == discord_id,
            ],
            limit=1,
        )
        return rows[0] if rows else None

    async def known(
        self, session: Executor, guild_id: int, discord_ids: Sequence[int]
    ) -> set[int]:
        """Those of some Discord ids that are users of a guild."""
        given = bindparam("ids", list(discord_ids), ARRAY(BigInteger))
        statement = select(col(User.discord_id)).where(
            col(User.guild_id) == guild_id, col(User.discord_id) == func.any(given)
        )
        return set(await session.scalars(statement))

    async def get_members(
        self, session: Executor, keys: Sequence[Any]
    ) -> dict[int, User]:
        """Users by their row ids."""
        if not keys:
            return {}
        given = bindparam("ids", list(keys), ARRAY(BigInteger))
        rows = await self.find(session, filters=col(User.id) == func.any(given))
        return {row.id: row for row in rows}
