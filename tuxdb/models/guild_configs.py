"""Guild configuration: prefix, log channels, jail, and free settings."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Relationship

from tuxdb.models.base import (
    Model,
    big_integer,
    created_at,
    named,
    server_default,
    updated_at,
)

if TYPE_CHECKING:
    from tuxdb.models.guilds import Guild


class GuildConfig(Model, table=True):
    """One row per guild; channels and roles are Discord ids."""

    __tablename__ = "guild_configs"
    __table_args__ = (
        CheckConstraint("btrim(prefix) <> ''", name="prefix_not_blank"),
        CheckConstraint("jsonb_typeof(settings) = 'object'", name="settings_object"),
    )

    guild_id: int = big_integer(
        primary_key=True, foreign_key="guilds.id", ondelete="CASCADE", minimum=1
    )
    prefix: str = named(10, default="$")
    mod_log_id: int | None = big_integer(default=None, minimum=1)
    audit_log_id: int | None = big_integer(default=None, minimum=1)
    join_log_id: int | None = big_integer(default=None, minimum=1)
    private_log_id: int | None = big_integer(default=None, minimum=1)
    report_log_id: int | None = big_integer(default=None, minimum=1)
    dev_log_id: int | None = big_integer(default=None, minimum=1)
    jail_channel_id: int | None = big_integer(default=None, minimum=1)
    jail_role_id: int | None = big_integer(default=None, minimum=1)
    settings: dict[str, Any] = Field(
        default_factory=dict,
        sa_type=JSONB,
        nullable=False,
        sa_column_kwargs=server_default("{}"),
    )
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()

    guild: "Guild" = Relationship(back_populates="config")
