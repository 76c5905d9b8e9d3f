"""Guild configuration: prefix, log channels, jail, and free settings."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Relationship

from tuxdb.models.base import (
    MAX_POINTS,
    Model,
    big_integer,
    created_at,
    named,
    server_default,
    updated_at,
)
from tuxdb.models.guild_settings import LOWEST, check_settings

if TYPE_CHECKING:
    from tuxdb.models.guilds import Guild

RULES = " AND ".join(
    [
        "jsonb_typeof(settings -> 'points') = 'object'",
        *(
            f"jsonb_typeof(settings -> 'points' -> '{name}') = 'number'"
            f" AND NOT jsonb_path_exists(settings -> 'points' -> '{name}',"
            f" '$ ? (@ < {lowest} || @ > {MAX_POINTS} || @.floor() != @)')"
            for name, lowest in LOWEST.items()
        ),
        (
            "NOT jsonb_path_exists(settings -> 'points',"
            " '$ ? (@.start_balance > @.max_balance)')"
        ),
    ]
)
KNOWN_TIMEZONE = (
    "jsonb_typeof(settings -> 'points' -> 'timezone') = 'string'"
    " AND timezone(coalesce(settings -> 'points' ->> 'timezone', 'UTC'),"
    " to_timestamp(0)) IS NOT NULL"
)
"""Holds, or the server's own error stands: PostgreSQL has no test for a time zone."""


ROLE_ID = "^[1-9][0-9]{0,18}$"
COG_NAME = "^[a-z][a-z-]{0,31}$"
OTHER_THAN = 'strict $[*] ? (@.type() != "string" || !(@ like_regex "%s"))'
BOT_RULES = (
    "jsonb_typeof(settings -> 'bot') = 'object'"
    " AND jsonb_typeof(settings -> 'bot' -> 'manager_roles') = 'array'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'manager_roles',"
    f" '{OTHER_THAN % ROLE_ID}')"
    " AND jsonb_typeof(settings -> 'bot' -> 'confirm_from') = 'number'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'confirm_from',"
    f" '$ ? (@ < 1 || @ > {MAX_POINTS} || @.floor() != @)')"
    " AND jsonb_typeof(settings -> 'bot' -> 'ping_receiver') = 'boolean'"
    " AND jsonb_typeof(settings -> 'bot' -> 'locale') = 'string'"
    " AND settings -> 'bot' ->> 'locale' IN ('en', 'de')"
    " AND jsonb_typeof(settings -> 'bot' -> 'cogs_off') = 'array'"
    " AND NOT jsonb_path_exists(settings -> 'bot' -> 'cogs_off',"
    f" '{OTHER_THAN % COG_NAME}')"
)
"""What is absent is NULL, and a check that is NULL holds."""


class GuildConfig(Model, table=True):
    """One row per guild; channels and roles are Discord ids."""

    __tablename__ = "guild_configs"
    __table_args__ = (
        CheckConstraint("btrim(prefix) <> ''", name="prefix_not_blank"),
        CheckConstraint("jsonb_typeof(settings) = 'object'", name="settings_object"),
        CheckConstraint(RULES, name="points_rules"),
        CheckConstraint(KNOWN_TIMEZONE, name="points_timezone"),
        CheckConstraint(BOT_RULES, name="bot_rules"),
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
        sa_column_kwargs={**server_default("{}"), "info": {"check": check_settings}},
    )
    created_at: datetime = created_at()
    updated_at: datetime = updated_at()

    guild: "Guild" = Relationship(back_populates="config")
