"""Spacing of IDENTIFY among all processes of a bot: one per five seconds and bucket.

Discord ends sessions that are opened faster. Shards whose number leaves the same rest,
divided by `max_concurrency`, share a bucket. The lock is PostgreSQL's, so that it goes
with a process that dies; while the database is away each process minds itself only.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tuxdb.engine.leading import leading
from tuxdb.errors import DatabaseOperationError

if TYPE_CHECKING:
    from tuxdb.database import Database

SPACING_SECONDS = 5.0
POLL_SECONDS = 0.1
ANSWER_SECONDS = 4.0

logger = logging.getLogger(__name__)


class Identify:
    """Gives shards their turn."""

    def __init__(
        self, db: "Database", *, spacing_seconds: float = SPACING_SECONDS
    ) -> None:
        self._db = db
        self._spacing_seconds = spacing_seconds
        self._buckets: dict[int, asyncio.Lock] = {}
        self._holding: set[asyncio.Task[None]] = set()
        self.concurrency = 1

    async def turn(self, shard_id: int) -> None:
        """Wait until this shard may identify; the next one waits five seconds."""
        may = asyncio.Event()
        bucket = shard_id % self.concurrency
        task = asyncio.create_task(self._hold(bucket, may), name="tuxdb identify")
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)
        await may.wait()

    async def stop(self) -> None:
        """Let go of every lock."""
        for task in self._holding:
            task.cancel()
        await asyncio.gather(*self._holding, return_exceptions=True)

    async def _hold(self, bucket: int, may: asyncio.Event) -> None:
        """Take the bucket, here and among processes, and keep it for the spacing."""
        async with self._buckets.setdefault(bucket, asyncio.Lock()):
            try:
                await self._hold_together(bucket, may)
            except (DatabaseOperationError, TimeoutError) as error:
                if may.is_set():
                    return
                logger.warning("identifying without asking others: %r", error)
                may.set()
                await asyncio.sleep(self._spacing_seconds)

    async def _hold_together(self, bucket: int, may: asyncio.Event) -> None:
        while not may.is_set():
            async with AsyncExitStack() as stack:
                turn = leading(self._db, "identify", bucket)
                async with asyncio.timeout(ANSWER_SECONDS):
                    lead = await stack.enter_async_context(turn)
                if lead is not None:
                    may.set()
                    await asyncio.sleep(self._spacing_seconds)
                    return
            await asyncio.sleep(POLL_SECONDS)
