"""Taking members in: once each, with the start balance that their guild gives."""

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Order
from tuxdb.errors import Busy
from tuxdb.models import EntryKind, User
from tuxdb.models.validation import validated
from tuxdb.repositories.movements import START
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.users import UserRepository

ATTEMPTS = 3
"""A member may be deleted between an insert that finds it and a look at it."""


class Enrolment:
    """Inserts members that were never seen."""

    users = UserRepository()
    entries = PointsRepository()

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def enroll(
        self,
        session: AsyncSession,
        guild_id: int,
        discord_id: int,
        username: str,
        *,
        actor: str | None = None,
    ) -> tuple[User, bool]:
        """The member, and whether it is new; two at once make one, with one grant."""
        given = {"guild_id": guild_id, "discord_id": discord_id, "username": username}
        values = validated(User, given)
        for _ in range(ATTEMPTS):
            added = await self.users.add_if_absent(session, values)
            if added is not None:
                return await self._start(session, added, actor), True
            found = await self.users.get_member(session, guild_id, discord_id)
            if found is not None:
                return found, False
        raise Busy(f"user {discord_id} comes and goes; nothing was changed")

    async def record(
        self, session: AsyncSession, user: User, actor: str | None, reason: str | None
    ) -> None:
        """Have a change set say who took a member in on the way to something else."""
        from tuxdb.bulk.changesets import Author, begin, prepare  # noqa: PLC0415 - rare
        from tuxdb.bulk.recording import note_insert  # noqa: PLC0415 - and much to load

        await prepare(session)
        author = Author("points transfer --create-missing", actor, reason)
        changeset = await begin(session, author)
        table: Table = User.__table__  # type: ignore[attr-defined]
        await note_insert(session, table, table.c.id == user.id, changeset)

    async def _start(
        self, session: AsyncSession, user: User, actor: str | None
    ) -> User:
        amount = await self.entries.start_balance(session, user.guild_id)
        if amount:
            order = Order(
                EntryKind.GRANT,
                receiver=user.id,
                amount=amount,
                reason=START,
                actor=actor,
            )
            await self._ledger.post(order, session=session)
            await session.refresh(user)
        return user
