"""Hearing of other processes' changes: LISTEN on a connection of its own.

Triggers send `table:key` on one channel when a change is committed. Whoever keeps
copies of rows subscribes. What matters is to know when nothing is heard any more:

- a closed connection is noticed at once, a silent one by a query twice a second;
- `listening_until` is a lease that each answer extends. It runs out by itself when
  the process was stopped or its loop blocked, before any notification is handled.

So nobody who looks at the lease serves a row that changed more than LEASE_SECONDS ago.
A transaction pooler drops LISTEN without a word. `change_feed` does not listen behind
a configured one; an unconfigured one is recognised, as it answers with the process id
of another server process than the one it announced at login, and is never trusted.
"""

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, TypeAlias

import asyncpg

from tuxdb.engine.cache import ChangeFeed, TtlOnly
from tuxdb.errors import TuxdbError
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl, mask

Address = Callable[[], Awaitable[DatabaseUrl]]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

CHANNEL = "tuxdb_cache"

LEASE_SECONDS = 2.0
PROBE_SECONDS = 0.5
ANSWER_SECONDS = 1.0
CONNECT_SECONDS = 5.0
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0
START_SECONDS = 1.0

LOST = (
    TuxdbError,  # the address is not to be had
    OSError,  # TimeoutError and TLS errors are among them
    EOFError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What an attempt to connect or a broken connection raises."""

logger = logging.getLogger(__name__)


class PoolerBetween(asyncpg.InterfaceError):  # type: ignore[misc]
    """The answers come from another server process than the login."""

    def __init__(self) -> None:
        super().__init__(
            "a connection pooler is between tuxdb and the server, LISTEN is not safe; "
            "set pooler = 'transaction', or cache_listen = false, to cache by age alone"
        )


def change_feed(
    settings: Settings, address: Address, *, application_name: str = "tuxdb cache"
) -> ChangeFeed:
    """Choose how changes are heard: by LISTEN where it works and is wanted."""
    if settings.pooler != "none" or not settings.cache_listen:
        return TtlOnly()
    return Listener(address, application_name=application_name)


class Listener:
    """One listening connection, re-made whenever it is lost; started by `start`.

    Callbacks run on the event loop, each on its own: the loop logs what one raises,
    and the others and the listener go on.
    """

    def __init__(
        self,
        address: Address,
        *,
        application_name: str = "tuxdb cache",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._application_name = application_name
        self._url: DatabaseUrl | None = None
        self._clock = clock
        self._on_change: list[Callable[[str, str], None]] = []
        self._on_loss: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._attempted = asyncio.Event()
        self._delay_seconds = FIRST_DELAY_SECONDS
        self._warned = False
        self.listening_until = -math.inf
        """The time, by the clock given, up to which changes are heard for sure."""

    @property
    def listening(self) -> bool:
        """Whether changes are heard for sure."""
        return self._clock() < self.listening_until

    def subscribe(
        self, on_change: Callable[[str, str], None], on_loss: Callable[[], None]
    ) -> None:
        """Have every change reported as (table, key), and every loss."""
        self._on_change.append(on_change)
        self._on_loss.append(on_loss)

    async def start(self) -> None:
        """Begin to listen, if that has not happened, and see how it goes.

        Returns once the first attempt has succeeded or failed, a second after the
        beginning at the latest; from then on at once.
        """
        loop = asyncio.get_running_loop()
        task = self._task
        if task is None or task.done() or task.get_loop() is not loop:
            self._attempted = asyncio.Event()
            loop.call_later(START_SECONDS, self._attempted.set)
            # An empty context: whoever comes first may be inside a transaction.
            self._task = loop.create_task(
                self._run(), name="tuxdb cache listener", context=Context()
            )
        await self._attempted.wait()

    async def stop(self) -> None:
        """Close the connection and wait for the end; `start` begins anew."""
        task, self._task = self._task, None
        self._attempted.set()
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            return
        task.cancel()
        await asyncio.wait((task,))

    async def _run(self) -> None:
        while True:
            try:
                await self._follow(await self._connect())
            except LOST as error:
                self._warn(error)
            finally:
                self._lose()
                self._attempted.set()
            jitter = random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, no secret
            await asyncio.sleep(self._delay_seconds * jitter)
            self._delay_seconds = min(self._delay_seconds * 2, LONGEST_DELAY_SECONDS)

    async def _connect(self) -> Connection:
        """Connect to the address, which is asked for once.

        Asking may start an embedded server; somebody who stopped it means it.
        """
        if self._url is None:
            self._url = await self._address()
        options: dict[str, Any] = {
            **self._url.connect_args(),
            "server_settings": {"application_name": self._application_name},
            "timeout": CONNECT_SECONDS,
        }
        return await asyncpg.connect(**options)

    async def _follow(self, connection: Connection) -> None:
        """Listen on a connection until it is lost."""
        closed = asyncio.Event()

        def on_end(_: object) -> None:
            self._lose()
            closed.set()

        connection.add_termination_listener(on_end)
        try:
            await self._ask(connection)  # a LISTEN would stay behind in a pooler
            with _deadline(connection, ANSWER_SECONDS):
                await connection.add_listener(CHANNEL, self._heard)
            await self._renew(connection)
            self._attempted.set()
            self._delay_seconds = FIRST_DELAY_SECONDS
            self._warned = False
            logger.debug("listening on %s", CHANNEL)
            while not closed.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(closed.wait(), PROBE_SECONDS)
                await self._renew(connection)
        finally:
            await _hang_up(connection)

    async def _ask(self, connection: Connection) -> float:
        """Have this very connection answer; the time at which it was asked."""
        asked = self._clock()
        with _deadline(connection, ANSWER_SECONDS):
            answered_by = await connection.fetchval("SELECT pg_backend_pid()")
        if answered_by != connection.get_server_pid():
            raise PoolerBetween
        return asked

    async def _renew(self, connection: Connection) -> None:
        asked = await self._ask(connection)
        if not connection.is_closed():
            self.listening_until = asked + LEASE_SECONDS

    def _heard(self, _connection: object, _pid: int, _channel: str, text: str) -> None:
        table, _, key = text.partition(":")
        loop = asyncio.get_running_loop()
        for on_change in self._on_change:
            loop.call_soon(on_change, table, key)

    def _lose(self) -> None:
        """Report that nothing is heard any more, once a loss."""
        if self.listening_until == -math.inf:
            return
        self.listening_until = -math.inf
        loop = asyncio.get_running_loop()
        for on_loss in self._on_loss:
            loop.call_soon(on_loss)

    def _warn(self, error: BaseException) -> None:
        """Log the first failure of a row; the rest are for whoever debugs."""
        level = logging.DEBUG if self._warned else logging.WARNING
        self._warned = True
        logger.log(
            level,
            "not listening on %s, cached rows are not served: %s: %s",
            CHANNEL,
            type(error).__name__,
            mask(str(error)),
        )


@contextmanager
def _deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection if the block takes longer, which ends the block.

    asyncpg's own timeouts ask the server over a second connection to cancel the
    statement, and wait for that: no use when the server process is frozen.
    """
    alarm = asyncio.get_running_loop().call_later(seconds, connection.terminate)
    try:
        yield
    finally:
        alarm.cancel()


async def _hang_up(connection: Connection) -> None:
    """Close, politely if the server listens, so that its log stays clean."""
    try:
        with suppress(*LOST), _deadline(connection, ANSWER_SECONDS):
            await connection.close()
    finally:
        connection.terminate()
