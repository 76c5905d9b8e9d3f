"""Forgetting people, purging guilds, merging two rows of one person.

The ledger stays in each case, as it is append-only: its entries name users by row id,
which says nothing once the row is gone. Points of a row that goes are accounted for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.recording import (
    Removal,
    change_values,
    note_for_good,
    note_insert,
    remove,
    remove_for_good,
)
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Order
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import (
    Case,
    ChangeSet,
    EntryKind,
    GalleryMementos,
    Guild,
    GuildConfig,
    Messages,
    PointsFreeze,
    PointsTransaction,
    User,
)
from tuxdb.repositories.people import CHANGES, MODERATOR, PeopleRepository
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.users import UserRepository

USERS: Table = User.__table__  # type: ignore[attr-defined]
CASES: Table = Case.__table__  # type: ignore[attr-defined]
MESSAGES: Table = Messages.__table__  # type: ignore[attr-defined]
GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
CONFIGS: Table = GuildConfig.__table__  # type: ignore[attr-defined]
GALLERY: Table = GalleryMementos.__table__  # type: ignore[attr-defined]
FREEZES: Table = PointsFreeze.__table__  # type: ignore[attr-defined]
LEDGER: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
MERGED = "merged accounts"
CLOSED = "account deleted"


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
    people = PeopleRepository()
    entries = PointsRepository()

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

        What change sets hold of the person goes too, and their name as a moderator.
        The change set of this keeps numbers only, so it cannot be undone. NotFound if
        there is nothing to forget.
        """
        where = "everywhere" if guild_id is None else f"in guild {guild_id}"
        what = f"user {discord_id} {where}"

        async def work(session: AsyncSession, author: Author) -> Removed:
            person = await self.people.find(session, discord_id, guild_id, lock=True)
            known = [Removal(*part) for part in self.people.known(person)]
            changeset = await begin(session, author)
            nothing = dict.fromkeys(person.user_ids, 0)
            await self.entries.set_many(session, nothing, CLOSED, author.actor)
            await remove_for_good(session, known, changeset)
            blanked = (
                (CASES, await self.people.forget_moderator(session, person)),
                (CHANGES, await self.people.forget_recorded_moderator(session, person)),
            )
            for table, rows in blanked:
                await note_for_good(session, table, (MODERATOR,), rows, changeset)
            if not changeset.rows:
                nowhere = "anywhere" if guild_id is None else where
                raise NotFound("user", f"{discord_id} {nowhere}")
            return _removed(what, changeset)

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
            return _removed(f"guild {guild_id}", changeset)

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
            await self.entries.lock_members(session, guild_id, [source, target])
            old = await self._member(session, guild_id, source)
            new = await self._member(session, guild_id, target)
            changeset = await begin(session, author)
            await self._hand_over_points(session, old, new, author, changeset)
            mine = CASES.c.user_id == old.id
            await change_values(session, CASES, mine, {"user_id": new.id}, changeset)
            moments = [m for m in (old.last_active, new.last_active) if m is not None]
            counted = {
                "message_count": old.message_count + new.message_count,
                "last_active": max(moments, default=None),
            }
            await change_values(
                session, USERS, USERS.c.id == new.id, counted, changeset
            )
            gone = [
                Removal(FREEZES, FREEZES.c.user_id == old.id),
                Removal(USERS, USERS.c.id == old.id),
            ]
            await remove(session, gone, changeset)
            what = f"user {source} into {target} in guild {guild_id}"
            return _removed(what, changeset)

        return await self._run(work, author, agree, commit=commit, guarded=False)

    async def _run(
        self,
        work: Callable[..., object],
        author: Author,
        agree: Agree,
        *,
        commit: bool,
        guarded: bool = True,
    ) -> Removed:
        async with self.db.transaction() as session:
            await prepare(session)
            protection = await self._guard.protection(session)
            if guarded:
                protection.require_reason(author.reason)
            removed: Removed = await work(session, author)  # type: ignore[misc]
            if commit:
                agree(removed, protection)
            else:
                await session.rollback()
        return removed

    async def _hand_over_points(
        self,
        session: AsyncSession,
        old: User,
        new: User,
        author: Author,
        changeset: ChangeSet,
    ) -> None:
        """Move all points by an entry that is part of the change set."""
        if not old.points:
            return
        order = Order(
            EntryKind.TRANSFER,
            sender=old.id,
            receiver=new.id,
            amount=old.points,
            actor=author.actor,
            reason=author.reason or MERGED,
            waived=True,
        )
        moved = await self._ledger.post(order, session=session)
        entry = LEDGER.c.id == moved.entry_id
        await note_insert(session, LEDGER, entry, changeset)

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
    tables = (MESSAGES, GALLERY, CONFIGS, CASES, FREEZES, USERS)
    return [Removal(table, table.c.guild_id == guild_id) for table in tables]


def _removed(what: str, changeset: ChangeSet) -> Removed:
    rows: dict[str, int] = {}
    for part in changeset.parts:
        table = str(part["table"])
        rows[table] = rows.get(table, 0) + int(part["rows"])
    found = [TableRows(table, count) for table, count in rows.items() if count]
    return Removed(what, changeset.id, found)
