"""Transfers that wait for each other are made together: one commit for all of them.

A few run alone, in one statement each. Whoever comes while more are under way waits,
and all who wait go in one transaction. A transfer that cannot be made, or is
anything but plain, runs alone after it and gets its own answer, so that it never
fails its neighbours.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row

from tuxdb.controllers.movements import Movement, Order, Side, identity
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Busy, OutcomeUnknown, TuxdbError
from tuxdb.models import MAX_POINTS
from tuxdb.repositories.grouped import COLUMNS, Values, enter, lock_users, used_keys

ALONE = 8
"""So many run at once before anybody waits: the server commits them together."""
SLOW_SECONDS = 0.1
"""A group that takes longer waits for a lock; the next one goes without it."""
GROUPS = 4
"""So many groups there are at once, however slow."""
LARGEST = 128
ATTEMPT_SECONDS = 12.0
"""Longest wait for one answer of the server; the lock timeout lies within."""
ANSWER_SECONDS = 27.0

Alone = Callable[[Order, str, float, Exception | None], Awaitable[Movement]]
"""Makes one movement until a moment of the loop's clock, at the latest.

The error says that it may have been made already.
"""


@dataclass(eq=False)
class _Waiting:
    """A transfer that waits for its turn."""

    order: Order
    key: str
    answer: asyncio.Future[Movement]
    deadline: float
    doubt: Exception | None = None


@dataclass
class _Step:
    """What a group does: the entries to insert, and whose they are."""

    made: list[tuple[_Waiting, int, Side, Side]] = field(default_factory=list)
    values: Values = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def clear(self) -> None:
        """Begin again, as the transaction does."""
        self.made.clear()
        for values in self.values.values():
            values.clear()

    def add(
        self, waiting: _Waiting, guild_id: int, sender: Side, receiver: Side
    ) -> None:
        """Have a transfer entered between two users, with their balances after it."""
        order = waiting.order
        self.made.append((waiting, guild_id, sender, receiver))
        entry = (
            guild_id,
            sender.user_id,
            receiver.user_id,
            order.amount,
            sender.after,
            receiver.after,
            order.reason,
            order.actor,
            waiting.key,
            order.request_hash,
        )
        for name, value in zip(COLUMNS, entry, strict=True):
            self.values[name].append(value)


class TransferGroup:
    """The transfers of one process that are under way."""

    def __init__(self, db: DatabaseService, alone: Alone) -> None:
        self._db = db
        self._alone = alone
        self._alone_now = 0
        self._grouping = False
        self._queue: dict[_Waiting, None] = {}  # in the order of their coming
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, order: Order, key: str) -> Movement:
        """Make a transfer, alone or with others; refusals as for one alone.

        Raises Busy if it did not get its turn in time: it was not sent then.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + ANSWER_SECONDS
        if not (self._grouping or self._queue) and self._alone_now < ALONE:
            self._alone_now += 1
            try:
                return await self._alone(order, key, deadline, None)
            finally:
                self._alone_now -= 1
                self._go_on()
        waiting = _Waiting(order, key, loop.create_future(), deadline)
        self._queue[waiting] = None
        try:
            await asyncio.wait((waiting.answer,), timeout=ANSWER_SECONDS)
        except asyncio.CancelledError:
            waiting.answer.cancel()
            raise
        finally:
            sent = waiting not in self._queue
            self._queue.pop(waiting, None)
        if not sent:
            raise Busy("too many transfers are under way; nothing was changed")
        return await waiting.answer

    def _go_on(self) -> None:
        if self._grouping or not self._queue or len(self._tasks) >= GROUPS:
            return
        first = next(iter(self._queue))
        same = (w for w in self._queue if w.order.guild_id == first.order.guild_id)
        group = list(islice(same, LARGEST))
        for waiting in group:
            del self._queue[waiting]
        self._grouping = True
        task = asyncio.get_running_loop().create_task(self._run(group))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, group))

    def _ended(self, group: list[_Waiting], task: asyncio.Task[None]) -> None:
        """Leave nobody waiting, whatever went wrong."""
        self._tasks.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        for waiting in group:
            if error is not None and not waiting.answer.done():
                waiting.answer.set_exception(error)
        self._go_on()

    async def _run(self, group: list[_Waiting]) -> None:
        left = [w for w in group if not w.answer.done()]
        first = True

        def let_next() -> None:
            nonlocal first
            if first:
                first, self._grouping = False, False
                self._go_on()

        timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, let_next)
        try:
            if len(left) > 1:
                left = await self._together(left)
        finally:
            timer.cancel()
            let_next()
        await asyncio.gather(*(self._answer(waiting) for waiting in left))

    async def _together(self, group: list[_Waiting]) -> list[_Waiting]:
        """Make what can be made together; the others are left."""
        step = _Step()

        def work(connection: Connection) -> dict[str, Row[Any]]:
            step.clear()
            _plan(connection, group, step)
            if not step.made:
                return {}
            return {row.idempotency_key: row for row in enter(connection, step.values)}

        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                entries = await self._db.run_unit(work)
        except (TuxdbError, TimeoutError) as error:
            certain = not isinstance(error, OutcomeUnknown | TimeoutError)
            for waiting in group:
                waiting.doubt = None if certain else error
            return group
        for waiting, guild_id, sender, receiver in step.made:
            if not waiting.answer.done():
                entry = entries[waiting.key]
                waiting.answer.set_result(
                    _movement(waiting, guild_id, sender, receiver, entry)
                )
        done = {id(waiting) for waiting, *_ in step.made}
        return [waiting for waiting in group if id(waiting) not in done]

    async def _answer(self, waiting: _Waiting) -> None:
        """Run one alone and hand its answer, or its error, to whoever waits."""
        try:
            found = await self._alone(
                waiting.order, waiting.key, waiting.deadline, waiting.doubt
            )
        except (TuxdbError, asyncio.CancelledError) as error:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
            return
        if not waiting.answer.done():
            waiting.answer.set_result(found)


