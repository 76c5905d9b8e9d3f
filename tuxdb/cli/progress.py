"""How far long work has come: on stderr, on a terminal, after half a second."""

import sys
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from tuxdb.cli.escape import escape
from tuxdb.cli.invocation import Invocation

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

T = TypeVar("T")

PATIENCE_SECONDS = 0.5
Told = Callable[[str, int, int | None], None]
"""Takes the stage, and how many rows of how many are done; None is unknown."""


async def shown(call: Invocation, work: Callable[[Told], Awaitable[T]]) -> T:
    """Await work while a bar shows its stage; nothing if nobody would see it."""
    with Bar(call) as bar:
        return await work(bar.update)


class Bar:
    """Rich's progress bar, made when the work turns out to take long.

    Shows the stage, how many rows are done, how many a second, and how long it will
    still take. Where nobody would see it, nothing is shown.
    """

    def __init__(self, call: Invocation) -> None:
        seen = not call.quiet and sys.stderr is not None and sys.stderr.isatty()
        self._begins = time.monotonic() + PATIENCE_SECONDS if seen else float("inf")
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def update(self, stage: str, done: int, total: int | None) -> None:
        """Show the stage and how far it is."""
        if time.monotonic() < self._begins:
            return
        if self._progress is None:
            self._progress = _progress()
            self._progress.start()
        if self._task is None:
            self._task = self._progress.add_task(escape(stage), total=total)
        elif stage != self._stage:
            self._progress.reset(self._task, description=escape(stage), total=total)
        self._stage = stage
        self._progress.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        """Take the bar away; nothing is shown any more."""
        self._begins = float("inf")
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.table import Column
    from rich.text import Text

    class Pace(ProgressColumn):
        """Rows done, how many a second since the stage began, and the time left."""

        def render(self, task: Task) -> Text:
            return Text(pace(task.completed, task.total, task.elapsed or 0.0))

    return Progress(
        TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis"),
        ),
        BarColumn(bar_width=None, table_column=Column(ratio=1)),
        Pace(Column(no_wrap=True)),
        console=Console(stderr=True),
        transient=True,
        expand=True,
    )


def pace(done: float, total: float | None, seconds: float) -> str:
    """`42%  52,000 rows/s  0:12 left`, or the time so far where nobody can know."""
    if not done or not seconds:
        return _minutes(seconds)
    speed = f"{done / seconds:,.0f} rows/s"
    if not total:
        return f"{done:,.0f} rows  {speed}"
    left = _minutes(seconds * max(total - done, 0) / done)
    return f"{min(done / total, 1):.0%}  {speed}  {left} left"


def _minutes(seconds: float) -> str:
    return f"{seconds // 60:.0f}:{seconds % 60:02.0f}"
