"""`tuxdb migrate`: from where a database is up to a revision.

Order: read the version; if there is work, take the key and read again; verify what
was applied; then one transaction a revision. SQLAlchemy and Alembic load only when
there is work.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuxdb.errors import UsageError
from tuxdb.migrate.connection import Target, opened, refuse_pooler, settings_of
from tuxdb.migrate.lock import key
from tuxdb.migrate.moves import (
    LOCK_TIMEOUT_SECONDS,
    LOCK_WAIT_SECONDS,
    RETRIES,
    Applied,
    Note,
    Patience,
    Report,
    quiet,
    upward,
)
from tuxdb.migrate.revisions import History, Revision, migrations_folder
from tuxdb.migrate.state import Recorded, at, read_recorded, refuse_unversioned

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection
    from tuxdb.settings import Settings


@dataclass(frozen=True)
class Upgrade:
    """Where the database was, what was run, where it is."""

    from_: str
    to: str
    applied: tuple[Applied, ...]
    head: bool
    dry_run: bool = False


async def upgrade(
    database: Target = None,
    target: str = "head",
    *,
    folder: Path | None = None,
    dry_run: bool = False,
    lock_wait: float = LOCK_WAIT_SECONDS,
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    retries: int = RETRIES,
    report: Report = quiet,
) -> Upgrade:
    """Bring a database up to a revision; nothing to do is one SELECT.

    Safe to call from several processes at once: one applies, the others wait and find
    nothing to do. Raises Busy, RevisionFailed, UnknownRevision, EditedRevision,
    UnversionedDatabase; every revision before the one that failed stays.
    """
    settings = settings_of(database)
    history = History.read(folder or migrations_folder(settings))
    async with opened(settings) as keeper:
        recorded = await read_recorded(keeper)
        pending = _pending(history, recorded, target)
        if not pending:
            return _outcome(history, recorded, (), recorded.versions)
        await refuse_unversioned(keeper, recorded)
        if dry_run:
            return _planned(history, recorded, pending)
        refuse_pooler(settings)
        async with key(keeper, lock_wait, lambda text: report(Note(text))):
            patience = Patience(lock_wait, lock_timeout, retries)
            return await _apply(
                settings, keeper, history, target, patience=patience, report=report
            )


def upgrade_now(
    database: Target = None,
    target: str = "head",
    **options: Any,  # noqa: ANN401 - those of upgrade
) -> Upgrade:
    """Do the same for callers without an event loop, such as test fixtures."""
    with asyncio.Runner() as runner:
        return runner.run(upgrade(database, target, **options))


async def _apply(
    settings: "Settings",
    keeper: "Connection",
    history: History,
    target: str,
    *,
    patience: Patience,
    report: Report,
) -> Upgrade:
    """Look again, now that nobody else can change anything, and run what is left."""
    recorded = await read_recorded(keeper)
    await refuse_unversioned(keeper, recorded)
    moves = upward(history, recorded, _pending(history, recorded, target))
    if not moves:
        return _outcome(history, recorded, (), recorded.versions)
    from tuxdb.migrate.carrying import Carrier  # noqa: PLC0415 - loads Alembic

    carrier = Carrier(
        settings,
        keeper,
        history=history,
        patience=patience,
        report=report,
    )
    applied = await carrier.run(moves)
    return _outcome(history, recorded, applied, moves[-1].after)


def _pending(history: History, recorded: Recorded, target: str) -> list[Revision]:
    recorded.verify(history)
    wanted = history.resolve(target, recorded.versions)
    have = history.closure(recorded.versions)
    passed = wanted in have if wanted else bool(have)
    if passed and wanted not in recorded.versions:
        raise UsageError(
            f"the database is at {at(recorded.versions)}, not below {wanted or 'base'}",
            hint=f"tuxdb migrate down {wanted or 'base'}",
        )
    return history.pending(recorded.versions, wanted)


def _planned(history: History, recorded: Recorded, pending: list[Revision]) -> Upgrade:
    applied = tuple(Applied(one.revision, one.message, 0, 0) for one in pending)
    after = upward(history, recorded, pending)[-1].after
    return _outcome(history, recorded, applied, after, dry_run=True)


def _outcome(
    history: History,
    recorded: Recorded,
    applied: tuple[Applied, ...],
    versions: frozenset[str],
    *,
    dry_run: bool = False,
) -> Upgrade:
    return Upgrade(
        from_=at(recorded.versions),
        to=at(versions),
        applied=applied,
        head=versions == frozenset(history.heads),
        dry_run=dry_run,
    )
