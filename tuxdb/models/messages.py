"""Messages: high volume, so without foreign keys."""

from datetime import datetime

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field

from tuxdb.models.base import Model, big_integer


class Messages(Model, table=True):
    """A message; guild 0 is a direct message."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(None, "channel_id", "author_id"),
        Index(None, "author_id"),
        Index(None, "created_at"),
    )

    id: int = big_integer(primary_key=True, minimum=1)
    guild_id: int = big_integer(default=0, minimum=0)
    channel_id: int = big_integer(minimum=1)
    author_id: int = big_integer(minimum=1)
    content: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True), nullable=False)
