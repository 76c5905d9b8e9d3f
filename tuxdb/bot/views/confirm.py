"""Confirm and Cancel under a question, valid for a minute and for one person.

All that is needed to carry it out stands in the buttons and the message, so that a
press after a restart works. The id of the interaction that led to the question is the
idempotency key of what is done: however often Confirm arrives, it is done once.
"""

from collections.abc import Awaitable, Callable

import discord

from tuxdb.bot.answers import acknowledge_press, answer, say
from tuxdb.bot.declined import NotYourButton
from tuxdb.bot.interaction import Interaction, Stage, is_acknowledged
from tuxdb.bot.views.dialogs import (
    base36,
    buttons,
    custom_id_of,
    presses,
    understood,
)

PREFIX = "c"
YES, NO = "y", "n"
SECONDS = 60.0
DONE, CANCELLED = "done", "cancelled"
FIRST = "tuxdb.first"
NOTHING = "common.confirm"

Run = Callable[..., Awaitable[None]]
_RUNS: dict[str, tuple[Run, str]] = {}


def confirmation(tag: str, *, nothing: str = NOTHING) -> Callable[[Run], Run]:
    """Make a function the one that does what was confirmed under a short tag.

    It gets the interaction of the press, acknowledged and without buttons, and the
    arguments of `ask`; `key_of` gives its idempotency key. `nothing` is the prefix of
    the texts `.cancelled` and `.expired`.
    """

    def register(run: Run) -> Run:
        _RUNS[tag] = run, nothing
        return run

    return register


def key_of(interaction: Interaction) -> str:
    """The idempotency key: of the interaction that began it all, across a question."""
    return f"i:{interaction.extras.get(FIRST, interaction.id)}"


async def ask(
    interaction: Interaction, tag: str, prompt: discord.Embed, *args: str
) -> None:
    """Ask whether to go on; the arguments come back to the run, and hold no colon."""
    catalogue_prefix = _RUNS[tag][1]
    rest = ":".join((base36(interaction.id), base36(interaction.user.id), *args))
    view = buttons(
        (
            say(interaction, "common.confirm.yes"),
            f"{PREFIX}:{tag}:{YES}:{rest}",
            discord.ButtonStyle.success,
            True,
        ),
        (
            say(interaction, "common.confirm.no"),
            f"{PREFIX}:{tag}:{NO}:{rest}",
            discord.ButtonStyle.secondary,
            True,
        ),
    )
    await answer(interaction, embed=prompt, view=view)
    expired = say(interaction, f"{catalogue_prefix}.expired")

    async def expire() -> None:
        await interaction.edit_original_response(content=expired, embed=None, view=None)

    interaction.client.dialogs.remove_after(SECONDS, interaction.id, expire)


@presses(PREFIX)
async def pressed(interaction: Interaction, parts: list[str]) -> None:
    """Carry out, or call off, what was asked."""
    with understood():
        tag, choice, first_text, author_text, *args = parts
        run, nothing = _RUNS[tag]
        first, author = int(first_text, 36), int(author_text, 36)
    if interaction.user.id != author:
        raise NotYourButton
    dialogs = interaction.client.dialogs
    if dialogs.noted(PREFIX, first) is not None:  # by an earlier press
        await acknowledge_press(interaction, Stage.LIST)
        return
    if _too_late(interaction, first):
        if _has_button(interaction):
            dialogs.leave(first)
            await _end(interaction, f"{nothing}.expired")
        else:
            await acknowledge_press(interaction, Stage.LIST)
        return
    dialogs.leave(first)
    if choice == NO:
        dialogs.note(PREFIX, first, CANCELLED)
        await _end(interaction, f"{nothing}.cancelled")
        return
    interaction.client.breaker.admit()
    dialogs.note(PREFIX, first, DONE)
    interaction.extras[FIRST] = first
    try:
        await acknowledge_press(interaction, Stage.PROMPT, embed=_working(interaction))
    finally:
        if not is_acknowledged(interaction):
            dialogs.note(
                PREFIX, first, None
            )  # nothing is done; it can be pressed again
    await run(interaction, *args)
    interaction.client.breaker.succeeded()


def prompt_of(interaction: Interaction) -> discord.Embed:
    """The question as it stands in the message."""
    embeds = interaction.message.embeds if interaction.message else []
    return embeds[0] if embeds else discord.Embed()


def _working(interaction: Interaction) -> discord.Embed:
    """The question, still readable, with a word that its answer is being acted on."""
    shown = prompt_of(interaction).copy()
    shown.set_footer(text=say(interaction, "common.confirm.working"))
    return shown


def _too_late(interaction: Interaction, first: int) -> bool:
    """Whether the minute is over, by Discord's clock alone."""
    asked = discord.utils.snowflake_time(first)
    return (interaction.created_at - asked).total_seconds() > SECONDS


def _has_button(interaction: Interaction) -> bool:
    """Whether the message still has the button that was pressed."""
    custom_id = custom_id_of(interaction)
    rows = interaction.message.components if interaction.message else []
    return any(
        getattr(button, "custom_id", None) == custom_id
        for row in rows
        for button in getattr(row, "children", [])
    )


async def _end(interaction: Interaction, key: str) -> None:
    await interaction.response.edit_message(
        content=say(interaction, key), embed=None, view=None
    )
