"""Forgetting people, purging guilds, merging two rows of one person.

The ledger stays in each case, as it is append-only: its entries name users by row id,
which says nothing once the row is gone. Points of a row that goes are accounted for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.recording import Removal, change_values, remove, remove_for_good
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Order
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import (
    Case,
    EntryKind,
    GalleryMementos,
    Guild,
    GuildConfig,
    Messages,
    User,
)
from tuxdb.repositories.users import UserRepository

USERS: Table = User.__table__  # type: ignore[attr-defined]
CASES: Table = Case.__table__  # type: ignore[attr-defined]
MESSAGES: Table = Messages.__table__  # type: ignore[attr-defined]
GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
CONFIGS: Table = GuildConfig.__table__  # type: ignore[attr-defined]
GALLERY: Table = GalleryMementos.__table__  # type: ignore[attr-defined]
MERGED = "merged accounts"


@dataclass(frozen=True)
class TableRows:
    """How many rows of a table a removal takes."""

    table: str
    rows: int


@dataclass(frozen=True)
class Removed:
    """What went, table by table, and the change set that says so."""

    what: str
    changeset: UUID
    tables: list[TableRows] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Rows in all."""
        return sum(table.rows for table in self.tables)


Agree = Callable[[Removed, Protection], None]
"""Sees what would go, before it is committed; raises Refused to have it kept."""


class RemovalController:
    """Takes rows away, in the order in which they refer to each other."""

    users = UserRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._guard = GuardController(db)
        self._ledger = Ledger(db)

    async def forget(
        self,
        discord_id: int,
        author: Author,
        agree: Agree,
        *,
        guild_id: int | None = None,
        commit: bool = True,
    ) -> Removed:
        """Delete all that is known of a person, in one guild or everywhere.

        The change set keeps numbers only, so this cannot be undone. NotFound if there
        is nothing to forget.
        """
        where = "everywhere" if guild_id is None else f"in guild {guild_id}"
        what = f"user {discord_id} {where}"

        async def work(session: AsyncSession, author: Author) -> Removed:
            removals = await self._of_person(session, discord_id, guild_id)
            changeset = await begin(session, author)
            if not await remove_for_good(session, removals, changeset):
                raise NotFound("user", f"{discord_id} {where}")
            return _removed(what, changeset.id, changeset.parts)

        return await self._run(work, author, agree, commit=commit)

    async def purge(
        self, guild_id: int, author: Author, agree: Agree, *, commit: bool = True
    ) -> Removed:
        """Delete all rows of a guild but its ledger and the row that this hangs on."""

        async def work(session: AsyncSession, author: Author) -> Removed:
            if await session.get(Guild, guild_id) is None:
                raise NotFound("guild", guild_id, hint="tuxdb guilds list")
            changeset = await begin(session, author)
            await remove(session, _of_guild(guild_id), changeset)
            nameless = {"name": None, "case_count": 0}
            await change_values(
                session, GUILDS, GUILDS.c.id == guild_id, nameless, changeset
            )
            return _removed(f"guild {guild_id}", changeset.id, changeset.parts)

        return await self._run(work, author, agree, commit=commit)

    async def merge(
        self,
        guild_id: int,
        source: int,
        target: int,
        author: Author,
        agree: Agree,
        *,
        commit: bool = True,
    ) -> Removed:
        """Move a member's cases, messages counted and points to another; drop the row.

        For a person who came back with another account.
        """
        if source == target:
            raise InvalidValue("--to", "is the same user as --from")

        async def work(session: AsyncSession, author: Author) -> Removed:
            old = await self._member(session, guild_id, source)
            new = await self._member(session, guild_id, target)
            if old.points:
                order = Order(
                    EntryKind.TRANSFER,
                    sender=old.id,
                    receiver=new.id,
                    amount=old.points,
                    actor=author.actor,
                    reason=author.reason or MERGED,
                )
                await self._ledger.post(order, session=session)
            changeset = await begin(session, author)
            await change_values(
                session,
                CASES,
                CASES.c.user_id == old.id,
                {"user_id": new.id},
                changeset,
            )
            moments = [m for m in (old.last_active, new.last_active) if m is not None]
            counted = {
                "message_count": old.message_count + new.message_count,
                "last_active": max(moments, default=None),
            }
            await change_values(
                session, USERS, USERS.c.id == new.id, counted, changeset
            )
            await remove(session, [Removal(USERS, USERS.c.id == old.id)], changeset)
            what = f"user {source} into {target} in guild {guild_id}"
            return _removed(what, changeset.id, changeset.parts)

        return await self._run(work, author, agree, commit=commit)

    async def _run(
        self,
        work: Callable[..., object],
        author: Author,
        agree: Agree,
        *,
        commit: bool,
    ) -> Removed:
        async with self.db.transaction() as session:
            await prepare(session)
            protection = await self._guard.protection(session)
            protection.require_reason(author.reason)
            removed: Removed = await work(session, author)  # type: ignore[misc]
            if commit:
                agree(removed, protection)
            else:
                await session.rollback()
        return removed

    async def _of_person(
        self, session: AsyncSession, discord_id: int, guild_id: int | None
    ) -> list[Removal]:
        """What refers to a person: cases as their subject, messages, the row itself."""

        def scoped(table: Table, condition: ColumnElement[bool]) -> Removal:
            if guild_id is not None:
                condition = condition & (table.c.guild_id == guild_id)
            return Removal(table, condition)

        mine = scoped(USERS, USERS.c.discord_id == discord_id)
        rows = await session.scalars(
            self.users.select().where(mine.condition).with_for_update()
        )
        ids = sorted(user.id for user in rows)
        return [
            scoped(CASES, CASES.c.user_id.in_(ids)),
            scoped(MESSAGES, MESSAGES.c.author_id == discord_id),
            mine,
        ]

    async def _member(
        self, session: AsyncSession, guild_id: int, discord_id: int
    ) -> User:
        statement = self.users.select().where(
            USERS.c.guild_id == guild_id, USERS.c.discord_id == discord_id
        )
        found = (await session.scalars(statement.with_for_update())).one_or_none()
        if found is None:
            hint = f"tuxdb users list --guild {guild_id}"
            raise NotFound("user", f"{discord_id} in guild {guild_id}", hint=hint)
        return found


def _of_guild(guild_id: int) -> list[Removal]:
    """The rows of a guild, those that refer to others first."""
    tables = (MESSAGES, GALLERY, CONFIGS, CASES, USERS)
    return [Removal(table, table.c.guild_id == guild_id) for table in tables]


def _removed(what: str, changeset: UUID, parts: list[dict[str, object]]) -> Removed:
    rows = [TableRows(str(p["table"]), int(str(p["rows"]))) for p in parts]
    return Removed(what, changeset, rows)
