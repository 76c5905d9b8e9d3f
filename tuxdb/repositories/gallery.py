"""Gallery channels, in the shape of the second guide: it opens its own sessions."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.models import GalleryMementos
from tuxdb.repositories.base import Repository

SessionFactory = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class GalleryRepository:
    """The gallery channels of guilds, for a cog that is handed a session factory."""

    def __init__(self, session_factory: SessionFactory) -> None:
        self.session_factory = session_factory
        self.service = Repository(GalleryMementos)

    async def get_by_guild(self, guild_id: int) -> list[GalleryMementos]:
        """The gallery channels of a guild, in the order of their ids."""
        async with self.session_factory() as session:
            return await self.service.get_by_field(session, "guild_id", guild_id)
