"""Registering the commands with Discord, only if they are not what they were.

Discord allows 200 new commands a day, and advises against a sync at every start. So a
hash of all that would be sent is kept in the database, for each application.
"""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
from discord.http import Route

from tuxdb.bot.discord_api import brief
from tuxdb.bot.interaction import LINE_ERRORS
from tuxdb.engine.leading import leading
from tuxdb.errors import DatabaseOperationError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

SYNC_SECONDS = 30.0
DAILY_LIMIT = 30034
NOT_COMPARED = ("dm_permission",)
"""Outdated, and derived by Discord from `contexts`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """Commands that are here and not there, and the other way round."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def __str__(self) -> str:
        parts = ("new", self.new), ("changed", self.changed), ("gone", self.gone)
        return "; ".join(
            f"{word}: {', '.join(names)}" for word, names in parts if names
        )


async def payload_of(bot: "TuxdbBot") -> list[dict[str, Any]]:
    """What a sync would send: every command, with its translations."""
    tree, translator = bot.tree, bot.tree.translator
    if translator is None:
        return [command.to_dict(tree) for command in tree.get_commands()]
    return [
        await command.get_translated_payload(tree, translator)
        for command in tree.get_commands()
    ]


def hash_of(payload: list[dict[str, Any]]) -> str:
    """A hash that does not depend on the order of commands."""
    ordered = sorted(payload, key=lambda command: (command["type"], command["name"]))
    text = json.dumps(ordered, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


async def sync_if_changed(bot: "TuxdbBot", *, always: bool = False) -> bool:
    """Register the commands if need be; whether it was done.

    One process among several does it. A sync that fails is a warning: the commands
    that Discord knows go on working.
    """
    application = bot.application_id or 0
    wanted = hash_of(await payload_of(bot))
    try:
        if not always and await bot.db.commands.known(application) == wanted:
            return False
        async with leading(bot.db, "sync") as lead:
            if lead is None:
                logger.info("another process registers the commands")
                return False
            if not always and await bot.db.commands.known(application) == wanted:
                return False  # another process has just done it
            done = await _register(bot)
            if done:
                await bot.db.commands.remember(application, wanted)
    except DatabaseOperationError as error:
        logger.warning("whether the commands are registered is not known: %s", error)
        return False
    return done


async def clear_guild(bot: "TuxdbBot", guild_id: int) -> bool:
    """Remove the commands of one server's own, which would be listed twice."""
    guild = discord.Object(guild_id)
    bot.tree.clear_commands(guild=guild)
    return await _register(bot, guild)


async def _register(bot: "TuxdbBot", guild: discord.Object | None = None) -> bool:
    """Send the commands; what fails is logged, and False."""
    where = f" of server {guild.id}" if guild else ""
    try:
        async with asyncio.timeout(SYNC_SECONDS):
            found = await bot.tree.sync(guild=guild)
    except LINE_ERRORS as error:
        logger.warning("the commands%s are not registered: %s", where, _why(error))
        return False
    logger.info("%d commands%s registered", len(found), where)
    return True


async def registered(bot: "TuxdbBot") -> list[dict[str, Any]]:
    """The commands that Discord has, with their translations."""
    route = Route(
        "GET",
        "/applications/{application_id}/commands",
        application_id=bot.application_id or 0,
    )
    found: list[dict[str, Any]] = await bot.http.request(
        route, params={"with_localizations": "true"}
    )
    return found


def difference(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> Difference:
    """Compare what would be sent with what Discord has."""
    ours = {(c["type"], c["name"]): c for c in here}
    theirs = {(c.get("type", 1), c["name"]): c for c in there}
    return Difference(
        new=_names(ours.keys() - theirs.keys()),
        changed=_names(
            key
            for key in ours.keys() & theirs.keys()
            if _differ(ours[key], theirs[key])
        ),
        gone=_names(theirs.keys() - ours.keys()),
    )


def _names(keys: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(sorted(f"/{name}" if kind == 1 else name for kind, name in keys))


def _differ(ours: object, theirs: object) -> bool:
    """Whether something that we say is otherwise there; what we leave out counts not.

    Discord adds fields of its own, and leaves out those that hold their defaults.
    """
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return any(
            _differ(value, theirs.get(name))
            for name, value in ours.items()
            if name not in NOT_COMPARED
        )
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) != len(theirs) or any(
            _differ(one, other) for one, other in zip(ours, theirs, strict=True)
        )
    empty: tuple[object, ...] = (None, [], {}, False, 0)
    if ours in empty and theirs in empty:
        return False
    return str(ours) != str(theirs)


def _why(error: BaseException) -> str:
    if isinstance(error, discord.HTTPException) and error.code == DAILY_LIMIT:
        return "no more new commands today (Discord's limit is 200)"
    return brief(error)
