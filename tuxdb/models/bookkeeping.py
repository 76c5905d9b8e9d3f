"""tuxdb's own bookkeeping: marker, revisions applied, change sets, seeds, the bot's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from tuxdb.models.base import Model, big_integer, created_at, row_id, updated_at


class Meta(Model, table=True):
    """Facts about this database, such as what environment it is."""

    __tablename__ = "tuxdb_meta"

    key: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)
    actor: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = updated_at()


class AppliedMigration(Model, table=True):
    """One run of one revision; `error` is set where it failed."""

    __tablename__ = "tuxdb_migration"
    __table_args__ = (Index(None, "revision"),)

    id: int = row_id()
    revision: str = Field(sa_type=Text)
    checksum: str = Field(sa_type=Text)
    started_at: datetime = created_at()
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    duration_ms: int | None = big_integer(default=None)
    actor: str | None = Field(default=None, sa_type=Text)
    tool_version: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)


class ChangeSet(Model, table=True):
    """A change of many rows: who, why, what it undoes.

    `parts` describes each table touched: its name, key columns, changed columns, all
    columns in the order in which `row_hash` was made. `progress` is set while a change
    made in batches is not complete.
    """

    __tablename__ = "tuxdb_changeset"
    __table_args__ = (Index(None, "created_at"), Index(None, "undoes"))

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    command: str = Field(sa_type=Text)
    actor: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    parts: list[dict[str, Any]] = Field(sa_type=JSONB, nullable=False)
    rows: int = big_integer(default=0)
    progress: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True)
    )
    undoes: UUID | None = Field(
        default=None, sa_type=Uuid, foreign_key="tuxdb_changeset.id"
    )
    created_at: datetime = created_at()


class Change(Model, table=True):
    """One row before and after, values as PostgreSQL's text, so that undo is exact.

    NULL before is an insert, NULL after a delete. `row_hash` is of the whole row after.
    """

    __tablename__ = "tuxdb_change"
    __table_args__ = (Index(None, "changeset_id", "id"),)

    id: int = row_id()
    changeset_id: UUID = Field(
        sa_type=Uuid, foreign_key="tuxdb_changeset.id", ondelete="CASCADE"
    )
    part: int = big_integer(default=0, minimum=0)
    row_key: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    before: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True)
    )
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    row_hash: int | None = big_integer(default=None)


class Seed(Model, table=True):
    """A seed set that was applied, with the hash of its file."""

    __tablename__ = "tuxdb_seed"

    name: str = Field(sa_type=Text, primary_key=True)
    content_hash: str = Field(sa_type=Text)
    rows: int = big_integer(default=0)
    actor: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = updated_at()


class CounterFlush(Model, table=True):
    """A flush of the bot's counters that was carried out, so that none is twice."""

    __tablename__ = "tuxdb_counter_flush"
    __table_args__ = (Index(None, "created_at"),)

    id: UUID = Field(sa_type=Uuid, primary_key=True)
    users: int = big_integer(minimum=0)
    messages: int = big_integer(minimum=0)
    created_at: datetime = created_at()


class CommandSync(Model, table=True):
    """The commands that Discord has of an application, as a hash of all of them."""

    __tablename__ = "tuxdb_command_sync"

    application_id: int = big_integer(primary_key=True, minimum=1)
    content_hash: str = Field(sa_type=Text)
    updated_at: datetime = updated_at()


def all_tables() -> MetaData:
    """The metadata of the bot's tables and of these."""
    return Model.metadata
