"""Carrying moves out: locks that are not to be had, retries, the last look."""

import asyncio
import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tuxdb.engine.translate import is_lost_connection
from tuxdb.errors import Busy, DatabaseUnavailable, TuxdbError
from tuxdb.migrate.connection import place_of
from tuxdb.migrate.errors import RevisionFailed
from tuxdb.migrate.execution import DATABASE_ERRORS, Execution, is_busy
from tuxdb.migrate.lock import Holder, blockers, named
from tuxdb.migrate.moves import Applied, Move, Note, Patience, Report
from tuxdb.migrate.revisions import History
from tuxdb.migrate.state import at, read_versions
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

FIRST_PAUSE_SECONDS = 0.25
WATCH_SECONDS = 0.5


class Carrier:
    """Runs moves while `keeper`, a connection beside them, holds the key."""

    def __init__(
        self,
        settings: Settings,
        keeper: "Connection",
        *,
        history: History,
        patience: Patience,
        report: Report,
    ) -> None:
        self.settings = settings
        self.keeper = keeper
        self.history = history
        self.patience = patience
        self.report = report

    async def run(self, moves: list[Move]) -> tuple[Applied, ...]:
        """Run all moves in order and see that the database is where they lead."""
        async with Execution.opened(self.settings, self.history) as execution:
            await execution.prepare()
            applied = [await self._run(execution, move) for move in moves]
        await self._confirm(moves[-1])
        return tuple(applied)

    async def _run(self, execution: Execution, move: Move) -> Applied:
        """Run one move, again while its locks are not to be had."""
        began = time.monotonic()
        holders: tuple[Holder, ...] = ()
        for attempt in range(1, self.patience.retries + 1):
            if self.keeper.is_closed():
                raise self._lost(move)
            outcome = await self._attempt(execution, move)
            if isinstance(outcome, Applied):
                self.report(outcome)
                return outcome
            holders = outcome
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            pause *= random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
            left = self.patience.retry_seconds - (time.monotonic() - began)
            if attempt == self.patience.retries or left < pause:
                break
            self.report(
                Note(
                    f"{move.revision.revision} waits for a lock: {named(holders)}; "
                    f"next try in {pause:.1f} s"
                )
            )
            await asyncio.sleep(pause)
            move = replace(move, resumed=True)
        raise _gave_up(move, holders, time.monotonic() - began)

    async def _attempt(
        self, execution: Execution, move: Move
    ) -> Applied | tuple[Holder, ...]:
        """Run one move; where a lock was not to be had, say who had it."""
        watch = _Watch(self.keeper, execution.driver.get_server_pid())
        timeout = self._lock_timeout(move)
        watching = asyncio.create_task(watch.run(min(WATCH_SECONDS, timeout / 2)))
        try:
            duration_ms, statements = await execution.run(move, timeout)
        except RevisionFailed as error:
            await execution.note_failure(move, error)
            raise
        except (OSError, *DATABASE_ERRORS) as error:
            if is_busy(error):
                return watch.seen
            if is_lost_connection(error):
                raise self._lost(move) from error
            raise
        finally:
            watch.done.set()
            await watching
        revision = move.revision
        return Applied(revision.revision, revision.message, duration_ms, statements)

    def _lost(self, move: Move) -> DatabaseUnavailable:
        revision = move.revision.revision
        return DatabaseUnavailable(
            f"the connection to {place_of(self.settings)} was lost "
            f"while revision {revision} was run",
            hint="tuxdb migrate goes on where this one stopped",
            details={"revision": revision},
        )

    def _lock_timeout(self, move: Move) -> float:
        """A lock wait in a transaction holds others up; a concurrent build does not.

        The build would have to begin anew, so it gets all the time there is.
        """
        if move.revision.transactional:
            return self.patience.lock_timeout
        patience = self.patience
        return max(
            patience.lock_timeout, patience.retry_seconds - patience.lock_timeout
        )

    async def _confirm(self, last: Move) -> None:
        found = (await read_versions(self.keeper)).versions
        if found != last.after:
            raise TuxdbError(
                f"the database is at {at(found)} and not, as it should be, "
                f"at {at(last.after)}",
                hint="tuxdb migrate status",
            )


class _Watch:
    """Looks, from another connection, at who blocks a session."""

    def __init__(self, connection: "Connection", pid: int) -> None:
        self.connection = connection
        self.pid = pid
        self.seen: tuple[Holder, ...] = ()
        self.done = asyncio.Event()

    async def run(self, every_seconds: float) -> None:
        """Look until told to stop; never cancelled, so that no query is cut off."""
        while not self.done.is_set():
            try:
                async with asyncio.timeout(every_seconds):
                    await self.done.wait()
            except TimeoutError:
                await self._look()

    async def _look(self) -> None:
        self.seen = await blockers(self.connection, self.pid) or self.seen


def _gave_up(move: Move, holders: tuple[Holder, ...], seconds: float) -> Busy:
    revision = move.revision.revision
    pids = [holder.pid for holder in holders]
    return Busy(
        f"revision {revision} did not get its lock in {seconds:.0f} s: "
        f"it is held by {named(holders)}",
        hint=f"wait for it, or SELECT pg_terminate_backend({pids[0]})"
        if pids
        else None,
        details={"revision": revision, "pids": pids},
    )
