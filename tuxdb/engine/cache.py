"""What was read lately, kept in the process and dropped when it changes.

An entry is served only while three things hold: it is younger than its TTL (counted
from before its load began), nobody invalidated its key, and the feed of changes by
other processes is known to work. Without a feed the TTL alone bounds staleness. With
a feed that is not up yet, or was lost, nothing is served and nothing is stored: reads
go to the database, where they are never stale.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from functools import partial
from typing import Generic, Protocol, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")

JOIN_SECONDS = 1.0
"""How old a load may be for a caller to join it when no change would be reported."""


class ChangeFeed(Protocol):
    """Tells of changes made elsewhere; `Listener` is the real one."""

    @property
    def listening_until(self) -> float:
        """The monotonic time up to which every change is known to be heard."""

    async def start(self) -> None:
        """Begin to listen if that has not happened; does not fail, is not slow."""

    async def stop(self) -> None:
        """Stop listening."""

    def subscribe(
        self, on_change: Callable[[str, str], None], on_loss: Callable[[], None]
    ) -> None:
        """Have changes reported as (table, key), and the loss of the feed."""


class TtlOnly:
    """No feed: behind a transaction pooler, or with `cache_listen` off."""

    listening_until = math.inf

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def subscribe(
        self, on_change: Callable[[str, str], None], on_loss: Callable[[], None]
    ) -> None:
        """Nothing will ever be reported."""


class _Load(Generic[ValueT]):
    """One load under way, and how many callers wait for it."""

    __slots__ = ("heard", "started", "task", "waiters")

    task: asyncio.Task[ValueT | None]

    def __init__(self, started: float, *, heard: bool) -> None:
        self.started = started
        self.heard = heard
        self.waiters = 0


class Cache(Generic[KeyT, ValueT]):
    """Values by key; absent ones (`None`) are remembered too.

    Callers get copies made by `copy`, never the kept object; `template` makes, of a
    value to keep, the function that copies it, where that saves each hit some time.
    When `max_entries` are kept, the oldest goes: all live equally long, so it is the
    next to expire, and a hit has nothing to write down. (Least-recently-used would
    keep a better set only in a cache too small for its keys, and costs every hit.)
    """

    def __init__(
        self,
        copy: Callable[[ValueT], ValueT],
        *,
        template: Callable[[ValueT], Callable[[], ValueT]] | None = None,
        ttl_seconds: float = 300.0,
        max_entries: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._copy = copy
        self._template = template or (lambda value: partial(copy, value))
        self._ttl_seconds = ttl_seconds
        self._max_entries = max_entries
        self._clock = clock
        self._feed: ChangeFeed = TtlOnly()
        self._entries: OrderedDict[KeyT, tuple[float, Callable[[], ValueT] | None]] = (
            OrderedDict()
        )
        self._loads: dict[KeyT, _Load[ValueT]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def follow(
        self, feed: ChangeFeed, table: str, read_key: Callable[[str], KeyT]
    ) -> None:
        """Invalidate by the feed's reports about a table; the first miss starts it.

        A report whose key `read_key` refuses with ValueError drops every entry.
        """

        def on_change(changed: str, key: str) -> None:
            if changed != table:
                return
            try:
                self.invalidate(read_key(key))
            except ValueError:
                self.clear()

        self._feed = feed
        feed.subscribe(on_change, self.clear)

    async def get(
        self, key: KeyT, load: Callable[[], Awaitable[ValueT | None]]
    ) -> ValueT | None:
        """Return a copy of the value of a key, loaded if need be.

        Callers who miss the same key at once share one load; its error goes to all of
        them and is not kept. The load runs in a task and context of its own, so it
        must open its own session and sees nothing of a caller's open transaction.
        """
        entry = self._entries.get(key)
        if entry is not None:
            now = self._clock()
            if now < entry[0] and now < self._feed.listening_until:
                copied = entry[1]
                return None if copied is None else copied()
        await self._feed.start()
        running = self._joinable(key) or self._begin(key, load)
        value = await self._outcome(key, running)
        return None if value is None else self._copy(value)

    def invalidate(self, key: KeyT) -> None:
        """Forget a key, after the change was committed.

        A load under way may have read the old value: callers who wait for it get it,
        but it is not kept, and later callers do not join it.
        """
        self._entries.pop(key, None)
        self._loads.pop(key, None)

    def clear(self) -> None:
        """Forget every key, as `invalidate` does."""
        self._entries.clear()
        self._loads.clear()

    def _joinable(self, key: KeyT) -> _Load[ValueT] | None:
        """The load under way, unless what it reads may be too old for a new caller."""
        running = self._loads.get(key)
        if running is None:
            return None
        now = self._clock()
        heard = running.heard and now < self._feed.listening_until
        limit = max(self._ttl_seconds, JOIN_SECONDS) if heard else JOIN_SECONDS
        return running if now < running.started + limit else None

    def _begin(
        self, key: KeyT, load: Callable[[], Awaitable[ValueT | None]]
    ) -> _Load[ValueT]:
        now = self._clock()
        running: _Load[ValueT] = _Load(now, heard=now < self._feed.listening_until)
        self._loads[key] = running
        running.task = asyncio.get_running_loop().create_task(
            self._run(key, load, running), context=Context()
        )
        return running

    async def _run(
        self,
        key: KeyT,
        load: Callable[[], Awaitable[ValueT | None]],
        running: _Load[ValueT],
    ) -> ValueT | None:
        try:
            value = await load()
            if running.heard and self._loads.get(key) is running:
                self._keep(key, value, running.started + self._ttl_seconds)
            return value
        finally:
            self._end(key, running)

    def _keep(self, key: KeyT, value: ValueT | None, expires: float) -> None:
        self._entries.pop(key, None)
        while len(self._entries) >= self._max_entries:
            self._entries.popitem(last=False)
        copied = None if value is None else self._template(value)
        self._entries[key] = (expires, copied)

    def _end(self, key: KeyT, running: _Load[ValueT]) -> None:
        if self._loads.get(key) is running:
            del self._loads[key]

    async def _outcome(self, key: KeyT, running: _Load[ValueT]) -> ValueT | None:
        """Wait for a load; when its last waiter is cancelled, so is the load.

        That waiter waits for the end of the load, so that no connection is left in
        use behind the back of somebody who gave up and closes the pool.
        """
        running.waiters += 1
        try:
            await asyncio.wait((running.task,))
        finally:
            running.waiters -= 1
            if not running.waiters:
                await self._abandon(key, running)
        return running.task.result()

    async def _abandon(self, key: KeyT, running: _Load[ValueT]) -> None:
        task = running.task
        if not task.done():
            self._end(key, running)
            task.cancel()
            await asyncio.wait((task,))
        # Looked at, so that the loop does not report an error nobody waits for.
        _ = task.cancelled() or task.exception()
