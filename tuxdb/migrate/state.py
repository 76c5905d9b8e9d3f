"""What a database says about its own schema: version, runs recorded, marker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.errors import SchemaBehind
from tuxdb.migrate.errors import EditedRevision, UnknownRevision, UnversionedDatabase
from tuxdb.migrate.revisions import History, Revision, migrations_folder

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

PROTECTION = "environment"
TAKEN_BACK = "taken back"
"""Checksum of a run that undid its revision."""

VERSIONS = "SELECT version_num FROM alembic_version"
VERSIONS_AND_RUNS = """
    SELECT version_num, NULL AS revision, NULL AS checksum,
           NULL::timestamptz AS finished_at, NULL AS error
    FROM alembic_version
    UNION ALL
    (SELECT DISTINCT ON (revision) NULL, revision, checksum, finished_at, error
     FROM tuxdb_migration ORDER BY revision, id DESC)
"""
TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.relname <> 'tuxdb_migration'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND pg_table_is_visible(c.oid)
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""
PROTECTED = "SELECT value FROM tuxdb_meta WHERE key = $1"


@dataclass(frozen=True)
class Run:
    """The last run of one revision."""

    revision: str
    checksum: str
    finished_at: datetime | None
    error: str | None

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return self.error is not None or self.finished_at is None


@dataclass(frozen=True)
class Recorded:
    """The content of alembic_version and tuxdb_migration.

    `versioned` is False where there is no alembic_version.
    """

    versions: frozenset[str] = frozenset()
    runs: Mapping[str, Run] = field(default_factory=lambda: MappingProxyType({}))
    versioned: bool = True

    def verify(self, history: History) -> None:
        """Refuse versions without a file, and files changed since they were applied."""
        unknown = history.unknown(self.versions)
        if unknown:
            raise UnknownRevision(unknown)
        applied = history.closure(self.versions)
        for revision in history.revisions:
            if revision.revision in applied and self.edited(revision):
                raise EditedRevision(revision.revision, revision.path.name)

    def holds(self, revision: Revision) -> bool:
        """Whether it is recorded that this very file was applied."""
        run = self.runs.get(revision.revision)
        return run is not None and not run.failed and run.checksum == revision.checksum

    def edited(self, revision: Revision) -> bool:
        """Whether an applied revision's file is not what was applied."""
        run = self.runs.get(revision.revision)
        if run is None or run.failed or run.checksum == TAKEN_BACK:
            return False
        return run.checksum != revision.checksum


@dataclass(frozen=True)
class SchemaState:
    """How a database stands to the revisions of this version."""

    versions: tuple[str, ...]
    head: str | None
    behind: int
    unknown: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether none of tuxdb's revisions was applied: another bot's database."""
        return set(self.versions) == set(self.unknown)

    def require_head(self) -> None:
        """Raise SchemaBehind or UnknownRevision unless the schema is at head."""
        if self.unknown:
            raise UnknownRevision(list(self.unknown))
        if self.behind:
            many = "revision" if self.behind == 1 else "revisions"
            raise SchemaBehind(
                f"database is {self.behind} {many} behind (at {at(self.versions)})"
            )


def at(versions: Iterable[str]) -> str:
    """The place in the history, for people."""
    return ", ".join(sorted(versions)) or "base"


def schema_state(
    versions: Iterable[str], history: History | None = None
) -> SchemaState:
    """Compare the content of alembic_version with the files; no import, no query."""
    history = history or History.read(migrations_folder())
    versions = tuple(sorted(versions))
    return SchemaState(
        versions=versions,
        head=history.head,
        behind=len(history.pending(versions, history.head)),
        unknown=tuple(history.unknown(versions)),
    )


async def read_schema_state(
    connection: "Connection", history: History | None = None
) -> SchemaState:
    """Ask a database, over an asyncpg connection, how it stands to the revisions."""
    recorded = await read_versions(connection)
    return schema_state(recorded.versions, history)


async def read_recorded(connection: "Connection") -> Recorded:
    """Read versions and runs in one statement where both tables are there."""
    try:
        rows = await connection.fetch(VERSIONS_AND_RUNS)
    except asyncpg.UndefinedTableError:
        return await read_versions(connection)
    runs = {row[1]: Run(*row[1:]) for row in rows if row[1] is not None}
    versions = frozenset(row[0] for row in rows if row[0] is not None)
    return Recorded(versions, MappingProxyType(runs))


async def read_versions(connection: "Connection") -> Recorded:
    """Read the version alone, as another tool leaves it."""
    try:
        rows = await connection.fetch(VERSIONS)
    except asyncpg.UndefinedTableError:
        return Recorded(versioned=False)
    return Recorded(frozenset(row[0] for row in rows))


async def refuse_unversioned(connection: "Connection", recorded: Recorded) -> None:
    """Refuse a database whose tables came from nobody knows what."""
    if not recorded.versioned:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        if tables:
            raise UnversionedDatabase(tables)


async def protection(connection: "Connection") -> str | None:
    """What the database says it is: `production`; None where it is not protected."""
    try:
        value = await connection.fetchval(PROTECTED, PROTECTION)
    except asyncpg.UndefinedTableError:
        return None
    return str(value) if value else None  # protection that ended leaves ''
