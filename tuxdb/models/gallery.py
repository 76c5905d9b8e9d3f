"""Gallery mementos: the channels whose posts a guild keeps."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Relationship

from tuxdb.models.base import Model, big_integer, named

if TYPE_CHECKING:
    from tuxdb.models.guilds import Guild


class GalleryMementos(Model, table=True):
    """A gallery channel of a guild."""

    __tablename__ = "gallery_mementos"
    __table_args__ = (
        UniqueConstraint("guild_id", "channel_name"),
        CheckConstraint("channel_id > 0", name="channel_id_positive"),
        CheckConstraint("btrim(channel_name) <> ''", name="channel_name_not_blank"),
    )

    channel_id: int = big_integer(primary_key=True, minimum=1)
    channel_name: str = named(100)
    guild_id: int = big_integer(foreign_key="guilds.id", ondelete="CASCADE", minimum=1)

    guild: "Guild" = Relationship(back_populates="gallery_channels")
