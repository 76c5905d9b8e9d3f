"""Answers: acknowledge first, then answer, in the language of who asked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar

import aiohttp
import discord
from discord import app_commands
from discord.utils import MISSING

from tuxdb.bot.catalogue import Value
from tuxdb.bot.embeds import CONTENT, cut, fit
from tuxdb.bot.interaction import (
    ALREADY_ACKNOWLEDGED,
    Interaction,
    Stage,
    enter_stage,
    is_acknowledged,
    stage_of,
)
from tuxdb.errors import TuxdbError
from tuxdb.models.guild_settings import BotRules

T = TypeVar("T", int, str, float)
Sent = TypeVar("Sent")

log = logging.getLogger(__name__)

AUTOCOMPLETE_SECONDS = 0.8
MOST_CHOICES = 25
LOCALE, SEEN = "tuxdb.locale", "seen"
TRIES = 3


def say(interaction: Interaction, key: str, /, **values: Value) -> str:
    """A text of the catalogue in the language of the person who asked."""
    return interaction.client.catalogue.text(interaction.locale, key, **values)


def say_publicly(interaction: Interaction, key: str, /, **values: Value) -> str:
    """A text of the catalogue in the language of the server."""
    locale = interaction.extras.get(LOCALE) or interaction.guild_locale
    return interaction.client.catalogue.text(locale, key, **values)


def learn_locale(interaction: Interaction, rules: BotRules) -> None:
    """Keep the language that the guild has set, for `say_publicly`.

    Done once for every command and press, before it begins.
    """
    interaction.extras[LOCALE] = rules.locale


async def acknowledge(interaction: Interaction, *, private: bool = True) -> None:
    """Tell Discord that an answer follows; nothing if that was done before.

    An interaction that is delivered a second time ends here: Discord refuses.
    """
    if is_acknowledged(interaction):
        return
    response = interaction.response
    await _first(interaction, lambda: response.defer(ephemeral=private, thinking=True))
    enter_stage(interaction, Stage.PRIVATE if private else Stage.PUBLIC)


async def acknowledge_press(
    interaction: Interaction,
    stage: Stage,
    *,
    embed: discord.Embed | None = None,
) -> None:
    """Acknowledge a button; with an embed, the message loses its buttons to it."""
    if is_acknowledged(interaction):
        return
    response = interaction.response
    if embed is None:
        await _first(interaction, response.defer)
    else:
        shown = fit(embed)
        await _first(
            interaction,
            lambda: response.edit_message(content=None, embed=shown, view=None),
        )
    enter_stage(interaction, stage)


async def _first(
    interaction: Interaction, send: Callable[[], Awaitable[object]]
) -> None:
    """Send the first answer, once more if the line breaks.

    That there is an answer already means that this interaction was delivered before,
    or else that our own answer arrived and only word of it was lost.
    """
    dialogs = interaction.client.dialogs
    delivery = interaction.extras.setdefault(SEEN, object())
    first = dialogs.noted(SEEN, interaction.id)
    if first is None:
        dialogs.note(SEEN, interaction.id, delivery)
    delivered_before = first not in (None, delivery)
    try:
        await again_if_broken(send)
    except discord.HTTPException as error:
        if error.code != ALREADY_ACKNOWLEDGED or delivered_before:
            raise


async def again_if_broken(send: Callable[[], Awaitable[Sent]]) -> Sent:
    """Send something that may arrive twice, and again if the line breaks."""
    for _ in range(TRIES - 1):
        try:
            return await send()
        except (aiohttp.ClientError, OSError) as error:
            log.info("once more: %r", error)
    return await send()


async def answer(
    interaction: Interaction,
    text: str | None = None,
    *,
    embed: discord.Embed | None = None,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
    private: bool = True,
) -> discord.Message | None:
    """Answer what was acknowledged, or at once if nothing was (`private` is for that).

    What the message showed before is replaced as a whole.
    """
    content = cut(text, CONTENT) if text else None
    fitted = fit(embed) if embed else None
    if is_acknowledged(interaction):
        edit = partial(
            interaction.edit_original_response,
            content=content,
            embed=fitted,
            view=view,
            attachments=[file] if file else MISSING,
        )
        message: discord.Message | None = await again_if_broken(edit)
    else:
        sent = await interaction.response.send_message(
            content,
            embed=fitted or MISSING,
            view=view or MISSING,
            file=file or MISSING,
            ephemeral=private,
        )
        found = sent.resource if sent else None
        message = found if isinstance(found, discord.Message) else None
    if stage_of(interaction) is not Stage.LIST:
        enter_stage(interaction, Stage.ANSWERED)
    return message


async def answer_privately(interaction: Interaction, text: str) -> None:
    """Say something to the person alone, at whatever stage the answer is.

    A public acknowledgement is taken back: its answer would be public too.
    """
    content, stage = cut(text, CONTENT), stage_of(interaction)
    if stage is Stage.NEW:
        send = partial(interaction.response.send_message, content, ephemeral=True)
        await _first(interaction, send)
    elif stage in (Stage.PRIVATE, Stage.PROMPT):
        edit = partial(interaction.edit_original_response, content=content)
        await again_if_broken(lambda: edit(embed=None, view=None))
    else:
        if stage is Stage.PUBLIC:
            await interaction.delete_original_response()
        await interaction.followup.send(content, ephemeral=True)
    if stage is not Stage.LIST:
        enter_stage(interaction, Stage.ANSWERED)


async def suggest(
    find: Callable[[], Awaitable[Iterable[app_commands.Choice[T]]]],
) -> list[app_commands.Choice[T]]:
    """Choices for an autocomplete, in time; none while the database is away."""
    task = asyncio.create_task(_found(find))
    await asyncio.wait({task}, timeout=AUTOCOMPLETE_SECONDS)
    if task.done():
        return task.result()
    task.cancel()  # and not waited for: it may take as long as the query
    return []


async def _found(
    find: Callable[[], Awaitable[Iterable[app_commands.Choice[T]]]],
) -> list[app_commands.Choice[T]]:
    try:
        return list(await find())[:MOST_CHOICES]
    except TuxdbError as error:
        log.debug("no suggestions: %s", error)
        return []
