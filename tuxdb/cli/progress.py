"""How far long work has come: on stderr, on a terminal, after half a second."""

import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")

PATIENCE_SECONDS = 0.5
Told = Callable[[str, int, int], None]
"""Takes the stage, and how many rows of how many are done."""


async def shown(call: Invocation, work: Callable[[Told], Awaitable[T]]) -> T:
    """Await work while a bar shows its stage; nothing if nobody would see it."""
    bar = _Bar()
    seen = not call.quiet and sys.stderr is not None and sys.stderr.isatty()
    try:
        return await work(bar.update if seen else _unseen)
    finally:
        bar.stop()


class _Bar:
    """Rich's progress bar, made when the work turns out to take long."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def update(self, stage: str, done: int, total: int) -> None:
        """Show the stage and how far it is."""
        if time.monotonic() - self._started < PATIENCE_SECONDS:
            return
        if self._progress is None:
            from rich.console import Console
            from rich.progress import Progress

            self._progress = Progress(console=Console(stderr=True), transient=True)
            self._progress.start()
            self._task = self._progress.add_task(stage, total=total)
        if self._task is not None:
            if stage != self._stage:
                self._progress.reset(self._task, description=stage, total=total)
            self._progress.update(self._task, completed=done)
        self._stage = stage

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


def _unseen(_stage: str, _done: int, _total: int) -> None:
    """Show nothing."""
