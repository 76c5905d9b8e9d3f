"""What is applied, what is there to apply: `status`, `history`, `show`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from tuxdb.errors import NotFound
from tuxdb.migrate.connection import Target, opened, settings_of
from tuxdb.migrate.revisions import History, Revision, migrations_folder
from tuxdb.migrate.state import TAKEN_BACK, Recorded, read_recorded


class State(StrEnum):
    """How a revision stands to a database."""

    APPLIED = "applied"
    PENDING = "pending"
    EDITED = "edited"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class RevisionStatus:
    """One revision, as a database and its file say it."""

    revision: str
    message: str
    applied_at: datetime | None
    state: State


@dataclass(frozen=True)
class RevisionEntry:
    """One revision in the history."""

    revision: str
    revises: str | None
    message: str
    head: bool


@dataclass(frozen=True)
class RevisionDetails:
    """All that a revision's file says without being run."""

    revision: str
    revises: str | None
    message: str
    head: bool
    transactional: bool
    file: str
    checksum: str
    notes: str


async def status(
    database: Target = None, *, folder: Path | None = None
) -> list[RevisionStatus]:
    """List every revision with its state, those without a file last."""
    settings = settings_of(database)
    history = History.read(folder or migrations_folder(settings))
    async with opened(settings) as connection:
        recorded = await read_recorded(connection)
    applied = history.closure(recorded.versions)
    known = [
        _status(revision, recorded, applied=revision.revision in applied)
        for revision in history.revisions
    ]
    return [*known, *_missing(history, recorded)]


def is_clean(revisions: list[RevisionStatus]) -> bool:
    """Whether all are applied as their files say."""
    return all(revision.state is State.APPLIED for revision in revisions)


def history(
    database: Target = None, *, folder: Path | None = None
) -> list[RevisionEntry]:
    """List the revisions, newest first; needs no database."""
    found = History.read(folder or migrations_folder(settings_of(database)))
    return [_entry(found, revision) for revision in reversed(found.revisions)]


def show(
    database: Target, revision: str, *, folder: Path | None = None
) -> RevisionDetails:
    """Tell what a revision is; needs no database."""
    found = History.read(folder or migrations_folder(settings_of(database)))
    name = found.resolve(revision)
    if name is None:
        raise NotFound("revision", revision, hint="tuxdb migrate history")
    one = found[name]
    return RevisionDetails(
        **vars(_entry(found, one)),
        transactional=one.transactional,
        file=one.path.name,
        checksum=one.checksum,
        notes=one.doc.partition("\n")[2].strip(),
    )


def _status(revision: Revision, recorded: Recorded, *, applied: bool) -> RevisionStatus:
    run = recorded.runs.get(revision.revision)
    if applied:
        state = State.EDITED if recorded.edited(revision) else State.APPLIED
        applied_at = run.finished_at if run and not run.failed else None
        return RevisionStatus(revision.revision, revision.message, applied_at, state)
    state = State.FAILED if run and run.failed else State.PENDING
    return RevisionStatus(revision.revision, revision.message, None, state)


def _missing(history: History, recorded: Recorded) -> list[RevisionStatus]:
    """What the database has and the folder has not."""
    ran = {
        name: run.finished_at
        for name, run in recorded.runs.items()
        if not run.failed and run.checksum != TAKEN_BACK
    }
    names = history.unknown({*ran, *recorded.versions})
    return [RevisionStatus(n, "(no file)", ran.get(n), State.MISSING) for n in names]


def _entry(history: History, revision: Revision) -> RevisionEntry:
    return RevisionEntry(
        revision=revision.revision,
        revises=", ".join(revision.parents) or None,
        message=revision.message,
        head=revision.revision in history.heads,
    )
