"""DatabaseService: connections, sessions, transactions and their retries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, func, select, true
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.util import greenlet_spawn

from tuxdb.engine.cache import Cache
from tuxdb.engine.connections import Connections, Driver
from tuxdb.engine.direct import Direct
from tuxdb.engine.listener import change_feed
from tuxdb.engine.retry import (
    ATTEMPTS,
    DRIVER_ERRORS,
    came_to_nothing,
    changed_nothing,
    retrying,
)
from tuxdb.engine.sessions import Session, ended, in_doubt
from tuxdb.engine.statements import Statements
from tuxdb.engine.translate import is_lost_connection, translated
from tuxdb.models import Model
from tuxdb.models.copies import model_copier, model_template
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=Model)
Target = Settings | DatabaseUrl | str | None

LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout")
"""What would end a long report; whoever reads it may take a while for a page."""

_Ambient = tuple["asyncio.Task[Any] | None", "DatabaseService", Session]
_ambient: ContextVar[_Ambient | None] = ContextVar("tuxdb_transaction", default=None)


class DatabaseService:
    """The door to one database: pooled connections, sessions, transactions.

    Reads go through connections that the server keeps read-only and that need no
    BEGIN; writes through others. What the driver raises leaves as a TuxdbError.
    """

    def __init__(
        self, target: Target = None, *, application_name: str = "tuxdb"
    ) -> None:
        self.settings = _settings(target)
        self.application_name = application_name
        self._connections = Connections(self.settings, application_name)
        single = self._connections.engine(read_only=False)
        self._single = single.sync_engine
        self._writer = single.execution_options(isolation_level="READ COMMITTED")
        self._reader = self._reading_engine()
        self.reads = Statements(self.run_read, self._reads_directly())
        self.statements = Statements(self.run_statement, self._writes_directly())
        self._feed = change_feed(self.settings, self._connections.address)
        self._caches: dict[type[Model], Cache[Any, Any]] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, target: Target = None, **options: Any) -> AsyncIterator[Self]:  # noqa: ANN401
        """Open a service and close its connections at the end of the block."""
        async with cls(target, **options) as service:
            yield service

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await ended(self.dispose())

    async def dispose(self) -> None:
        """Close every connection; the service may be used again."""
        await self._feed.stop()
        await self._writer.dispose()
        if self._reader.pool is not self._writer.pool:
            await self._reader.dispose()

    @property
    def place(self) -> str:
        """Where the database is, for people; never its password."""
        return self._connections.place

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Open a session; it commits at a clean end and else rolls back."""
        with translated(self.place):
            session = Session(self._writer, expire_on_commit=False)
            try:
                yield session
                await session.commit()
            finally:
                await ended(session.close())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a transaction; within another one of this task, a savepoint in it.

        Calls to controllers inside the block take part in it.
        """
        outer = self.current_session()
        if outer is not None:
            with translated(self.place):
                async with outer.begin_nested():
                    yield outer
            return
        async with self.session() as session:
            before = _ambient.get()
            _ambient.set((asyncio.current_task(), self, session))  # type: ignore[arg-type]
            try:
                yield session
            finally:
                _ambient.set(before)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session without a transaction: read-only, one round trip each."""
        with translated(self.place):
            session = AsyncSession(self._reader, expire_on_commit=False)
            try:
                yield session
            finally:
                await ended(session.close())

    @asynccontextmanager
    async def held_session(self) -> AsyncIterator[AsyncSession]:
        """Open a session that keeps one connection over several transactions.

        The caller commits; what is not committed is rolled back at the end. Temporary
        tables go with the connection, which is not used again.
        """
        with translated(self.place):
            async with self._writer.connect() as connection:
                session = Session(bind=connection, expire_on_commit=False)
                try:
                    yield session
                finally:
                    await ended(session.close())
                    await ended(connection.invalidate())

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """Open a session whose statements all see one instant; read-only, no limits.

        REPEATABLE READ, without timeouts: for reports over whole tables.
        """
        with translated(self.place):
            session = AsyncSession(self._writer, expire_on_commit=False)
            try:
                await session.connection(
                    execution_options={
                        "isolation_level": "REPEATABLE READ",
                        "postgresql_readonly": True,
                    }
                )
                await session.execute(
                    select(*(func.set_config(name, "0", true()) for name in LIMITS))
                )
                yield session
            finally:
                await ended(session.close())

    def current_session(self) -> AsyncSession | None:
        """The session of the transaction that this task has open, if any."""
        ambient = _ambient.get()
        if ambient is None:
            return None
        task, service, session = ambient
        mine = service is self and task is asyncio.current_task()
        return session if mine else None

    def cache(self, model: type[ModelT]) -> Cache[Any, ModelT]:
        """What all controllers of this service keep of a table, by primary key."""
        found = self._caches.get(model)
        if found is None:
            settings = self.settings
            found = Cache(
                model_copier(model),
                template=model_template(model),
                ttl_seconds=settings.cache_ttl,
            )
            found.follow(self._feed, str(model.__tablename__), int)
            self._caches[model] = found
        return found

    async def run_in_transaction(
        self,
        work: Callable[[AsyncSession], Awaitable[T]],
        *,
        attempts: int = ATTEMPTS,
    ) -> T:
        """Run `work` in a transaction, again from its start if it came to nothing.

        That is after 40001 and 40P01, and where the connection broke before the
        commit. A commit of unknown outcome is never repeated. Within another
        transaction of this task it runs once, in a savepoint.
        """
        if self.current_session() is not None:
            async with self.transaction() as joined:
                return await work(joined)

        async def unit() -> T:
            session = Session(self._writer, expire_on_commit=False)
            before = _ambient.get()
            _ambient.set((asyncio.current_task(), self, session))
            try:
                result = await work(session)
                await session.commit()
                return result
            finally:
                _ambient.set(before)
                await ended(session.close())

        with translated(self.place):
            return await retrying(unit, safe=came_to_nothing, attempts=attempts)

    async def run_read(self, work: Callable[[Connection], T]) -> T:
        """Run synchronous Core reads in one greenlet; repeated if the line breaks."""
        engine = self._reader.sync_engine
        return await self._reading(lambda _: greenlet_spawn(_on, engine, work))

    async def run_statement(self, work: Callable[[Connection], T]) -> T:
        """Run one writing statement that is a transaction of its own.

        One round trip, no BEGIN and COMMIT. Raises OutcomeUnknown if the connection
        breaks after the statement was sent.
        """

        def unit(sending: Callable[[], None]) -> Awaitable[T]:
            def marked(connection: Connection) -> T:
                sending()
                return work(connection)

            return greenlet_spawn(_on, self._single, marked)

        return await self._changing(unit)

    async def _reading(self, unit: Callable[[Callable[[], None]], Awaitable[T]]) -> T:
        with translated(self.place):
            return await retrying(partial(unit, _unmarked), safe=came_to_nothing)

    async def _changing(self, unit: Callable[[Callable[[], None]], Awaitable[T]]) -> T:
        sent = False

        def sending() -> None:
            nonlocal sent
            sent = True

        with translated(self.place):
            try:
                return await retrying(partial(unit, sending), safe=changed_nothing)
            except DRIVER_ERRORS as error:
                if sent and is_lost_connection(error):
                    raise in_doubt() from error
                raise

    async def connect(
        self,
        *,
        read_only: bool = False,
        **options: Any,  # noqa: ANN401
    ) -> Driver:
        """Open a connection of its own, outside the pool; the caller closes it.

        Raises DatabaseUnavailable if nobody answers, and the driver's own errors.
        """
        return await self._connections.connect(read_only=read_only, **options)

    def _reads_directly(self) -> Direct | None:
        """Direct statements, unless a pooler forbids what they build on."""
        if self._connections.pooled:
            return None
        return Direct(self._reader.sync_engine, self._reading)

    def _writes_directly(self) -> Direct | None:
        if self._connections.pooled:
            return None
        return Direct(self._single, self._changing)

    def _reading_engine(self) -> AsyncEngine:
        """Read-only by session default; through a pooler, by each transaction."""
        if self._connections.pooled:
            return self._writer.execution_options(postgresql_readonly=True)
        return self._connections.engine(read_only=True)


def _settings(target: Target) -> Settings:
    if isinstance(target, Settings):
        return target
    if target is None:
        return Settings.load()
    url = DatabaseUrl.parse(target) if isinstance(target, str) else target
    return Settings(url=url)


def _on(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.connect() as connection:
        return work(connection)


def _unmarked() -> None:
    """Nothing is in doubt when a read breaks."""
