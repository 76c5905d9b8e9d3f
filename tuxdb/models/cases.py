"""Cases: moderation actions, numbered within their guild."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlmodel import Field, Relationship

from tuxdb.models.base import (
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
    from tuxdb.models.guilds import Guild
    from tuxdb.models.users import User


class Case(Model, table=True):
    """A warning, timeout, kick or ban of one user (`user_id` is users.id).

    It is pending from when it is written until Discord has answered.
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("guild_id", "case_number"),
        ForeignKeyConstraint(
            ["guild_id", "user_id"],
            ["users.guild_id", "users.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("case_number >= 1", name="case_number_positive"),
        CheckConstraint("btrim(case_type) <> ''", name="case_type_not_blank"),
        Index(None, "guild_id", "user_id"),
        Index(
            "ix_cases_active",
            "guild_id",
            "user_id",
            postgresql_where=text("is_active"),
        ),
        Index(
            "ix_cases_expiring",
            "expires_at",
            postgresql_where=text("is_active AND expires_at IS NOT NULL"),
        ),
        Index(
            "ix_cases_idempotency_key",
            "guild_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("ix_cases_pending", "created_at", postgresql_where=text("is_pending")),
    )

    id: int = row_id()
    guild_id: int = big_integer(foreign_key="guilds.id", ondelete="CASCADE", minimum=1)
    user_id: int = big_integer()
    case_number: int = big_integer(minimum=1)
    case_type: str = named(32)
    reason: str | None = Field(default=None, max_length=2000)
    moderator_id: int | None = big_integer(default=None, minimum=1)
    is_active: bool = Field(default=True, sa_column_kwargs=server_default(true()))
    expires_at: datetime | None = moment()
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()
    idempotency_key: str | None = Field(default=None, max_length=100)
    is_pending: bool = Field(default=False, sa_column_kwargs=server_default(false()))

    guild: "Guild" = Relationship(
        back_populates="cases", sa_relationship_kwargs={"overlaps": "cases,user"}
    )
    user: "User" = Relationship(
        back_populates="cases", sa_relationship_kwargs={"overlaps": "cases,guild"}
    )
