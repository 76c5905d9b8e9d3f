"""Migrations: the capability. Importing it loads neither SQLAlchemy nor Alembic."""

from typing import TYPE_CHECKING

from tuxdb.migrate.errors import (
    BrokenHistory,
    DataConflict,
    EditedRevision,
    RevisionFailed,
    UnknownRevision,
    UnversionedDatabase,
)
from tuxdb.migrate.listing import (
    RevisionDetails,
    RevisionEntry,
    RevisionStatus,
    State,
    history,
    is_clean,
    show,
    status,
)
from tuxdb.migrate.moves import Applied, Note, Report
from tuxdb.migrate.reverting import Downgrade, DownPlan, down, lost
from tuxdb.migrate.revisions import History, Revision, migrations_folder
from tuxdb.migrate.runner import Upgrade, upgrade, upgrade_now
from tuxdb.migrate.stamping import Stamp, stamp
from tuxdb.migrate.state import SchemaState, read_schema_state, schema_state

if TYPE_CHECKING:
    from tuxdb.migrate.authoring import NewRevision, new

__all__ = [
    "Applied",
    "BrokenHistory",
    "DataConflict",
    "DownPlan",
    "Downgrade",
    "EditedRevision",
    "History",
    "NewRevision",
    "Note",
    "Report",
    "Revision",
    "RevisionDetails",
    "RevisionEntry",
    "RevisionFailed",
    "RevisionStatus",
    "SchemaState",
    "Stamp",
    "State",
    "UnknownRevision",
    "UnversionedDatabase",
    "Upgrade",
    "down",
    "history",
    "is_clean",
    "lost",
    "migrations_folder",
    "new",
    "read_schema_state",
    "schema_state",
    "show",
    "stamp",
    "status",
    "upgrade",
    "upgrade_now",
]


def __getattr__(name: str) -> object:
    """Load what needs Alembic when it is asked for."""
    if name in ("NewRevision", "new"):
        from tuxdb.migrate import authoring  # noqa: PLC0415 - see the module

        return getattr(authoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
