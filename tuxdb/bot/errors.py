"""Errors: the one handler that answers any of them.

The person alone sees a sentence in their language. What is nobody's fault but ours is
logged with its traceback under a reference, which the person is told.
"""

import logging

import discord
from discord import app_commands

from tuxdb.bot.answers import answer_privately
from tuxdb.bot.declined import RefusedByCheck
from tuxdb.bot.interaction import (
    ALREADY_ACKNOWLEDGED,
    LINE_ERRORS,
    UNKNOWN_INTERACTION,
    Interaction,
    ref_of,
)
from tuxdb.bot.sentences import sentence

log = logging.getLogger(__name__)

UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN = 10015, 50027
GONE = {
    UNKNOWN_INTERACTION,
    ALREADY_ACKNOWLEDGED,
    UNKNOWN_WEBHOOK,
    INVALID_WEBHOOK_TOKEN,
}
"""Codes of Discord's that leave nobody to answer."""


async def answer_error(interaction: Interaction, error: BaseException) -> None:
    """Tell the person, and nobody else, what went wrong; never raises for Discord.

    Where Discord has nobody to tell any more, or refuses, one line is logged.
    """
    cause = cause_of(error)
    if nobody_is_there(cause):
        log.info("no answer to %s: %s", interaction.id, cause)
        return
    text = sentence(interaction, cause)
    try:
        if interaction.type is discord.InteractionType.autocomplete:
            await interaction.response.autocomplete([])
        else:
            await answer_privately(interaction, text)
    except discord.InteractionResponded:
        log.info("no answer to %s: it has one", interaction.id)
    except LINE_ERRORS as failed:
        level = logging.INFO if nobody_is_there(failed) else logging.WARNING
        log.log(level, "ref %s: answer lost: %s", ref_of(interaction), failed)


def cause_of(error: BaseException) -> BaseException:
    """What discord.py has wrapped up."""
    while isinstance(
        error, (app_commands.CommandInvokeError, RefusedByCheck)
    ) and isinstance(error.original, BaseException):
        error = error.original
    return error


def nobody_is_there(error: BaseException) -> bool:
    """Whether the interaction has its answer, or is too old to get one."""
    if isinstance(error, discord.HTTPException):
        return error.code in GONE
    return isinstance(error, discord.InteractionResponded)
