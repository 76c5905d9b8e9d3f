"""A member asks to be forgotten in a guild, without anybody else's consent.

What the guild still needs of them refuses it: a case that is open, points that are
frozen, and a start balance that is spent, as being forgotten and coming back would
else be a way to make points. A manager can still do it by hand.
"""

from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.bulk.changesets import Author
from tuxdb.controllers.guard import Protection
from tuxdb.controllers.removals import RemovalController, Removed
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict
from tuxdb.models import Case, PointsFreeze, User
from tuxdb.models.names import LONGEST_NAME
from tuxdb.repositories import Repository
from tuxdb.repositories.cases import LONGEST_REASON
from tuxdb.repositories.points import PointsRepository

COMMAND = "/privacy forget"
THEMSELVES = "the person"
"""The change set of a removal keeps no id, not even that of who asked for it."""
ASKED = "asked for by the person"
FORMER = "former moderator"


class Needed(StrEnum):
    """What keeps a member from being forgotten."""

    CASES = "cases"
    FREEZE = "freeze"
    BALANCE = "balance"


class StillNeeded(Conflict):
    """The guild needs what it knows of the member; nothing was changed."""

    public = True

    def __init__(self, what: Needed, details: Mapping[str, int] | None = None) -> None:
        super().__init__(
            f"the guild still needs it: {what}",
            details={"what": what, **(details or {})},
        )
        self.what = what


class LeavingController:
    """Forgets members who ask for it."""

    users = Repository(User)
    cases = Repository(Case)
    freezes = Repository(PointsFreeze)
    entries = PointsRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._removals = RemovalController(db)

    async def preview(self, guild_id: int, discord_id: int) -> Removed:
        """What would go; NotFound, or StillNeeded with the reason that it cannot."""
        async with self.db.transaction() as session:
            await self._require_free(session, guild_id, discord_id)
        return await self._forget(guild_id, discord_id, commit=False)

    async def leave(self, guild_id: int, discord_id: int) -> Removed:
        """Forget the member.

        The row is locked before anything is looked at, and until all is gone: no case
        can be opened and no point can be moved between the look and the end.
        """
        async with self.db.transaction() as session:
            await self._require_free(session, guild_id, discord_id)
            removed = await self._forget(guild_id, discord_id, commit=True)
            await self._sign_off(session, guild_id, discord_id)
            return removed

    async def _sign_off(
        self, session: AsyncSession, guild_id: int, discord_id: int
    ) -> None:
        """Take the person's name from the notes they wrote: `bob (7): text`."""
        signed = func.regexp_replace(
            col(Case.reason),
            rf"^[^\n]{{1,{LONGEST_NAME}}}? \({discord_id}\): ",
            f"{FORMER}: ",
            "gn",
        )
        theirs = [
            col(Case.guild_id) == guild_id,
            col(Case.reason).contains(f" ({discord_id}): ", autoescape=True),
        ]
        fitting = func.left(signed, LONGEST_REASON)
        await self.cases.update_where(session, theirs, {"reason": fitting})

    async def _forget(self, guild_id: int, discord_id: int, *, commit: bool) -> Removed:
        author = Author(COMMAND, THEMSELVES, ASKED)
        return await self._removals.forget(
            discord_id, author, _agreed, guild_id=guild_id, commit=commit
        )

    async def _require_free(
        self, session: AsyncSession, guild_id: int, discord_id: int
    ) -> None:
        statement = self.users.select().where(
            col(User.guild_id) == guild_id, col(User.discord_id) == discord_id
        )
        user = (await session.scalars(statement.with_for_update())).one_or_none()
        if user is None:
            return  # there may be messages and changes of a former member
        mine = [col(Case.guild_id) == guild_id, col(Case.user_id) == user.id]
        standing = or_(col(Case.is_active), col(Case.is_pending))
        open_cases = await self.cases.count(session, [*mine, standing])
        if open_cases:
            raise StillNeeded(Needed.CASES, {"count": open_cases})
        if await self.freezes.exists(session, col(PointsFreeze.user_id) == user.id):
            raise StillNeeded(Needed.FREEZE)
        given = await self.entries.start_balance(session, guild_id)
        if user.points < given:
            details = {"start": given, "balance": user.points}
            raise StillNeeded(Needed.BALANCE, details)


def _agreed(_removed: Removed, _protection: Protection) -> None:
    """The person has agreed before."""
