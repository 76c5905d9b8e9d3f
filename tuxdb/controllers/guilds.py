"""Guilds."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.base import BaseController
from tuxdb.errors import NotFound
from tuxdb.models import Guild
from tuxdb.repositories import Page
from tuxdb.repositories.guilds import GuildRepository


@dataclass(frozen=True)
class GuildStats:
    """How large a guild is; `_7d` and `_30d` are what the last days have added."""

    guild_id: int
    name: str | None
    users: int
    users_7d: int
    users_30d: int
    active: int
    supply: int
    entries: int
    entries_7d: int
    entries_30d: int
    cases: int
    messages: int
    messages_7d: int
    messages_30d: int


class GuildController(BaseController[Guild]):
    """Guilds; their rows are also made by whatever first belongs to them."""

    repository: GuildRepository = GuildRepository()

    async def require(
        self, guild_id: int, *, session: AsyncSession | None = None
    ) -> Guild:
        """The guild, or NotFound that says where to look."""
        guild = await self.get_by_id(guild_id, session=session)
        if guild is None:
            raise NotFound("guild", guild_id, hint="tuxdb guilds list")
        return guild

    async def stats(self, guild_id: int) -> GuildStats:
        """Exact counts of a guild's rows, as of one instant; NotFound without it."""
        await self.require(guild_id)
        return (await self._stats([guild_id]))[0]

    async def page_of_stats(
        self, after: str | None = None, *, limit: int = 50
    ) -> Page[GuildStats]:
        """The counts of every guild, a page at a time."""
        page = await self.page_after(after, limit=limit)
        ids = [guild.id for guild in page.items]
        return Page(await self._stats(ids) if ids else [], page.next)

    async def _stats(self, guild_ids: list[int]) -> list[GuildStats]:
        async with self.db.snapshot() as session:
            rows = await self.repository.stats(session, guild_ids)
        return [GuildStats(**row._mapping) for row in rows]
