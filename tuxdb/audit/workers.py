"""Worker processes that end with the work, however it ends.

Ctrl-C reaches all processes of a terminal. A worker that raised an exception of ours
then would die with the lock of a queue, and the others wait for ever: so workers do
not hear of it, and are ended by the process that has them.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

START = "fork" if os.name == "posix" else "spawn"
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def in_workers(
    work: Callable[[T], R], tasks: Sequence[T], jobs: int = 1
) -> Generator[R, None, None]:
    """Yield what the work makes of each task, in order.

    Raises BrokenProcessPool if a worker dies. Whoever stops early, or is interrupted,
    does not wait for the rest.
    """
    context = multiprocessing.get_context(START)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    finished = False
    try:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            results = pool.map(work, tasks)  # forks
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        yield from results
        finished = True
    finally:
        if not finished:
            for worker in multiprocessing.active_children():
                worker.terminate()
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Have the worker ended by SIGTERM, at once, and by nothing else."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
