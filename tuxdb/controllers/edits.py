"""Changes of single rows by a person: who made them, why, and what was before."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import Table

from tuxdb.bulk.changesets import Author
from tuxdb.bulk.watching import Some, watching
from tuxdb.engine.service import DatabaseService
from tuxdb.models import Guild, GuildConfig, User

T = TypeVar("T")

USERS: Table = User.__table__  # type: ignore[attr-defined]
GUILDS: Table = Guild.__table__  # type: ignore[attr-defined]
CONFIGS: Table = GuildConfig.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Edited(Generic[T]):
    """What an edit has led to, and its change set; None if all was so before."""

    row: T
    changeset: UUID | None


class EditController:
    """Carries a use case out and records what it did to the rows it is about."""

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def member(
        self,
        guild_id: int,
        discord_id: int,
        author: Author,
        edit: Callable[[], Awaitable[T]],
    ) -> Edited[T]:
        """Edit a member of a guild; either may be new."""
        same = (USERS.c.guild_id == guild_id) & (USERS.c.discord_id == discord_id)
        guild = Some(GUILDS, GUILDS.c.id == guild_id, incidental=True)
        return await self._edit(author, edit, guild, Some(USERS, same))

    async def guild(
        self, guild_id: int, author: Author, edit: Callable[[], Awaitable[T]]
    ) -> Edited[T]:
        """Edit a guild, which may be new."""
        return await self._edit(author, edit, Some(GUILDS, GUILDS.c.id == guild_id))

    async def config(
        self, guild_id: int, author: Author, edit: Callable[[], Awaitable[T]]
    ) -> Edited[T]:
        """Edit the configuration of a guild, which may be new."""
        same = CONFIGS.c.guild_id == guild_id
        return await self._edit(author, edit, Some(CONFIGS, same))

    async def _edit(
        self, author: Author, edit: Callable[[], Awaitable[T]], *places: Some
    ) -> Edited[T]:
        async with self.db.transaction() as session:
            async with watching(session, author, *places) as watched:
                row = await edit()
            changeset = watched.changeset
            return Edited(row, changeset.id if changeset else None)
