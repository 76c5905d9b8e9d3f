"""Counters of messages: kept in memory, written in batches, each exactly once.

A batch is frozen under the id of its flush before it is sent. From then on it is in
doubt until the database has answered, and only the same batch under the same id is
sent again. What fails for certain goes back among the counts of the time since.
"""

import asyncio
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from tuxdb.bot.spool import Batch, Spool, Unreadable
from tuxdb.bot.tally import Tally
from tuxdb.controllers.activity import KEPT_DAYS
from tuxdb.errors import OutcomeUnknown, TuxdbError

if TYPE_CHECKING:
    from tuxdb.database import Database

log = logging.getLogger(__name__)

FULL_KEYS = 5_000
"""So many members are not waited beyond, and are in one flush at most."""
MOST_KEYS = 50_000
"""More are not kept in memory while the database is away."""
ANSWER_SECONDS = 20.0
LAST_ANSWER_SECONDS = 1.5
LAST_PAUSES_SECONDS = (0.1, 0.5, 0.0)
"""After each of the last attempts, when the process ends."""
LONGEST_PAUSE_SECONDS = 60.0
FORGET_SECONDS = 6 * 3600.0
SETTLED_SECONDS = (KEPT_DAYS - 2) * 86400.0
"""A batch in doubt for longer cannot be settled any more: it is not counted."""


