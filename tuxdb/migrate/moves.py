"""Moves: one revision up or down each, and what they report."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tuxdb.migrate.revisions import History, Revision
from tuxdb.migrate.state import TAKEN_BACK, Recorded

LOCK_WAIT_SECONDS = 60.0
LOCK_TIMEOUT_SECONDS = 5.0
RETRIES = 5
RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Move:
    """One revision up or down, and the versions before and after it.

    `resumed` says that an earlier run of it may have been cut off half-way.
    """

    revision: Revision
    before: frozenset[str]
    after: frozenset[str]
    direction: str
    checksum: str
    resumed: bool = False


@dataclass(frozen=True)
class Applied:
    """One revision that was run."""

    revision: str
    message: str
    duration_ms: int
    statements: int


@dataclass(frozen=True)
class Note:
    """Something to tell a person who waits."""

    text: str


Report = Callable[[Applied | Note], None]


def quiet(_: Applied | Note) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for the key and for a lock, and how often."""

    lock_wait: float = LOCK_WAIT_SECONDS
    lock_timeout: float = LOCK_TIMEOUT_SECONDS
    retries: int = RETRIES
    retry_seconds: float = RETRY_SECONDS


def upward(
    history: History, recorded: Recorded, pending: Iterable[Revision]
) -> list[Move]:
    """The moves that apply revisions, in order."""
    moves, versions = [], recorded.versions
    for revision in pending:
        run = recorded.runs.get(revision.revision)
        move = Move(
            revision=revision,
            before=versions,
            after=history.after(versions, revision),
            direction="upgrade",
            checksum=revision.checksum,
            resumed=run is not None and run.failed,
        )
        moves.append(move)
        versions = move.after
    return moves


def downward(
    history: History, recorded: Recorded, above: Iterable[Revision]
) -> list[Move]:
    """The moves that take revisions back, newest first."""
    moves, versions = [], recorded.versions
    for revision in above:
        move = Move(
            revision=revision,
            before=versions,
            after=history.before(versions, revision),
            direction="downgrade",
            checksum=TAKEN_BACK,
            resumed=True,
        )
        moves.append(move)
        versions = move.after
    return moves
