"""What can be wrong between a database and its revisions."""

from tuxdb.errors import ConfigurationError, Conflict, DatabaseOperationError


class BrokenHistory(ConfigurationError):
    """The revision files do not make one history."""


class UnknownRevision(Conflict):
    """The database is at a revision that has no file here: it is newer, or another's.

    A conflict (6) and not a NotFound: nobody asked for the revision by name, the
    database and the files contradict each other.
    """

    def __init__(self, revisions: list[str]) -> None:
        named = ", ".join(revisions)
        super().__init__(
            f"the database is at revision {named}, which this version does not know",
            hint="install the version that made it; or tuxdb migrate stamp REV --purge",
            details={"revisions": revisions},
        )


class EditedRevision(Conflict):
    """A file changed after its revision was applied."""

    def __init__(self, revision: str, filename: str) -> None:
        super().__init__(
            f"revision {revision} was edited after it was applied: {filename}",
            hint="restore the file and write what you want in a new revision",
            details={"revision": revision, "file": filename},
        )


class UnversionedDatabase(Conflict):
    """There are tables, and no record of which revisions made them."""

    def __init__(self, tables: list[str]) -> None:
        shown = ", ".join(tables[:3]) + (", …" if len(tables) > 3 else "")  # noqa: PLR2004 - enough to recognise it
        super().__init__(
            f"the database has tables ({shown}) but no alembic_version: "
            "it is not known which revisions they hold",
            hint="tuxdb migrate stamp REV, or stamp base if no revision is in it",
            details={"tables": tables},
        )


class RevisionFailed(DatabaseOperationError):
    """A revision was rolled back; those before it stay."""


class DataConflict(RevisionFailed, Conflict):
    """A revision was rolled back because rows break the rule that it brings."""

    exit_code = Conflict.exit_code