class Counters:
    """Messages of members on their way to the database."""

    def __init__(self, db: "Database", spool: Path, seconds: float) -> None:
        self._db = db
        self._spool = Spool(spool)
        self._seconds = seconds
        self._tally = Tally()
        self._batch: Batch | None = None
        self._on_disk = True  # what an earlier process has left, maybe
        self._wake = asyncio.Event()
        self._wake_at = FULL_KEYS
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._done_at: float | None = None
        self._forget_at = 0.0
        self.failures = 0
        self.flushed = 0

    @property
    def pending(self) -> int:
        """Messages that are counted here only."""
        return self._tally.messages + (self._batch.messages if self._batch else 0)

    @property
    def keys(self) -> int:
        """Members whose counts are kept in memory."""
        return self._tally.keys + (len(self._batch.counts) if self._batch else 0)

    @property
    def flush_age_seconds(self) -> float:
        """How long ago all was written, or the start was; 0 before it."""
        if self._done_at is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._done_at

    def add(
        self, guild_id: int, discord_id: int, username: str, when: datetime
    ) -> None:
        """Count one message; nothing is waited for."""
        self._tally.add(guild_id, discord_id, username, when)
        if self._tally.keys >= self._wake_at:
            self._wake.set()

    def start(self) -> None:
        """Begin to write; first what an earlier process has left on disk."""
        loop = asyncio.get_running_loop()
        self._stopping = False
        self._done_at = loop.time()
        self._task = loop.create_task(self._run(), name="tuxdb counters")
        self._task.add_done_callback(_tell)

    async def stop(self) -> None:
        """Write all there is: to the database in three attempts, else to disk.

        Called again, it writes what was counted since.
        """
        self._stopping = True
        self._wake.set()
        try:
            await self._end()
            for pause in LAST_PAUSES_SECONDS:
                if await self._flush(LAST_ANSWER_SECONDS):
                    return
                await asyncio.sleep(pause)
        finally:  # also if there is no time for all attempts
            for batch in self._batches():
                self._batch = None
                self._save(batch)

    async def _end(self) -> None:
        """Let the task come to its end, if that is soon."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            await asyncio.wait((task,), timeout=LAST_ANSWER_SECONDS)
        finally:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        await self._read_back(ANSWER_SECONDS)
        while not self._stopping:
            due = loop.time() + self._pause()
            while not self._stopping and loop.time() < due:
                try:
                    async with asyncio.timeout_at(due):
                        await self._wake.wait()
                except TimeoutError:
                    break
                self._wake.clear()
                if not self.failures:
                    break
                await self._shrink()
            if not self._stopping and await self._flush(ANSWER_SECONDS):
                await self._read_back(ANSWER_SECONDS)
                await self._forget()

    def _pause(self) -> float:
        if not self.failures:
            return self._seconds
        longest = min(self._seconds, 1.0) * 2.0 ** min(self.failures, 10)
        longest = min(longest, LONGEST_PAUSE_SECONDS)
        return random.uniform(longest / 2, longest)  # noqa: S311 - not a secret

    async def _flush(self, patience: float) -> bool:
        """Write all that is in memory; whether that is done."""
        for batch in self._batches():
            if not await self._send(batch, patience):
                return False
        self._done_at = asyncio.get_running_loop().time()
        return True

    def _batches(self) -> Iterator[Batch]:
        """What there is to write; each batch is in doubt until it is let go."""
        while True:
            if self._batch is None:
                counts = self._tally.take(FULL_KEYS)
                if not counts:
                    return
                self._batch = Batch(uuid4(), counts)
            yield self._batch

    async def _send(self, batch: Batch, patience: float) -> bool:
        self._batch = replace(batch, sent=True)
        try:
            made = await self._counted(batch, patience)
        except (TuxdbError, TimeoutError) as error:
            certain = not isinstance(error, OutcomeUnknown | TimeoutError)
            if certain and not batch.sent:
                self._tally.put_back(batch.counts)
                self._batch = None
            self._failed(error)
            return False
        self._batch = None
        self._succeeded(made)
        return True

    async def _counted(self, batch: Batch, patience: float) -> int:
        async with asyncio.timeout(patience):
            return await self._db.activity.flush(batch.id, batch.counts)

    def _succeeded(self, made: int) -> None:
        if self.failures:
            log.info("counters are written again")
        self.failures, self._wake_at = 0, FULL_KEYS
        self.flushed += made

    def _failed(self, error: Exception) -> None:
        if not self.failures:
            why = str(error) or "no answer"
            log.warning("counters cannot be written, and are kept: %s", why)
        self.failures, self._wake_at = self.failures + 1, MOST_KEYS

    async def _shrink(self) -> None:
        """Move the oldest guilds' counts to disk, if there is too much in memory."""
        if self._tally.keys < MOST_KEYS:
            return
        while self._tally.keys >= MOST_KEYS // 2:
            batch = Batch(uuid4(), self._tally.take(FULL_KEYS))
            await asyncio.to_thread(self._save, batch)

    def _save(self, batch: Batch) -> None:
        """Write a batch to disk; where that is not possible either, it is lost."""
        self._on_disk = True
        try:
            self._spool.save(batch)
        except OSError as error:
            log.error("%s messages are not counted: %s", batch.messages, error)

    async def _read_back(self, patience: float) -> None:
        """Write what is on disk, until all of it is written or something fails."""
        if not self._on_disk:
            return
        try:
            for path in await asyncio.to_thread(self._spool.files):
                if self._stopping or not await self._written(path, patience):
                    return
        except OSError as error:
            log.warning("counters on disk cannot be read: %s", error)
            return
        self._on_disk = False

    async def _written(self, path: Path, patience: float) -> bool:
        """Write a batch that is on disk; False if the database did not take it."""
        try:
            batch, age = await asyncio.to_thread(self._spool.load, path)
            if batch.sent and age > SETTLED_SECONDS:
                raise Unreadable(f"{path.name}: too old to tell whether it is counted")
        except FileNotFoundError:  # another process has written it
            return True
        except Unreadable as error:
            log.warning("set aside: %s", error)
            await asyncio.to_thread(self._spool.set_aside, path)
            return True
        try:
            made = await self._counted(batch, patience)
        except (TuxdbError, TimeoutError) as error:
            if not batch.sent and isinstance(error, OutcomeUnknown | TimeoutError):
                await asyncio.to_thread(self._spool.save, replace(batch, sent=True))
            self._failed(error)
            return False
        self._succeeded(made)
        await asyncio.to_thread(self._spool.remove, path)
        return True

    async def _forget(self) -> None:
        """Have the database forget old flushes, now and then."""
        now = asyncio.get_running_loop().time()
        if now < self._forget_at:
            return
        self._forget_at = now + FORGET_SECONDS
        try:
            await self._db.activity.forget_flushes()
        except TuxdbError as error:
            log.info("old flushes are still known: %s", error)


def _tell(task: asyncio.Task[None]) -> None:
    """Say so if counting has ended by a fault of its own."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        log.error("counters are not written any more", exc_info=fault)
