"""Gallery channels."""

from sqlmodel import col

from tuxdb.controllers.base import BaseController
from tuxdb.models import GalleryMementos


class GalleryController(BaseController[GalleryMementos]):
    """The channels whose posts a guild keeps."""

    async def get_by_guild(self, guild_id: int) -> list[GalleryMementos]:
        """The gallery channels of a guild, in the order of their ids."""
        return await self.find_all(col(GalleryMementos.guild_id) == guild_id)
