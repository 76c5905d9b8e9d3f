"""Interactions under way: who waits for an answer, how long it took, what came of it.

Each command and each press of a button is a call: refused when the bot is stopping,
measured, and written to the log as one line without a word of what was typed.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import discord
from discord import app_commands

from tuxdb.bot.errors import cause_of
from tuxdb.bot.interaction import ref_of
from tuxdb.errors import TuxdbError

if TYPE_CHECKING:
    from tuxdb.bot.metrics import Metrics

MOST_WAITING = 10_000
TASKS = ("CommandTree-invoker", "discord-ui-")
"""How discord.py names the tasks in which it runs commands, buttons and modals."""

RESULT = "tuxdb_result"
OK = "ok"

logger = logging.getLogger("tuxdb.bot.commands")


class Calls:
    """Every interaction from its arrival to its end."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics
        self._waiting: OrderedDict[int, float] = OrderedDict()
        self.running = 0

    def arrived(self, interaction_id: int) -> None:
        """Note that somebody waits for an answer."""
        self._waiting[interaction_id] = time.perf_counter()
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)

    def answered(self, interaction_id: int) -> None:
        """Note that Discord has taken the first answer."""
        began = self._waiting.pop(interaction_id, None)
        if began is not None:
            self._metrics.acknowledged(time.perf_counter() - began)

    def one(self, interaction: discord.Interaction[Any], name: str) -> "Call":
        """Measure one call and log its end; an error passes through.

        A handler that has dealt with an error says so by `note_error`.
        """
        return Call(self, interaction, name)

    def begin(self) -> float:
        """Count a call that begins."""
        self.running += 1
        return time.perf_counter()

    def end(self, call: "Call", seconds: float) -> None:
        """Count and log a call that has ended."""
        self.running -= 1
        self._log(call.interaction, call.name, seconds)

    async def finish(self, seconds: float) -> int:
        """Wait for what is running; returns how many had not ended by then."""
        deadline = time.monotonic() + seconds
        while tasks := _tasks():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            await asyncio.wait(tasks, timeout=left)
        return len(tasks)

    def _log(
        self, interaction: discord.Interaction[Any], name: str, seconds: float
    ) -> None:
        result = str(interaction.extras.get(RESULT, OK))
        self._metrics.command(name, result, seconds)
        logger.info(
            "%s %s",
            name,
            result,
            extra={
                "ref": ref_of(interaction),
                "command": name,
                "guild": str(interaction.guild_id or ""),
                "user": str(interaction.user.id),
                "ms": round(seconds * 1000, 1),
                "result": result,
            },
        )


class Call:
    """One command, button or form, from its begin to its end."""

    def __init__(
        self, calls: Calls, interaction: discord.Interaction[Any], name: str
    ) -> None:
        self.interaction = interaction
        self.name = name
        self._calls = calls
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = self._calls.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            note_error(self.interaction, error)
        self._calls.end(self, time.perf_counter() - self._began)


def note_error(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Remember what a call came to, for its line in the log."""
    interaction.extras[RESULT] = code_of(error)


def code_of(error: BaseException) -> str:
    """The kind of an error in one word: `insufficient_points`."""
    cause = cause_of(error)
    if isinstance(cause, TuxdbError):
        return cause.code
    if isinstance(cause, app_commands.AppCommandError):
        return TuxdbError.code.fget(cause)  # type: ignore[attr-defined, no-any-return]
    return "unexpected"


def _tasks() -> set[asyncio.Task[Any]]:
    mine = asyncio.current_task()
    return {
        task
        for task in asyncio.all_tasks()
        if task is not mine
        and task.get_name().startswith(TASKS)
        # a view's own timer waits for nobody
        and "timeout" not in task.get_name()
    }
