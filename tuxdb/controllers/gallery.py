"""Gallery channels."""

from sqlmodel import col

from tuxdb.controllers.base import BaseController
from tuxdb.models import GalleryMementos
from tuxdb.repositories import Page


class GalleryController(BaseController[GalleryMementos]):
    """The channels whose posts a guild keeps."""

    async def get_by_guild(self, guild_id: int) -> list[GalleryMementos]:
        """The gallery channels of a guild, in the order of their ids."""
        return await self.find_all(col(GalleryMementos.guild_id) == guild_id)

    async def page(
        self, guild_id: int, *, after: str | None = None, limit: int = 10
    ) -> Page[GalleryMementos]:
        """The gallery channels of a guild by name, in pages."""
        return await self.page_after(
            after,
            filters=col(GalleryMementos.guild_id) == guild_id,
            order_by=col(GalleryMementos.channel_name),
            limit=limit,
        )
