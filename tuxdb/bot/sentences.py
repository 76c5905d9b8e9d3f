"""Sentences: which text of the catalogue tells a person about an error."""

import logging
from typing import Any

import discord
from discord import app_commands

from tuxdb.bot.answers import say
from tuxdb.bot.declined import BotLacksPermission, MissingPermission, Outranked
from tuxdb.bot.embeds import Markup, plain
from tuxdb.bot.interaction import Interaction, ref_of
from tuxdb.errors import (
    AccountFrozen,
    BalanceLimit,
    Busy,
    DailyLimit,
    DatabaseOperationError,
    DatabaseUnavailable,
    InsufficientPoints,
    InvalidValue,
    NotFound,
    OutcomeUnknown,
    SchemaBehind,
    SelfTransfer,
    TuxdbError,
)

log = logging.getLogger(__name__)

Told = tuple[str, dict[str, Any]]
"""A key below `errors`, and its values; no key for what nobody expected."""

UNEXPECTED: Told = ("", {})
AMOUNTS = ("amount", "balance")
ABOUT_PEOPLE = (InsufficientPoints, BalanceLimit, DailyLimit, AccountFrozen)
CHANGED = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)
DATABASE = {
    DatabaseUnavailable: "database_unavailable",
    Busy: "busy",
    SchemaBehind: "schema_behind",
    OutcomeUnknown: "outcome_unknown",
}


def sentence(interaction: Interaction, error: BaseException) -> str:
    """What the person is told about an error; the unexpected is logged."""
    if isinstance(error, TuxdbError):
        key, values = _of_tuxdb(interaction, error)
    else:
        key, values = _of_discord(interaction, error)
    ref = ref_of(interaction)
    if not key:
        log.error("ref %s: unexpected", ref, exc_info=error)
        key = "unexpected"
    elif isinstance(error, DatabaseOperationError):
        log.warning("ref %s: %s: %s", ref, error.code, error)
    return say(interaction, f"errors.{key}", **{"ref": ref, **values})


def named(interaction: Interaction, permission: str) -> str:
    """A permission as Discord's settings call it."""
    key = f"common.permission.{permission}"
    if interaction.client.catalogue.knows(key):
        return say(interaction, key)
    return permission.replace("_", " ").title()


def _of_tuxdb(interaction: Interaction, error: TuxdbError) -> Told:
    if isinstance(error, DatabaseOperationError):
        return _of_database(error)
    if isinstance(error, InvalidValue):
        return _of_value(error)
    if isinstance(error, NotFound):
        return _of_absence(interaction, error)
    if isinstance(error, ABOUT_PEOPLE):
        return _of_people(interaction, error)
    if isinstance(error, (MissingPermission, BotLacksPermission)):
        return error.code, {"name": named(interaction, error.permission)}
    if isinstance(error, Outranked):
        return f"outranked.{error.what}", {}
    if interaction.client.catalogue.knows(f"errors.{error.code}"):
        return error.code, dict(error.details)
    return ("refused", {"problem": error.message}) if error.public else UNEXPECTED


def _of_database(error: DatabaseOperationError) -> Told:
    for kind, key in DATABASE.items():
        if isinstance(error, kind):
            return key, {}
    return UNEXPECTED


def _of_value(error: InvalidValue) -> Told:
    if error.field in AMOUNTS:
        return "invalid_amount", {"lowest": 1}
    if isinstance(error, SelfTransfer):
        return error.code, {}
    return "invalid_value", {"field": error.field, "problem": error.problem}


def _of_absence(interaction: Interaction, error: NotFound) -> Told:
    near = error.details.get("near")
    if isinstance(near, list) and near:
        names = Markup(", ".join(plain(str(name)) for name in near))
        values = {"name": str(error.key), "near": names}
        return _known(interaction, f"not_found.{error.kind}", "near", values)
    return _known(interaction, f"not_found.{error.kind}", "", {"name": str(error.key)})


def _known(
    interaction: Interaction, key: str, variant: str, values: dict[str, Any]
) -> Told:
    """The most particular text that there is."""
    knows = interaction.client.catalogue.knows
    general = key.partition(".")[0]
    names = [key, general]
    if variant:
        names = [f"{key}.{variant}", f"{general}.{variant}", *names]
    found = next(name for name in names if knows(f"errors.{name}"))
    return found, values


def _of_people(interaction: Interaction, error: TuxdbError) -> Told:
    """About the person's own points, or about another's."""
    who = str(getattr(error, "who", ""))
    own = "own" if who == interaction.user.name else ""
    values: dict[str, Any] = {"who": who, **error.details}
    if isinstance(error, DailyLimit):
        values["renews"] = error.renews
    return _known(interaction, error.code, own, values)


def _of_discord(interaction: Interaction, error: BaseException) -> Told:
    if isinstance(error, CHANGED):
        return "command_changed", {}
    if isinstance(error, app_commands.TransformerError):
        if isinstance(error.value, discord.User):
            return "not_found.member", {"name": error.value.name}
        return "invalid_value", {"field": str(error.value), "problem": ""}
    if isinstance(error, app_commands.NoPrivateMessage):
        return "guild_only", {}
    if isinstance(error, app_commands.CommandOnCooldown):
        return "cooldown", {"seconds": max(1, round(error.retry_after))}
    if isinstance(error, app_commands.MissingPermissions):
        missing = error.missing_permissions[0]
        return "missing_permission", {"name": named(interaction, missing)}
    if isinstance(error, app_commands.BotMissingPermissions):
        missing = error.missing_permissions[0]
        return "bot_lacks_permission", {"name": named(interaction, missing)}
    if isinstance(error, app_commands.CheckFailure):
        return "not_allowed", {}
    if isinstance(error, discord.Forbidden):
        return "discord_forbids", {}
    return UNEXPECTED
