"""What a bot makes of one interaction, as the person sees it who caused it."""

import asyncio
import time
from dataclasses import dataclass, field
from enum import IntEnum

from tuxdb.bot.double.components import SELECTS
from tuxdb.bot.double.messages import Message
from tuxdb.bot.double.places import Channel, Json, Member

ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 900.0
PATIENCE_SECONDS = 20.0
IDLE_SECONDS = 10.0
GRACE_SECONDS = 0.2
TASKS = (
    "CommandTree-invoker",
    "discord-ui-view-dispatch",
    "discord-ui-dynamic-item",
    "discord-ui-modal-dispatch",
)
"""How discord.py names the tasks in which a bot works on an interaction."""


class Kind(IntEnum):
    """Types of interactions."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Answer(IntEnum):
    """Types of what an interaction is answered with at first."""

    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False)
class Reply:
    """One interaction, and all that came of it."""

    id: int
    token: str
    kind: Kind
    member: Member
    channel: Channel
    payload: Json
    message: Message | None = None
    """The message whose button was pressed."""
    focused: Json | None = None
    """The option that is being completed."""
    answer: Answer | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    followups: list[Message] = field(default_factory=list)
    edits: list[Json] = field(default_factory=list)
    """How the first message was before each of its edits."""
    deferred_after: float | None = None
    """Seconds until it was acknowledged."""
    refused: list[int] = field(default_factory=list)
    """Codes with which later attempts to acknowledge it were refused."""
    began: float = field(default_factory=time.monotonic)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def age(self) -> float:
        """Seconds since it was sent."""
        return time.monotonic() - self.began

    @property
    def expired(self) -> bool:
        """Whether it is too late to acknowledge it."""
        return self.answer is None and self.age > ACKNOWLEDGE_SECONDS

    @property
    def over(self) -> bool:
        """Whether its token leads nowhere any more."""
        return self.age > TOKEN_SECONDS

    @property
    def error(self) -> str | None:
        """What Discord itself tells the person about a bot that does not answer."""
        if self.answer is not None or self.age < ACKNOWLEDGE_SECONDS:
            return None
        if self.kind is Kind.COMMAND:
            return "The application did not respond"
        if self.kind is Kind.AUTOCOMPLETE:
            return "Loading options failed"
        return "This interaction failed"

    @property
    def thinking(self) -> bool:
        """Whether the person is shown that the bot is thinking."""
        return self.original is not None and self.original.loading

    @property
    def seen(self) -> list[Message]:
        """What stands there now because of it."""
        messages = [self.original, *self.followups]
        return [item for item in messages if item and not item.deleted]

    @property
    def shown(self) -> Message | None:
        """The message that matters: the newest that has something in it."""
        found = [item for item in self.seen if not item.loading]
        return found[-1] if found else None

    @property
    def ephemeral(self) -> bool:
        """Whether the person alone sees it."""
        found = self.shown or self.original
        return found is not None and found.ephemeral

    @property
    def content(self) -> str:
        """The text of what is shown."""
        return self.shown.content if self.shown else ""

    @property
    def embeds(self) -> list[Json]:
        """The embeds of what is shown."""
        return self.shown.embeds if self.shown else []

    @property
    def buttons(self) -> list[Json]:
        """The buttons of what is shown."""
        return self.shown.buttons if self.shown else []

    @property
    def labels(self) -> list[str]:
        """What is written on the buttons that can be pressed."""
        return [
            button.get("label") or button["emoji"]["name"]
            for button in self.buttons
            if not button.get("disabled")
        ]

    @property
    def selects(self) -> list[Json]:
        """The selects of what is shown."""
        parts = self.shown.parts if self.shown else []
        return [part for part in parts if part["type"] in SELECTS]

    @property
    def text(self) -> str:
        """All that can be read: of every message, and what Discord says itself."""
        lines = [message.text for message in self.seen]
        return "\n".join([*lines, self.error or ""]).strip("\n")

    @property
    def pings(self) -> set[int]:
        """Ids of the users and roles who were called by it."""
        found: set[int] = set()
        for message in self.seen:
            found |= message.pings.users | message.pings.roles
            found |= {message.channel.id} if message.pings.everyone else set()
        return found

    def acknowledge(self, answer: Answer) -> None:
        """Note the first answer; `answered` follows once there is something to see."""
        self.answer = answer
        self.deferred_after = self.age
        self.acknowledged.set()
        if answer not in (Answer.DEFER, Answer.DEFER_UPDATE):
            self.answered.set()

    async def finished(self, seconds: float = PATIENCE_SECONDS) -> "Reply":
        """Wait until the bot has done with it, or has let it lapse."""
        left = max(ACKNOWLEDGE_SECONDS - self.age, 0) + 0.01
        if await _set_within(self.acknowledged, left):
            was_at_work = await _bot_is_idle()
            patience = GRACE_SECONDS if was_at_work else seconds
            await _set_within(self.answered, patience)
            await _bot_is_idle()
        return self


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def _bot_is_idle() -> bool:
    """Wait for what a bot in this process is at work on now, if there is such."""
    tasks = [
        task
        for task in asyncio.all_tasks()
        if task.get_name().startswith(TASKS) and task is not asyncio.current_task()
    ]
    if tasks:
        await asyncio.wait(tasks, timeout=IDLE_SECONDS)
    return bool(tasks)
