"""Databases made from a template, dropped behind the test's back."""

import asyncio
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from pathlib import Path

import asyncpg

from tuxdb.urls import DatabaseUrl

EMPTY = "template0"
SPEED = (
    # what is lost in a crash of the machine is only a test's
    "ALTER SYSTEM SET fsync = off",
    "ALTER SYSTEM SET full_page_writes = off",
    "ALTER SYSTEM SET wal_compression = off",
    "ALTER SYSTEM SET max_wal_size = '512MB'",
    "SELECT pg_reload_conf()",
)
MEMORY = Path("/dev/shm")
MEMORY_AT_LEAST = 4 << 30


def place() -> Path:
    """Where servers of the tests keep their data: in memory if there is plenty.

    Copying a template takes a sixth of the time there. It must allow programs to run:
    where a server's account cannot enter the checkout, they are copied.
    """
    if MEMORY.is_dir():
        found = os.statvfs(MEMORY)
        plenty = found.f_bavail * found.f_frsize >= MEMORY_AT_LEAST
        if plenty and not found.f_flag & os.ST_NOEXEC and os.access(MEMORY, os.W_OK):
            return MEMORY
    return Path(tempfile.gettempdir())


class Databases:
    """Fresh databases on one server, for tests with or without an event loop.

    One thread does the work in order: drops are not waited for, and the next copy of
    a template is made ahead.
    """

    def __init__(self, address: str) -> None:
        self.url = DatabaseUrl.parse(address)
        self.template: str | None = None
        self._numbers = count(1)
        self._thread = ThreadPoolExecutor(1, "databases")
        self._runner = asyncio.Runner()
        self._ahead: dict[str, Future[str]] = {}
        self._drops: list[Future[None]] = []
        self._connection = self._thread.submit(
            self._runner.run, self._connect()
        ).result()
        for statement in SPEED:
            self._thread.submit(self._execute, statement).result()

    def empty(self) -> str:
        """Create a database without a schema; returns its URL."""
        return self._copy(EMPTY)

    def migrated(self) -> str:
        """Create a copy of the template; returns its URL."""
        assert self.template, "no template was announced"
        return self._copy(self.template)

    def drop(self, url: str) -> None:
        """Drop a database and its connections, later."""
        name = DatabaseUrl.parse(url).database
        statement = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        self._drops.append(self._thread.submit(self._execute, statement))

    def close(self) -> None:
        """Wait for what was begun; raise what failed meanwhile."""
        for drop in self._drops:
            drop.result()
        self._thread.submit(self._runner.run, self._connection.close()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def _copy(self, template: str) -> str:
        ready = self._ahead.get(template)
        ready = ready or self._thread.submit(self._create, template)
        self._ahead[template] = self._thread.submit(self._create, template)
        return ready.result()

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(**self.url.connect_args())

    def _create(self, template: str) -> str:
        name = f"test{next(self._numbers)}"
        self._execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log'
        )
        return self.url.with_database(name).reveal()

    def _execute(self, statement: str) -> None:
        self._runner.run(self._connection.execute(statement))
