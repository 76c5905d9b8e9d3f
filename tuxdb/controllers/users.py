"""Users: the members of guilds."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlmodel import col

from tuxdb.controllers.balances import check_points, split_points
from tuxdb.controllers.base import BaseController
from tuxdb.controllers.enrolment import Enrolment
from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Order
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, InvalidTransfer, NotFound
from tuxdb.models import EntryKind, User
from tuxdb.models.names import stored_name
from tuxdb.repositories import Page
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.users import UserRepository

OPENING = "opening balance"
BULK = "bulk update"


class UserController(BaseController[User]):
    """Users. Their points change through the ledger, in these calls as well."""

    repository: UserRepository = UserRepository()
    entries = PointsRepository()

    def __init__(
        self,
        model: type[User] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        super().__init__(model, db)
        self._ledger = Ledger(self.db)
        self._enrolment = Enrolment(self._ledger)

    async def get_user(
        self, user_id: int, *, session: AsyncSession | None = None
    ) -> User | None:
        """The user with this row id, or None."""
        return await self.get_by_id(user_id, session=session)

    async def get_member(
        self,
        guild_id: int,
        discord_id: int,
        *,
        session: AsyncSession | None = None,
    ) -> User | None:
        """The user with a Discord id in a guild, or None."""
        executor = self._reading(session)
        return await self.repository.get_member(executor, guild_id, discord_id)

    async def require_member(
        self,
        guild_id: int,
        discord_id: int,
        *,
        session: AsyncSession | None = None,
    ) -> User:
        """The user with a Discord id in a guild, or NotFound."""
        found = await self.get_member(guild_id, discord_id, session=session)
        if found is None:
            hint = f"tuxdb users list --guild {guild_id}"
            raise NotFound("user", f"{discord_id} in guild {guild_id}", hint=hint)
        return found

    async def enroll(
        self,
        guild_id: int,
        discord_id: int,
        username: str,
        *,
        actor: str | None = None,
        session: AsyncSession | None = None,
    ) -> tuple[User, bool]:
        """The member, inserted if it was never seen, and whether it was.

        A new one is granted the guild's `start_balance`, in the same transaction.
        """
        found = await self.get_member(guild_id, discord_id, session=session)
        if found is not None:
            return found, False

        async def work(own: AsyncSession) -> tuple[User, bool]:
            return await self._enrolment.enroll(
                own, guild_id, discord_id, username, actor=actor
            )

        return await self._in_transaction(session, work)

    async def refresh(
        self,
        guild_id: int,
        discord_id: int,
        username: str,
        *,
        session: AsyncSession | None = None,
    ) -> User:
        """The member as Discord shows them now: enrolled, renamed, back.

        One read where nothing has changed.
        """
        name = stored_name(username, discord_id)
        found, new = await self.enroll(guild_id, discord_id, name, session=session)
        if new or (found.username == name and found.is_active):
            return found
        changes = {"username": name, "is_active": True}
        changed = await self.update_by_id(found.id, session=session, **changes)
        return changed or found

    async def update_member(
        self,
        guild_id: int,
        discord_id: int,
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> User:
        """Change the user with a Discord id in a guild, or raise NotFound."""

        async def work(own: AsyncSession) -> User:
            user = await self.require_member(guild_id, discord_id, session=own)
            changed = await self.update_by_id(user.id, session=own, **changes)
            return changed or user

        return await self._in_transaction(session, work)

    async def page_by_guild(
        self,
        guild_id: int,
        *,
        where: str | None = None,
        sort: str = "id",
        descending: bool = False,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[User]:
        """Users of a guild in the order of a column, the row id closing it.

        `where` is a condition as a person types it: `points > 3 and is_active`.
        """
        column = self.repository.column(sort)
        filters = [col(User.guild_id) == guild_id]
        if where is not None:
            filters.append(await self._condition(where))
        return await self.page_after(
            after,
            filters=filters,
            order_by=column.desc() if descending else column,
            limit=limit,
        )

    async def _condition(self, text: str) -> ColumnElement[bool]:
        # only who types a condition waits for what reads it
        from tuxdb.bulk.conditions import condition_on  # noqa: PLC0415

        async with self.db.session() as session:
            return await condition_on(session, self.repository.table, text)

    async def create_user(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        actor: str | None = None,
        session: AsyncSession | None = None,
        **user_data: Any,  # noqa: ANN401
    ) -> User:
        """Insert a user, and the guild if it is unseen; `points` are granted."""
        return await self.create(joined, actor=actor, session=session, **user_data)

    async def update_user(
        self,
        user_id: int,
        *,
        session: AsyncSession | None = None,
        **updates: Any,  # noqa: ANN401
    ) -> User | None:
        """Change a user and return it as it is now; None if there is none."""
        return await self.update_by_id(user_id, session=session, **updates)

    async def delete_user(
        self, user_id: int, *, session: AsyncSession | None = None
    ) -> bool:
        """Delete a user; whether it was there. Points left are deducted."""
        return await self.delete_by_id(user_id, session=session)

    async def find_users_by_guild(self, guild_id: int) -> list[User]:
        """All users of a guild."""
        return await self.find_all(col(User.guild_id) == guild_id)

    async def get_top_users_by_activity(
        self, guild_id: int, limit: int = 10
    ) -> list[User]:
        """The most active users of a guild, those never active last."""
        return await self.repository.most_active(self._reading(), guild_id, limit)

    async def get_user_with_cases(self, user_id: int) -> User | None:
        """A user with `cases` loaded, or None."""
        return await self.find_one(
            col(User.id) == user_id,
            options=[selectinload(User.cases)],  # type: ignore[arg-type]
        )

    async def get_users_with_active_cases(self, guild_id: int) -> list[User]:
        """The users of a guild that have an active case."""
        return await self.repository.with_active_cases(self._reading(), guild_id)

    async def update_user_points(
        self,
        user_id: int,
        points: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
    ) -> User | None:
        """Set a balance of 0 to MAX_POINTS; the ledger gets the difference.

        Raises InvalidValue for any other number; None if there is no such user.
        """
        check_points(points)
        order = Order(
            EntryKind.SET,
            receiver=user_id,
            balance=points,
            actor=actor,
            reason=reason,
        )
        try:
            await self._ledger.post(order)
        except NotFound:
            return None
        return await self.get_by_id(user_id)

    async def transfer_points(
        self,
        from_user_id: int,
        to_user_id: int,
        points: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> bool:
        """Move points between two users of a guild, given by row id.

        True, or False for a refusal: not enough points, unknown user, own account,
        another guild, bad amount, key used for something else. An outage raises, and
        OutcomeUnknown says that the points may have moved.
        """
        order = Order(
            EntryKind.TRANSFER,
            sender=from_user_id,
            receiver=to_user_id,
            amount=points,
            actor=actor,
            reason=reason,
            key=key,
        )
        try:
            await self._ledger.post(order)
        except (InvalidTransfer, NotFound, Conflict):
            return False
        return True

    # -- the calls of BaseController, with points by way of the ledger -------------

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        actor: str | None = None,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> User:
        """Insert a user; `points` are granted by an entry of the ledger."""
        points = values.pop("points", 0)
        check_points(points)
        if not points:
            return await super().create(joined, session=session, **values)

        insert = super().create

        async def work(own: AsyncSession) -> User:
            user = await insert(own, **values)
            order = Order(
                EntryKind.GRANT,
                receiver=user.id,
                amount=points,
                reason=OPENING,
                actor=actor,
            )
            await self._ledger.post(order, session=own)
            await own.refresh(user)
            return user

        return await self._in_transaction(session or joined, work)

    async def update_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> User | None:
        """Change a user; a change of `points` becomes an entry of the ledger."""
        if "points" not in changes:
            return await super().update_by_id(key, session=session, **changes)
        points = changes.pop("points")
        check_points(points)
        self._changes(changes)
        update = super().update_by_id

        async def work(own: AsyncSession) -> User | None:
            order = Order(EntryKind.SET, receiver=key, balance=points)
            try:
                await self._ledger.post(order, session=own)
            except NotFound:
                return None
            user = await update(key, session=own, **changes)
            if user is not None:
                await own.refresh(user)
            return user

        return await self._in_transaction(session, work)

    async def bulk_create(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        actor: str | None = None,
        reason: str = OPENING,
        session: AsyncSession | None = None,
    ) -> int:
        """Insert users by COPY, all or none; `points` are granted by entries."""
        if not any("points" in row for row in rows):
            return await super().bulk_create(rows, session=session)
        plain, points = split_points(rows)
        insert = super().bulk_create

        async def work(own: AsyncSession) -> int:
            new = await self.entries.reserve_user_ids(own, len(rows))
            ids = [row.get("id", i) for row, i in zip(plain, new, strict=True)]
            numbered = [{**row, "id": i} for row, i in zip(plain, ids, strict=True)]
            count = await insert(numbered, session=own)
            wanted = {i: p for i, p in zip(ids, points, strict=True) if p}
            await self.entries.set_many(own, wanted, reason, actor)
            return count

        return await self._in_transaction(session, work)

    async def bulk_update(
        self,
        rows: Sequence[Mapping[str, Any]],
        *,
        actor: str | None = None,
        reason: str = BULK,
        session: AsyncSession | None = None,
    ) -> int:
        """Change users by row id; changed `points` become entries of the ledger."""
        if not any("points" in row for row in rows):
            return await super().bulk_update(rows, session=session)
        plain, points = split_points(rows)
        update = super().bulk_update

        async def work(own: AsyncSession) -> int:
            keys = [row.get("id") for row in plain]
            wanted = {
                key: balance
                for key, balance in zip(keys, points, strict=True)
                if balance is not None and isinstance(key, int)
            }
            count = await update(plain, session=own)
            await self.entries.set_many(own, wanted, reason, actor)
            return count

        return await self._in_transaction(session, work)
