"""Dialogs: takes presses of the bot's buttons, and takes buttons away in time.

discord.py's own views forget their buttons at a restart, and its dynamic items drop a
press without an answer where the button has just gone from its message, as it has at
the second press of Confirm. Here every press is answered.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import discord

from tuxdb.bot.answers import learn_locale
from tuxdb.bot.calls import note_error
from tuxdb.bot.declined import ListExpired, Restarting
from tuxdb.bot.errors import answer_error
from tuxdb.bot.interaction import LINE_ERRORS, Interaction
from tuxdb.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

log = logging.getLogger(__name__)

MOST_NOTES = 5000
LONGEST_ID = 100
PRESSES = (discord.InteractionType.component, discord.InteractionType.modal_submit)
TASK = "discord-ui-dynamic-item-tuxdb-"
"""Named like discord.py's own, so that a stop waits for what is running."""

Handler = Callable[[Interaction, list[str]], Awaitable[None]]
HANDLERS: dict[str, Handler] = {}
"""By the first part of a button's custom_id."""


def presses(prefix: str) -> Callable[[Handler], Handler]:
    """Make a function the one that takes the presses of buttons with a prefix."""

    def register(handler: Handler) -> Handler:
        HANDLERS[prefix] = handler
        return handler

    return register


class Dialogs:
    """What this process knows of open questions and lists, beyond what they hold."""

    def __init__(self, bot: "TuxdbBot") -> None:
        self._bot = bot
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._notes: dict[str, OrderedDict[int, Any]] = {}

    def install(self) -> None:
        """Take the presses of the bot's buttons from now on."""
        self._bot.add_listener(self.on_interaction)

    async def stop(self) -> None:
        """Let no timer go off any more, and give up what only edits a message."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Take a press of one of the bot's buttons, or what was typed after one."""
        if interaction.type not in PRESSES:
            return
        prefix, *parts = custom_id_of(interaction).split(":")
        if prefix in HANDLERS:
            name = f"button {':'.join([prefix, *parts[:1]])}"
            with self._bot.calls.one(interaction, name):
                await self._take(interaction, prefix, parts)

    async def _take(
        self, interaction: Interaction, prefix: str, parts: list[str]
    ) -> None:
        """Have a press dealt with in a task, whose failure of any kind is answered."""
        name, outer = f"{TASK}{interaction.id}", asyncio.current_task()
        if outer is not None:
            outer.set_name(name)
        task = asyncio.create_task(self._handle(interaction, prefix, parts), name=name)
        await asyncio.wait({task})
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        note_error(interaction, error)
        if isinstance(error, DatabaseUnavailable):
            self._bot.breaker.failed()
        await answer_error(interaction, error)

    async def _handle(
        self, interaction: Interaction, prefix: str, parts: list[str]
    ) -> None:
        if self._bot.stopping:
            raise Restarting
        if interaction.guild_id is not None:
            learn_locale(interaction, await self._bot.rules(interaction.guild_id))
        await HANDLERS[prefix](interaction, parts)

    # -- buttons that go after a while ------------------------------------------------

    def remove_after(
        self, seconds: float, message_id: int, edit: Callable[[], Awaitable[object]]
    ) -> None:
        """Edit a message once, that long from now; a later call replaces this one."""
        self.leave(message_id)
        loop = asyncio.get_running_loop()
        self._timers[message_id] = loop.call_later(
            seconds, self._expire, message_id, edit
        )

    def leave(self, message_id: int) -> None:
        """Let the buttons of a message be."""
        timer = self._timers.pop(message_id, None)
        if timer is not None:
            timer.cancel()

    def _expire(self, message_id: int, edit: Callable[[], Awaitable[object]]) -> None:
        self._timers.pop(message_id, None)
        self.spawn(_edit(edit))

    def spawn(self, work: Awaitable[Any]) -> None:
        """Do something in the background; it ends with the bot at the latest."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- notes ------------------------------------------------------------------------

    def note(self, kind: str, key: int, value: Any) -> None:  # noqa: ANN401
        """Remember something, as long as there is room for its kind."""
        notes = self._notes.setdefault(kind, OrderedDict())
        notes[key] = value
        notes.move_to_end(key)
        while len(notes) > MOST_NOTES:
            notes.popitem(last=False)

    def noted(self, kind: str, key: int) -> Any:  # noqa: ANN401
        """What is remembered, or None."""
        notes = self._notes.get(kind)
        return notes.get(key) if notes else None


@contextmanager
def understood() -> Iterator[None]:
    """Take a button that cannot be read for one of another version: it has expired."""
    try:
        yield
    except (KeyError, ValueError) as error:
        log.info("a button of another version: %r", error)
        raise ListExpired from error


def custom_id_of(interaction: Interaction) -> str:
    """What stands in the button that was pressed, or the window that was filled in."""
    data: Any = interaction.data or {}
    return str(data.get("custom_id", ""))


def typed_text(interaction: Interaction, field: str) -> str:
    """What was typed into a field of a window; nothing if there is no such field."""
    data: Any = interaction.data or {}
    for row in data.get("components", ()):
        for item in row.get("components", ()):
            if item.get("custom_id") == field:
                return str(item.get("value", ""))
    return ""


async def _edit(edit: Callable[[], Awaitable[object]]) -> None:
    try:
        await edit()
    except LINE_ERRORS as error:
        log.debug("buttons stay: %s", error)


def base36(value: int) -> str:
    """A number as it is written in a custom_id."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while value:
        value, digit = divmod(value, 36)
        text = digits[digit] + text
    return text or "0"


def buttons(*items: tuple[str, str, discord.ButtonStyle, bool]) -> discord.ui.View:
    """Buttons of (label, custom_id, style, enabled), which discord.py need not keep."""
    view = discord.ui.View(timeout=None)
    for label, custom_id, style, enabled in items:
        if len(custom_id) > LONGEST_ID:
            raise ValueError(f"a custom_id is too long: {custom_id}")
        view.add_item(
            discord.ui.Button(
                label=label, custom_id=custom_id, style=style, disabled=not enabled
            )
        )
    view.stop()
    return view
