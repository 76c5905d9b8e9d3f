"""`tuxdb migrate stamp`: says where a database is, without running anything."""

from dataclasses import dataclass
from pathlib import Path

from tuxdb.migrate.connection import Target, opened, refuse_pooler, settings_of
from tuxdb.migrate.errors import UnknownRevision
from tuxdb.migrate.lock import key
from tuxdb.migrate.moves import LOCK_WAIT_SECONDS, Note, Report, quiet
from tuxdb.migrate.revisions import History, migrations_folder
from tuxdb.migrate.state import at, read_recorded


@dataclass(frozen=True)
class Stamp:
    """Where the database was said to be, and where it is said to be now."""

    from_: str
    to: str
    recorded: int


async def stamp(
    database: Target,
    target: str,
    *,
    folder: Path | None = None,
    purge: bool = False,
    lock_wait: float = LOCK_WAIT_SECONDS,
    report: Report = quiet,
) -> Stamp:
    """Set the version, and take the files as they are for what was applied.

    `purge` forgets versions that have no file here; without it they are refused.
    """
    settings = settings_of(database)
    history = History.read(folder or migrations_folder(settings))
    wanted = history.resolve(target)
    versions = frozenset({wanted} if wanted else ())
    async with opened(settings) as keeper:
        refuse_pooler(settings)
        async with key(keeper, lock_wait, lambda text: report(Note(text))):
            before = await read_recorded(keeper)
            unknown = history.unknown(before.versions)
            if unknown and not purge:
                raise UnknownRevision(unknown)
            accepted = [
                revision
                for revision in history.revisions
                if revision.revision in history.closure(versions)
                and not before.holds(revision)
            ]
            from tuxdb.migrate.execution import (  # noqa: PLC0415 - loads Alembic
                Execution,
            )

            async with Execution.opened(settings, history) as execution:
                await execution.prepare()
                await execution.stamp(versions, accepted)
    return Stamp(at(before.versions), at(versions), len(accepted))
