"""Running revisions: Alembic's operations on a connection of our own.

The folder's env.py is not used, so that the folder of any bot can be run. One
transaction holds the revision, the version it leads to and the record of it.
"""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import asyncpg
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from tuxdb.engine.translate import driver_error, is_lost_connection, sqlstate
from tuxdb.errors import TuxdbError
from tuxdb.migrate.alchemy import connected
from tuxdb.migrate.bookkeeping import (
    RUN,
    UNDER_WAY,
    Moving,
    create_tables,
    finish,
    forget_unfinished,
    record,
    record_unfinished,
    set_versions,
)
from tuxdb.migrate.connection import actor_of, project_root
from tuxdb.migrate.errors import DataConflict, RevisionFailed
from tuxdb.migrate.importing import importable, loaded
from tuxdb.migrate.indexes import repeatable
from tuxdb.migrate.moves import Move
from tuxdb.migrate.revisions import History, Revision
from tuxdb.settings import Settings

DATABASE_ERRORS = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)
MISTAKES = (
    CommandError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What a revision's own code raises."""

BUSY_STATES = ("55P03", "40P01")
NOT_ITS_FAULT = (*BUSY_STATES, "25006", "53100", "53200", "57014")
"""A lock, a read-only database, a full disk, memory, a cancelled statement."""

LONGEST_STATEMENT = 160
PROXIES = threading.Lock()
"""Alembic's `op` is global to the process: one revision at a time."""


@dataclass
class Statements:
    """What a revision has sent so far."""

    count: int = 0
    last: str = ""
    active: bool = False
    resumed: bool = False

    def saw(self, statement: str) -> None:
        """Note a statement of the revision itself."""
        self.count += 1
        self.last = re.sub(r"\s+", " ", statement).strip()


@dataclass
class Execution:
    """Runs moves on one connection."""

    connection: AsyncConnection
    folder: str
    root: Path | None
    record: dict[str, Any]
    driver: "asyncpg.Connection[Any]"
    lock_timeout: float | None = None
    statements: Statements = field(default_factory=Statements)
    _environment: EnvironmentContext | None = None
    _moving: Moving = field(init=False)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: Settings, history: History
    ) -> AsyncIterator["Execution"]:
        """Open a connection for the block."""
        record = {"actor": actor_of(settings), "tool_version": version("tuxdb")}
        async with connected(settings) as connection:
            raw = await connection.get_raw_connection()
            driver = cast("asyncpg.Connection[Any]", raw.driver_connection)
            root = project_root(settings)
            self = cls(connection, str(history.folder), root, record, driver)
            listening = connection.sync_connection, "before_cursor_execute"
            event.listen(*listening, self._before, retval=True)
            yield self

    async def prepare(self) -> None:
        """Make the tables of the bookkeeping where they are missing."""
        await self.connection.run_sync(create_tables)
        await self.connection.commit()
        self._moving = await Moving.on(self.driver)

    async def run(self, move: Move, lock_timeout: float) -> tuple[int, int]:
        """Run one move; returns its duration in milliseconds and its statements.

        Raises RevisionFailed, or the driver's error if a lock was not to be had.
        """
        while not PROXIES.acquire(blocking=False):  # noqa: ASYNC110 - of all loops
            await asyncio.sleep(0.01)
        try:
            with self._named_failure(move):
                return await self.connection.run_sync(
                    partial(self._run, move=move, lock_timeout=lock_timeout)
                )
        finally:
            PROXIES.release()

    async def stamp(
        self, versions: frozenset[str], accepted: Iterable[Revision]
    ) -> None:
        """Set the versions; record revisions as if they had been run as they are."""

        def write(connection: Connection) -> None:
            set_versions(connection, versions)
            for revision in accepted:
                run = {"revision": revision.revision, "checksum": revision.checksum}
                blank = dict.fromkeys(RUN)
                connection.execute(record(), {**blank, **run, **self.record})

        await self.connection.run_sync(write)
        await self.connection.commit()

    async def note_failure(self, move: Move, error: TuxdbError) -> None:
        """Record that a revision failed, if the connection still allows it."""
        run = self._run_record(move, error=error.message)
        try:
            await self.connection.run_sync(record_unfinished, run)
            await self.connection.commit()
        except DATABASE_ERRORS:
            await self.connection.rollback()

    def _run(
        self, connection: Connection, *, move: Move, lock_timeout: float
    ) -> tuple[int, int]:
        began = time.perf_counter()
        self.statements = Statements(resumed=move.resumed)
        self._begin(connection, move, lock_timeout)
        with importable(self.root), running(move.revision) as module:
            self._move(connection, _function(module, move), move, began)
        return _milliseconds(began), self.statements.count

    def _move(
        self,
        connection: Connection,
        function: Callable[[], None],
        move: Move,
        began: float,
    ) -> None:
        """Run a revision and change the version, in one transaction if it can be."""
        environment = self._alembic(connection)
        context = environment.get_context()
        with environment, Operations.context(context), context.begin_transaction():
            self.statements.active = True
            function()
            self.statements.active = False
            run = self._run_record(move, duration_ms=_milliseconds(began))
            finish(connection, self._moving, move.before, move.after, run)
            if not move.revision.transactional:
                forget_unfinished(connection, move.revision.revision)

    def _begin(self, connection: Connection, move: Move, lock_timeout: float) -> None:
        """Set the session up; record what may be cut off with part of it done."""
        if lock_timeout != self.lock_timeout:
            self.lock_timeout = lock_timeout
            milliseconds = str(round(lock_timeout * 1000))
            with connection.begin():
                connection.execute(
                    select(func.set_config("lock_timeout", milliseconds, False))
                )
        if not move.revision.transactional:
            with connection.begin():
                run = self._run_record(move, error=UNDER_WAY)
                record_unfinished(connection, run)

    def _alembic(self, connection: Connection) -> EnvironmentContext:
        """What revisions see of Alembic, the same for all on this connection."""
        if self._environment is None:
            config = Config()
            config.attributes["connection"] = connection
            script = ScriptDirectory(self.folder)
            self._environment = EnvironmentContext(config, script)
            self._environment.configure(connection=connection)
        return self._environment

    def _run_record(self, move: Move, **values: object) -> dict[str, Any]:
        revision = {"revision": move.revision.revision, "checksum": move.checksum}
        return {**revision, **self.record, **values}

    def _before(
        self, _connection: Connection, _cursor: object, statement: str, *rest: object
    ) -> tuple[str, object]:
        """Count a statement of the revision; make its concurrent builds repeatable."""
        if self.statements.active:
            self.statements.saw(statement)
            resumed = self.statements.resumed
            statement = repeatable(statement, self.driver, resumed=resumed)
        return statement, rest[0]

    @contextmanager
    def _named_failure(self, move: Move) -> Iterator[None]:
        """Say which revision and which statement failed."""
        try:
            yield
        except DATABASE_ERRORS as error:
            if sqlstate(error) in NOT_ITS_FAULT or is_lost_connection(error):
                raise
            raise self._failed(move, _said(error), sqlstate(error)) from error
        except MISTAKES as error:
            said = f"{type(error).__name__}: {error}"
            raise self._failed(move, said, None) from error

    def _failed(self, move: Move, said: str, state: str | None) -> RevisionFailed:
        place = f"revision {move.revision.revision}"
        if self.statements.last:
            place += f", statement {self.statements.count}"
        kind = DataConflict if state and state.startswith("23") else RevisionFailed
        statement = self.statements.last
        return kind(
            f"{place}: {said}",
            hint=f"it was: {shortened(statement)}" if statement else None,
            details={
                "revision": move.revision.revision,
                "file": move.revision.path.name,
                "statement": statement or None,
                "sqlstate": state,
            },
        )


def is_busy(error: BaseException) -> bool:
    """Whether a lock was not to be had, and the transaction is rolled back."""
    return sqlstate(error) in BUSY_STATES


def shortened(statement: str) -> str:
    """A statement that fits on a line."""
    if len(statement) <= LONGEST_STATEMENT:
        return statement
    return statement[:LONGEST_STATEMENT] + " …"


def _function(module: ModuleType, move: Move) -> Callable[[], None]:
    function = getattr(module, move.direction, None)
    if not callable(function):
        raise LookupError(f"{move.revision.path.name} has no {move.direction}()")
    return cast("Callable[[], None]", function)


def running(revision: Revision) -> AbstractContextManager[ModuleType]:
    """The module of a revision, made of the text whose checksum is known."""
    name = f"tuxdb_revision_{revision.revision}"
    return loaded(name, revision.source, revision.path)


def _said(error: BaseException) -> str:
    cause = driver_error(error)
    said = getattr(cause, "message", None) or str(cause) or type(cause).__name__
    return str(said).partition("\n")[0]


def _milliseconds(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
