"""Ctrl-C and SIGTERM: the work is cancelled and rolled back, the process ends soon."""

import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TypeVar

from tuxdb.errors import ExitCode

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

    It has GRACE_SECONDS to roll back; a second signal ends the process at once.
    """
    import asyncio
    import threading

    task = asyncio.current_task()
    received: list[ExitCode] = []

    def cancel(code: ExitCode) -> None:
        if received or task is None:
            os._exit(code)
        received.append(code)
        last = threading.Timer(GRACE_SECONDS, os._exit, (int(code),))
        last.daemon = True
        last.start()
        task.cancel()

    loop = asyncio.get_running_loop()
    for number, code in CODES.items():
        loop.add_signal_handler(number, cancel, code)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, CODES)
    try:
        result = await work()
    except asyncio.CancelledError:
        if received:
            raise Interrupted(received[0]) from None
        raise
    if received:
        raise Interrupted(received[0])
    return result


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted(CODES[signal.Signals(number)])
