"""Transfers that wait for each other are made together: one commit for many of them.

A few run alone, in one statement each. Whoever comes while more are under way waits,
and those who wait go in groups, in one statement a group. A transfer that cannot be
made, or is anything but plain, runs alone after it and gets its own answer, so that
it never fails its neighbours. Nor does it hold them up: a group soon goes on without
those whose rows somebody else has locked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from tuxdb.controllers.movements import Movement, Order
from tuxdb.controllers.together import Waiting, make
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Busy, OutcomeUnknown, TuxdbError

T = TypeVar("T")

ALONE = 2
"""So many run at once before anybody waits."""
SLOW_SECONDS = 0.1
"""A group that takes longer waits for a lock; the next one goes without it."""
QUICK = 2
"""So many groups run at once: while the server makes one, the other is answered."""
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
        self._alone_moved = 0.0  # when one of them last began or ended
        self._quick = 0
        self._groups = 0
        self._queue: dict[Waiting, None] = {}  # in the order of their coming
        self._going_on = False
        self._watching = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._left = asyncio.Semaphore(LEFT)
        self._stuck = asyncio.Semaphore(STUCK)

    async def submit(self, order: Order, key: str) -> Movement:
        """Make a transfer, alone or with others; refusals as for one alone.

        Raises Busy if it did not get its turn in time: it was not sent then.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        deadline = now + ANSWER_SECONDS
        if not (self._quick or self._queue) and self._alone_now < ALONE:
            self._alone_now += 1
            self._alone_moved = now
            try:
                return await self._alone(order, key, deadline, None)
            finally:
                self._alone_now -= 1
                self._alone_moved = loop.time()
                self._go_on_soon()
        waiting = Waiting(order, key, loop.create_future(), deadline)
        self._queue[waiting] = None
        if self._alone_now and now > self._alone_moved + SLOW_SECONDS:
            self._go_on_soon()  # nobody waits for those who are stuck
        self._watch()
        try:
            return await waiting.answer
        finally:
            self._queue.pop(waiting, None)

    def _watch(self) -> None:
        """Look again in a while whether any who wait do so in vain."""
        if not self._watching:
            self._watching = True
            asyncio.get_running_loop().call_later(SLOW_SECONDS, self._look)

    def _look(self) -> None:
        self._watching = False
        now = asyncio.get_running_loop().time()
        while self._queue and (first := next(iter(self._queue))).deadline <= now:
            del self._queue[first]
            if not first.answer.done():
                error = Busy("too many transfers are under way; nothing was changed")
                first.answer.set_exception(error)
        self._go_on()  # all others may be stuck
        if self._queue:
            self._watch()

    def _go_on_soon(self) -> None:
        """Have the next group go when those have come back who were just answered."""
        if not self._going_on:
            self._going_on = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        self._going_on = False
        while self._queue and self._quick < QUICK and self._groups < GROUPS:
            group = self._next()
            self._quick += 1
            self._groups += 1
            self._start(self._run(group), partial(_broken_off, group))

    def _next(self) -> list[Waiting]:
        """Take out the next to go together: all, or their share if more can run."""
        first = next(iter(self._queue))
        same = [w for w in self._queue if w.order.guild_id == first.order.guild_id]
        share = -(-len(same) // (QUICK - self._quick))
        group = same[: min(max(share, ALONE), LARGEST)]
        for waiting in group:
            del self._queue[waiting]
        return group

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
        quick = True

        def let_next() -> None:
            nonlocal quick
            if quick:
                quick = False
                self._quick -= 1
                self._go_on_soon()

        timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, let_next)
        try:
            if waited_for:
                await self._together(waited_for)
        finally:
            timer.cancel()
            self._groups -= 1
            let_next()
            self._go_on_soon()

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
        """Make what can be made in one statement; who is left.

        With `skip_locked` those are left whose users somebody else has locked, and
        the others have their turn by themselves.
        """
        write, read = self._db.statements, self._db.reads
        made = await make(write, read, group, skip_locked=skip_locked)
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