def _plan(connection: Connection, group: list[_Waiting], step: _Step) -> None:
    """Work out balances one after the other, as if each were alone.

    What a rule of the guild stands against, or a balance, is left to run alone.
    """
    ids = [i for w in group for i in (w.order.sender, w.order.receiver) if i]
    rows = lock_users(connection, group[0].order.guild_id, ids)
    if not rows:
        return
    users = {identity(group[0].order, row): row for row in rows}
    balances = {row.id: row.points for row in rows}
    guild_id: int = rows[0].guild_id
    given = [w.key for w in group if w.order.key is not None]
    taken = used_keys(connection, guild_id, given) if given else set()
    for waiting in group:
        sender = users.get(waiting.order.sender)
        receiver = users.get(waiting.order.receiver)
        amount = waiting.order.amount or 0
        if sender is None or receiver is None or waiting.key in taken:
            continue
        plain = not (sender.special or receiver.special)
        if not plain or {sender.guild_id, receiver.guild_id} != {guild_id}:
            continue
        before = balances[sender.id], balances[receiver.id]
        if before[0] < amount or before[1] > MAX_POINTS - amount:
            continue
        taken.add(waiting.key)
        balances[sender.id] -= amount
        balances[receiver.id] += amount
        step.add(
            waiting,
            guild_id,
            _side(sender, before[0], -amount),
            _side(receiver, before[1], amount),
        )


def _side(row: Row[Any], before: int, change: int) -> Side:
    return Side(row.id, row.discord_id, row.username, before, before + change)


def _movement(
    waiting: _Waiting, guild_id: int, sender: Side, receiver: Side, entry: Row[Any]
) -> Movement:
    order = waiting.order
    return Movement(
        entry_id=entry.id,
        guild_id=guild_id,
        kind=order.kind.value,
        sender=sender,
        receiver=receiver,
        amount=order.amount or 0,
        actor=order.actor,
        reason=order.reason,
        created_at=entry.created_at,
        idempotency_key=waiting.key,
    )
