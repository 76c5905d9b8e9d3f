"""Ctrl-C and SIGTERM: the work is cancelled and rolled back, the process ends soon.

Work that is to end in an order of its own, as the bot's, is told instead.
"""

import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from tuxdb.errors import ExitCode

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

GRACE_SECONDS = 4.0
CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
}


class Interrupted(BaseException):
    """A signal asked the process to end; `exit_code` says which."""

    def __init__(self, exit_code: ExitCode) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


@contextmanager
def interruptible() -> Iterator[None]:
    """Have signals raise Interrupted where the main thread is, in this block."""
    loop = signal.set_wakeup_fd(-1)  # so that a running loop does not hear of it too
    before = {number: signal.signal(number, _raise) for number in CODES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(loop)


@contextmanager
def held() -> Iterator[None]:
    """Have signals wait until `cancellable` hears them, or this block ends.

    One that came while a loop is half made would leave it so.
    """
    before = {number: signal.getsignal(number) for number in CODES}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, CODES)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


async def cancellable(work: Callable[[], Awaitable[T]]) -> T:
    """Await what `work` makes; a signal cancels it, and then raises Interrupted.

    It has GRACE_SECONDS to roll back, unless it has said `told`; a second signal ends
    the process at once.
    """
    import asyncio

    ending = _Ending(asyncio.current_task())
    loop = asyncio.get_running_loop()
    for number, code in CODES.items():
        loop.add_signal_handler(number, ending.hear, code)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, CODES)
    before = _ending.set(ending)
    try:
        result = await work()
    except asyncio.CancelledError:
        if ending.received:
            raise Interrupted(ending.received) from None
        raise
    finally:
        _ending.reset(before)
    if ending.received and not ending.heeded:
        raise Interrupted(ending.received)
    return result


@contextmanager
def told(stop: Callable[[], object], grace_seconds: float) -> Iterator[None]:
    """In this block a first signal calls `stop`, and cancels nothing.

    For work that has an end of its own, which is then no interruption but its result.
    It has this long for it; a second signal ends the process at once, as ever.
    """
    ending = _ending.get()
    if ending is None:
        yield
        return
    ending.stop, ending.grace_seconds = stop, grace_seconds
    try:
        yield
    finally:
        ending.stop, ending.grace_seconds = None, GRACE_SECONDS


class _Ending:
    """What signals do to the work that is under way."""

    def __init__(self, task: "asyncio.Task[object] | None") -> None:
        self._task = task
        self.received: ExitCode | None = None
        self.heeded = False
        self.stop: Callable[[], object] | None = None
        self.grace_seconds = GRACE_SECONDS

    def hear(self, code: ExitCode) -> None:
        """Take a signal: the first ends the work, the next one the process."""
        import threading

        if self.received is not None or self._task is None:
            os._exit(code)
        self.received = code
        last = threading.Timer(self.grace_seconds, os._exit, (int(code),))
        last.daemon = True
        last.start()
        if self.stop is None:
            self._task.cancel()
        else:
            self.heeded = True
            self.stop()


_ending: ContextVar[_Ending | None] = ContextVar("tuxdb_ending", default=None)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(CODES[signal.Signals(number)])
