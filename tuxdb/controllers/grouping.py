"""Transfers that wait for each other are made together: one commit for all of them.

A few run alone, in one statement each. Whoever comes while more are under way waits,
and all who wait go in one transaction. A transfer that cannot be made, or is
anything but plain, runs alone after it and gets its own answer, so that it never
fails its neighbours. Nor does it hold them up: a group soon goes on without those
whose rows somebody else has locked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from tuxdb.controllers.movements import Movement, Order
from tuxdb.controllers.together import Waiting, make
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Busy, OutcomeUnknown, TuxdbError

T = TypeVar("T")

ALONE = 8
"""So many run at once before anybody waits: the server commits them together."""
SLOW_SECONDS = 0.1
"""A group that takes longer waits for a lock; the next one goes without it."""
GROUPS = 4
"""So many groups there are at once, however slow."""
LARGEST = 128
PAUSES_SECONDS = (0, 0.02, 0.05, 0.1, 0.2)
"""Between the attempts of a group to go on without those whose rows are locked."""
LEFT = 4
"""So many of those whom groups have left over run at once."""
STUCK = 1
"""So many do if their rows were locked: each may hold a connection for long."""
ATTEMPT_SECONDS = 22.0
"""Longest wait for one answer of the server: two locks at 10 s each lie within."""
ANSWER_SECONDS = 27.0

Alone = Callable[[Order, str, float, Exception | None], Awaitable[Movement]]
"""Makes one movement until a moment of the loop's clock, at the latest.

The error says that it may have been made already.
"""


class TransferGroup:
    """The transfers of one process that are under way."""

    def __init__(self, db: DatabaseService, alone: Alone) -> None:
        self._db = db
        self._alone = alone
        self._alone_now = 0
        self._grouping = False
        self._groups = 0
        self._queue: dict[Waiting, None] = {}  # in the order of their coming
        self._tasks: set[asyncio.Task[Any]] = set()
        self._left = asyncio.Semaphore(LEFT)
        self._stuck = asyncio.Semaphore(STUCK)

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
        waiting = Waiting(order, key, loop.create_future(), deadline)
        self._queue[waiting] = None
        timers = (
            loop.call_later(SLOW_SECONDS, self._go_on),  # all others may be stuck
            loop.call_at(deadline, self._too_late, waiting),
        )
        try:
            return await waiting.answer
        finally:
            self._queue.pop(waiting, None)
            for timer in timers:
                timer.cancel()

    def _too_late(self, waiting: Waiting) -> None:
        if waiting in self._queue and not waiting.answer.done():
            del self._queue[waiting]
            error = Busy("too many transfers are under way; nothing was changed")
            waiting.answer.set_exception(error)

    def _go_on(self) -> None:
        if self._grouping or not self._queue or self._groups >= GROUPS:
            return
        first = next(iter(self._queue))
        same = (w for w in self._queue if w.order.guild_id == first.order.guild_id)
        group = list(islice(same, LARGEST))
        for waiting in group:
            del self._queue[waiting]
        self._grouping = True
        self._groups += 1
        self._start(self._run(group), partial(_broken_off, group))

    def _start(
        self,
        work: Coroutine[Any, Any, T],
        ended: Callable[[asyncio.Task[T]], None],
    ) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(ended)

    async def _run(self, group: list[Waiting]) -> None:
        waited_for = [w for w in group if not w.answer.done()]
        first = True

        def let_next() -> None:
            nonlocal first
            if first:
                first, self._grouping = False, False
                self._go_on()

        timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, let_next)
        try:
            if waited_for:
                await self._together(waited_for)
        finally:
            timer.cancel()
            self._groups -= 1
            let_next()
            self._go_on()

    async def _together(self, group: list[Waiting]) -> None:
        """Make what can be made together; have the others made alone."""
        loop = asyncio.get_running_loop()
        earliest = min(waiting.deadline for waiting in group)
        left = group
        try:
            async with asyncio.timeout(min(ATTEMPT_SECONDS, earliest - loop.time())):
                try:
                    left = await self._make(group)
                except Busy:
                    left = await self._pass_over_locked(group)
        except (TuxdbError, TimeoutError) as error:
            certain = not isinstance(error, OutcomeUnknown | TimeoutError)
            left = [w for w in group if not w.answer.done()]
            for waiting in left:
                waiting.doubt = None if certain else error
        for waiting in left:
            self._make_alone(waiting, self._left)

    async def _make(
        self, group: list[Waiting], *, skip_locked: bool = False
    ) -> list[Waiting]:
        """Make what can be made in one transaction; who is left.

        With `skip_locked` those are left whose users somebody else has locked, and
        the others have their turn by themselves.
        """
        made = await self._db.run_unit(
            partial(make, group=group, skip_locked=skip_locked)
        )
        left = []
        for waiting in group:
            if waiting in made.movements:
                _give(waiting.answer, made.movements[waiting])
            elif waiting in made.locked or not skip_locked:
                left.append(waiting)
            else:
                self._make_alone(waiting, self._left)
        return left

    async def _pass_over_locked(self, group: list[Waiting]) -> list[Waiting]:
        """Make the others, again and again: most locks are those of other groups."""
        left = group
        for pause in PAUSES_SECONDS:
            await asyncio.sleep(pause)
            left = await self._make(left, skip_locked=True)
            if not left:
                return []
        for waiting in left:
            self._make_alone(waiting, self._stuck)
        return []

    def _make_alone(self, waiting: Waiting, turns: asyncio.Semaphore) -> None:
        work = self._in_turn(waiting, turns)
        self._start(work, partial(_hand_over, waiting.answer))

    async def _in_turn(self, waiting: Waiting, turns: asyncio.Semaphore) -> Movement:
        """Make one alone; Busy if its turn does not come while an attempt has time."""
        mine, doubt = False, waiting.doubt
        with suppress(TimeoutError):
            async with asyncio.timeout_at(
                waiting.deadline - (0 if doubt else ATTEMPT_SECONDS)
            ):
                mine = await turns.acquire()
        try:
            if waiting.answer.done():
                raise asyncio.CancelledError  # nobody waits for it any more
            if not (mine or doubt):
                raise Busy("another session holds what is needed; nothing was changed")
            return await self._alone(
                waiting.order, waiting.key, waiting.deadline, doubt
            )
        finally:
            if mine:
                turns.release()


def _broken_off(group: list[Waiting], task: asyncio.Task[None]) -> None:
    """Leave nobody waiting, whatever went wrong with a group."""
    if task.cancelled() or task.exception() is not None:
        for waiting in group:
            _hand_over(waiting.answer, task)


def _hand_over(answer: asyncio.Future[Any], task: asyncio.Task[Any]) -> None:
    """Give what came of a task to whoever waits, if somebody still does."""
    error = None if task.cancelled() else task.exception()
    if answer.done():
        return
    if task.cancelled():
        answer.cancel()
    elif error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())


def _give(answer: asyncio.Future[Movement], movement: Movement) -> None:
    if not answer.done():
        answer.set_result(movement)
