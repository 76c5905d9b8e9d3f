"""Statements about alembic_version and tuxdb_migration."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Insert,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.util import await_only

from tuxdb.errors import TuxdbError

Moment = DateTime(timezone=True)
_METADATA = MetaData()
VERSION = Table(
    "alembic_version",
    _METADATA,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
RUNS = Table(
    "tuxdb_migration",
    _METADATA,
    Column("id", BigInteger, Identity(), nullable=False),
    Column("revision", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("started_at", Moment, server_default=func.now(), nullable=False),
    Column("finished_at", Moment),
    Column("duration_ms", BigInteger),
    Column("actor", Text),
    Column("tool_version", Text),
    Column("error", Text),
    PrimaryKeyConstraint("id", name="pk_tuxdb_migration"),
    Index("ix_tuxdb_migration_revision", "revision"),
)
"""The model AppliedMigration, without loading SQLModel; a test compares the two."""

NUMBER = VERSION.c.version_num
RUN = ("revision", "checksum", "actor", "tool_version", "duration_ms")
LONGEST_ERROR = 500
_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]
UNDER_WAY = "interrupted"
"""The error of a run that has begun; it stays if the process is killed."""


def create_tables(connection: Connection) -> None:
    """Make both tables where they are missing; the caller has the key."""
    VERSION.create(connection, checkfirst=True)
    RUNS.create(connection, checkfirst=True)


def finish(
    connection: Connection,
    moving: "Moving",
    before: Collection[str],
    after: Collection[str],
    run: Mapping[str, Any],
) -> None:
    """Change the version and record the run; raises if the version was another."""
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if len(gone) == len(new) == 1:
        moving.move(connection, gone[0], new[0], run)
        return
    if gone:
        found = connection.execute(delete(VERSION).where(NUMBER.in_(gone))).rowcount
        if found != len(gone):
            raise _moved_meanwhile()
    for name in new:
        connection.execute(insert(VERSION).values(version_num=name))
    connection.execute(record(), {name: run.get(name) for name in RUN})


class Moving:
    """The statement that moves one version to the next, prepared once.

    SQLAlchemy forgets its prepared statements after any DDL, and preparing this one
    anew for each revision would cost more than the DDL.
    """

    def __init__(
        self,
        driver: "asyncpg.Connection[Any]",
        prepared: "asyncpg.prepared_stmt.PreparedStatement[Any]",
        names: Sequence[str],
    ) -> None:
        self._driver = driver
        self._prepared = prepared
        self._names = names

    @classmethod
    async def on(cls, driver: "asyncpg.Connection[Any]") -> "Moving":
        """Prepare the statement on a connection."""
        compiled = _move_one().compile(dialect=_DIALECT)
        prepared = await driver.prepare(str(compiled))
        return cls(driver, prepared, compiled.positiontup or ())

    def move(
        self, connection: Connection, gone: str, new: str, run: Mapping[str, Any]
    ) -> None:
        """Move the version and record the run, in the connection's transaction."""
        if not self._driver.is_in_transaction():
            connection.execute(select(1))  # SQLAlchemy sends BEGIN with a statement
        values = {**run, "gone": gone, "new": new}
        parameters = [values.get(name) for name in self._names]
        if not await_only(self._prepared.fetch(*parameters)):
            raise _moved_meanwhile()


def set_versions(connection: Connection, versions: Collection[str]) -> None:
    """Replace whatever alembic_version holds."""
    connection.execute(delete(VERSION))
    for name in sorted(versions):
        connection.execute(insert(VERSION).values(version_num=name))


def record() -> Insert:
    """Insert a run that has ended, with the parameters RUN."""
    values = [bindparam(name, type_=RUNS.c[name].type) for name in RUN]
    ended = select(*values, func.clock_timestamp())
    return insert(RUNS).from_select([*RUN, "finished_at"], ended)


def record_unfinished(connection: Connection, run: Mapping[str, Any]) -> None:
    """Record a run that is under way outside of a transaction, or that failed."""
    error = str(run["error"])[:LONGEST_ERROR]
    connection.execute(insert(RUNS).values({**run, "error": error}))


def forget_unfinished(connection: Connection, revision: str) -> None:
    """Drop the records of runs of a revision that were under way, or cut off."""
    connection.execute(
        delete(RUNS).where(RUNS.c.revision == revision, RUNS.c.error == UNDER_WAY)
    )


def _move_one() -> Insert:
    moved = (
        update(VERSION)
        .where(bindparam("gone") == NUMBER)
        .values(version_num=bindparam("new"))
        .returning(NUMBER)
        .cte("moved")
    )
    values = [bindparam(name, type_=RUNS.c[name].type) for name in RUN]
    ended = select(*values, func.clock_timestamp()).select_from(moved)
    recorded = insert(RUNS).from_select([*RUN, "finished_at"], ended)
    return recorded.returning(RUNS.c.id)


def _moved_meanwhile() -> TuxdbError:
    return TuxdbError("another migration moved the version meanwhile")
