"""Guilds."""

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.base import BaseController
from tuxdb.errors import NotFound
from tuxdb.models import Guild


class GuildController(BaseController[Guild]):
    """Guilds; their rows are also made by whatever first belongs to them."""

    async def require(
        self, guild_id: int, *, session: AsyncSession | None = None
    ) -> Guild:
        """The guild, or NotFound that says where to look."""
        guild = await self.get_by_id(guild_id, session=session)
        if guild is None:
            raise NotFound("guild", guild_id, hint="tuxdb guilds list")
        return guild
