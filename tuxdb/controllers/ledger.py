"""Ledger: the one way in which points move, whoever asks for it.

A movement is one statement, sent with an idempotency key. If the connection breaks,
the same key is sent again: that waits for the first attempt's locks and finds its
entry, where looking the key up would miss a commit that is still under way.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.movements import Movement, Order, moved, replayed, unmoved
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import (
    DatabaseUnavailable,
    IdempotencyConflict,
    OutcomeUnknown,
    TuxdbError,
)
from tuxdb.repositories.points import PointsRepository

ATTEMPT_SECONDS = 12.0
"""Longest wait for one answer; the lock timeout of 10 s lies within."""
SETTLE_SECONDS = 27.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.0


class Ledger:
    """Moves points; each movement leaves an entry, and nothing moves without one."""

    entries = PointsRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def post(
        self, order: Order, *, session: AsyncSession | None = None
    ) -> Movement:
        """Carry an order out: a Movement, a refusal, or OutcomeUnknown with its key.

        Refusals are InvalidTransfer, NotFound, InsufficientPoints, BalanceLimit and
        IdempotencyConflict; then nothing was changed. An answer comes within 30 s.
        """
        order.check()
        key = order.key or f"t:{uuid4().hex}"
        joined = session or self.db.current_session()
        if joined is not None:
            return await self._once(joined, joined, order, key)
        write, read = self.db.statements, self.db.reads
        return await settled(lambda: self._once(write, read, order, key), key)

    async def _once(
        self, write: Executor, read: Executor, order: Order, key: str
    ) -> Movement:
        send = self.entries.move if order.balance is None else self.entries.set_balance
        rows = await send(write, order.values(key))
        if rows and rows[0].entry_id is not None:
            return moved(order, key, rows)
        prior = await self._prior(read, order, key, rows)
        return prior or unmoved(order, key, rows)

    async def _prior(
        self, read: Executor, order: Order, key: str, rows: Sequence[Row[Any]]
    ) -> Movement | None:
        """What the same key did before, if it did anything."""
        guild_id = order.guild_id or (rows[0].guild_id if rows else None)
        if guild_id is None:
            return None
        entry = await self.entries.by_key(read, guild_id, key)
        if entry is None:
            return None
        if entry.request_hash != order.request_hash:
            raise IdempotencyConflict(key, entry.id)
        return replayed(entry, rows)


async def settled(attempt: Callable[[], Awaitable[Movement]], key: str) -> Movement:
    """Attempt a movement until its outcome is known, or SETTLE_SECONDS are over.

    Once an attempt is in doubt, only an entry settles it: a later refusal is no
    proof, as the first attempt may still be on its way to the server.
    """
    doubt: TuxdbError | TimeoutError | None = None
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with asyncio.timeout(min(ATTEMPT_SECONDS, deadline - loop.time())):
                return await attempt()
        except (OutcomeUnknown, TimeoutError) as error:
            doubt = error
        except DatabaseUnavailable:
            if doubt is None:
                raise
        except TuxdbError as error:
            if doubt is None:
                raise
            raise _unknown(key) from error
        if loop.time() + pause >= deadline:
            raise _unknown(key) from doubt
        await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _unknown(key: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the connection broke: the points may have moved (idempotency key {key})",
        key=key,
        hint=f"send the same again with --idempotency-key {key}",
    )
