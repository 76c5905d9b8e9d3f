"""What a server has decided for the bot, before its first word of an answer.

A command has to be acknowledged within a second, whatever the database does. So its
rules are waited for only briefly; where they do not come, those last heard of count.
"""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from tuxdb.errors import TuxdbError
from tuxdb.models.guild_settings import BotRules, bot_rules

if TYPE_CHECKING:
    from tuxdb.database import Database

PATIENCE_SECONDS = 0.4
MOST_GUILDS = 10_000


class Rules:
    """Rules of guilds for the bot, from the cache of their configurations."""

    def __init__(self, db: "Database") -> None:
        self._db = db
        self._known: OrderedDict[int, BotRules] = OrderedDict()
        self._reading: dict[int, asyncio.Task[None]] = {}

    async def of(self, guild_id: int) -> BotRules:
        """The rules; those last known, or the defaults, if it takes too long."""
        task = self._reading.get(guild_id)
        if task is None:
            task = asyncio.create_task(self._read(guild_id), name="tuxdb rules")
            self._reading[guild_id] = task
        await asyncio.wait((task,), timeout=PATIENCE_SECONDS)
        return self._known.get(guild_id) or bot_rules({})

    async def _read(self, guild_id: int) -> None:
        try:
            self._known[guild_id] = await self._db.guild_config.bot_rules(guild_id)
            self._known.move_to_end(guild_id)
            while len(self._known) > MOST_GUILDS:
                self._known.popitem(last=False)
        except TuxdbError:
            return  # the command itself will meet with it, and say so
        finally:
            del self._reading[guild_id]
