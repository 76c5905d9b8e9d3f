"""Interactions: their type, and how far the bot has come with answering one."""

import secrets
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

    Interaction = discord.Interaction[TuxdbBot]
else:
    Interaction = discord.Interaction

Person = discord.Member | discord.User
"""Somebody who is here, or was."""

HIGHEST_OPTION = 2**53 - 1
"""Discord's integers are a double's."""

UNKNOWN_INTERACTION, ALREADY_ACKNOWLEDGED = 10062, 40060
"""Codes of Discord's for an interaction that is too old, and for one that has its first
answer."""

LINE_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What goes wrong between us and Discord."""

STAGE, REF = "tuxdb.stage", "tuxdb.ref"


class Stage(StrEnum):
    """What the person sees of an interaction so far."""

    NEW = "new"
    PRIVATE = "private"
    """Thinking, for the person alone."""
    PUBLIC = "public"
    """Thinking, for all to see."""
    PROMPT = "prompt"
    """A question of the person's own, whose button was pressed."""
    LIST = "list"
    """A list whose button was pressed; it stays whatever happens."""
    ANSWERED = "answered"


def stage_of(interaction: discord.Interaction[Any]) -> Stage:
    """How far the answer has come."""
    if interaction.extras.get(STAGE):
        return Stage(interaction.extras[STAGE])
    return Stage.ANSWERED if interaction.response.is_done() else Stage.NEW


def is_acknowledged(interaction: discord.Interaction[Any]) -> bool:
    """Whether Discord has a first answer of ours."""
    return stage_of(interaction) is not Stage.NEW


def enter_stage(interaction: discord.Interaction[Any], stage: Stage) -> None:
    """Note how far the answer has come."""
    interaction.extras[STAGE] = stage


def ref_of(interaction: discord.Interaction[Any]) -> str:
    """What ties an answer to the lines of the log: the same all through."""
    ref: str = interaction.extras.setdefault(REF, secrets.token_hex(2))
    return ref
