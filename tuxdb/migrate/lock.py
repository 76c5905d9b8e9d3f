"""The key to a database's schema: one migration at a time.

A session-level advisory lock, polled. A session that *waits* in `pg_advisory_lock()`
holds a snapshot, and the `CREATE INDEX CONCURRENTLY` of whom it waits for would wait
for that snapshot. The connection runs nothing but short statements of its own.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.errors import Busy

if TYPE_CHECKING:
    from tuxdb.migrate.connection import Connection

KEY = (0x74757864, 1)  # "tuxd", the schema; per database, as advisory locks are
POLL_SECONDS = 0.1
PATIENCE_SECONDS = 1.0
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
TRY = "SELECT pg_try_advisory_lock($1, $2)"
RELEASE = "SELECT pg_advisory_unlock($1, $2)"
HOLDER = """
    SELECT a.pid, a.application_name, a.state,
           extract(epoch FROM clock_timestamp() - a.backend_start)::float8 AS age
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.classid = $1::int8::oid AND l.objid = $2::int8::oid
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
BLOCKERS = """
    SELECT a.pid, a.application_name, a.state,
           extract(epoch FROM clock_timestamp()
                   - coalesce(a.xact_start, a.backend_start))::float8 AS age
    FROM pg_stat_activity a WHERE a.pid = ANY(pg_blocking_pids($1)) ORDER BY a.pid
"""


@dataclass(frozen=True)
class Holder:
    """A session that has what somebody waits for."""

    pid: int
    application: str
    state: str | None
    age_seconds: float

    def __str__(self) -> str:
        what = f"{self.application or 'unnamed'}, {self.state or 'state not visible'}"
        return f"pid {self.pid} ({what} for {self.age_seconds:.0f} s)"


def named(holders: Sequence[Holder]) -> str:
    """The sessions in a sentence."""
    return " and ".join(str(holder) for holder in holders) or "another session"


@asynccontextmanager
async def key(
    connection: "Connection", wait_seconds: float, note: Callable[[str], None]
) -> AsyncIterator[None]:
    """Hold the key for the block; raises Busy that names who has it."""
    await _take(connection, wait_seconds, note)
    try:
        yield
    finally:
        with contextlib.suppress(*LOST):  # the end of the session releases it as well
            release = connection.fetchval(RELEASE, *KEY)
            await asyncio.shield(asyncio.ensure_future(release))


async def blockers(connection: "Connection", pid: int) -> tuple[Holder, ...]:
    """Who holds what the session `pid` waits for at this moment, if it can be told."""
    with contextlib.suppress(*LOST):
        return _holders(await connection.fetch(BLOCKERS, pid))
    return ()


async def _take(
    connection: "Connection", wait_seconds: float, note: Callable[[str], None]
) -> None:
    began = time.monotonic()
    announced = False
    while not await connection.fetchval(TRY, *KEY):
        waited = time.monotonic() - began
        if waited >= wait_seconds:
            holders = _holders(await connection.fetch(HOLDER, *KEY))
            raise Busy(
                f"another migration is running: {named(holders)}",
                hint="wait for it, or --lock-wait 10m",
                details={"pids": [holder.pid for holder in holders]},
            )
        if waited >= PATIENCE_SECONDS and not announced:
            announced = True
            holders = _holders(await connection.fetch(HOLDER, *KEY))
            note(f"waiting for another migration: {named(holders)}")
        await asyncio.sleep(POLL_SECONDS)


def _holders(rows: Sequence[object]) -> tuple[Holder, ...]:
    return tuple(Holder(*row) for row in rows)  # type: ignore[misc]
