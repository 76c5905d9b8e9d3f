"""Users: one row per member of a guild."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text, true
from sqlalchemy.orm import synonym
from sqlmodel import Field, Relationship

from tuxdb.models.base import (
    MAX_POINTS,
    Model,
    big_integer,
    created_at,
    moment,
    named,
    row_id,
    server_default,
    updated_at,
)

if TYPE_CHECKING:
    from tuxdb.models.cases import Case
    from tuxdb.models.guilds import Guild


class User(Model, table=True):
    """A member of one guild. `points` changes through the ledger only."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("guild_id", "discord_id"),
        UniqueConstraint("guild_id", "id"),
        CheckConstraint("discord_id > 0", name="discord_id_positive"),
        CheckConstraint("btrim(username) <> ''", name="username_not_blank"),
        CheckConstraint(f"points BETWEEN 0 AND {MAX_POINTS}", name="points_range"),
        CheckConstraint("message_count >= 0", name="message_count_not_negative"),
        Index(None, "points"),
        Index(None, "discord_id"),
        Index("ix_users_leaderboard", "guild_id", text("points DESC"), "id"),
        Index(
            "ix_users_activity",
            "guild_id",
            text("message_count DESC"),
            text("last_active DESC NULLS LAST"),
            "id",
        ),
    )

    id: int = row_id()
    guild_id: int = big_integer(foreign_key="guilds.id", ondelete="CASCADE", minimum=1)
    discord_id: int = big_integer(minimum=1)
    username: str = named(100)
    points: int = big_integer(default=0, minimum=0, maximum=MAX_POINTS)
    is_active: bool = Field(default=True, sa_column_kwargs=server_default(true()))
    message_count: int = big_integer(default=0, minimum=0)
    last_active: datetime | None = moment()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()

    user_id: ClassVar[Any] = synonym("id")

    guild: "Guild" = Relationship(back_populates="users")
    cases: list["Case"] = Relationship(
        back_populates="user",
        passive_deletes=True,
        sa_relationship_kwargs={"overlaps": "cases,guild"},
    )

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        """Strip a username; `@validates` cannot change a value on SQLModel tables."""
        if name == "username" and isinstance(value, str):
            value = value.strip()
        super().__setattr__(name, value)
