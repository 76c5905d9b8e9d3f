"""Guilds: one row per Discord server, keyed by its Discord id."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Optional

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import synonym
from sqlmodel import Field, Relationship

from tuxdb.models.base import Model, big_integer, created_at, updated_at

if TYPE_CHECKING:
    from tuxdb.models.cases import Case
    from tuxdb.models.gallery import GalleryMementos
    from tuxdb.models.guild_configs import GuildConfig
    from tuxdb.models.users import User


class Guild(Model, table=True):
    """A Discord server; `discord_id` is another name of `id`."""

    __tablename__ = "guilds"
    __table_args__ = (
        CheckConstraint("id > 0", name="id_positive"),
        CheckConstraint("case_count >= 0", name="case_count_not_negative"),
    )

    id: int = big_integer(primary_key=True, minimum=1)
    name: str | None = Field(default=None, max_length=100)
    case_count: int = big_integer(default=0, minimum=0)
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()

    discord_id: ClassVar[Any] = synonym("id")

    users: list["User"] = Relationship(back_populates="guild", passive_deletes=True)
    cases: list["Case"] = Relationship(back_populates="guild", passive_deletes=True)
    config: Optional["GuildConfig"] = Relationship(
        back_populates="guild", passive_deletes=True
    )
    gallery_channels: list["GalleryMementos"] = Relationship(
        back_populates="guild", passive_deletes=True
    )
