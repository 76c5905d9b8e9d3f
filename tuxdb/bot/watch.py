"""Watching what the bot rests on: its event loop, and the database.

A small query every few seconds tells that the database is away before anybody asks
for it, and that it is back. The presence in Discord says so.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import discord

from tuxdb.bot.interaction import LINE_ERRORS
from tuxdb.errors import DatabaseUnavailable, TuxdbError
from tuxdb.migrate import SchemaState, read_schema_state
from tuxdb.migrate.connection import opened

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

TICK_SECONDS = 0.5
PROBE_SECONDS = 5.0
PROBE_WHILE_AWAY_SECONDS = 1.0
PATIENCE_SECONDS = 4.0
AWAY = "database unavailable"
MISSED = 2

logger = logging.getLogger(__name__)


class Watch:
    """Looks after a bot while it runs."""

    def __init__(self, bot: "TuxdbBot") -> None:
        self._bot = bot
        self._tasks: list[asyncio.Task[None]] = []
        self._ticked = time.monotonic()
        self._missed = 0
        self._shown_away = False
        self.away = False
        """Whether the last probes were not answered."""

    def start(self) -> None:
        """Begin to look."""
        self._tasks = [
            asyncio.create_task(self._tick(), name="tuxdb loop watch"),
            asyncio.create_task(self._probe_for_ever(), name="tuxdb database watch"),
        ]

    async def stop(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def lag_seconds(self) -> float:
        """How long ago the loop should have ticked last."""
        return max(0.0, time.monotonic() - self._ticked - TICK_SECONDS)

    async def probe(self) -> tuple[float, SchemaState]:
        """Ask the database for its revision; how long it took, and what it said.

        Raises DatabaseUnavailable after a few seconds.
        """
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                async with opened(self._bot.db.settings) as connection:
                    state = await read_schema_state(connection)
        except TimeoutError as error:
            raise DatabaseUnavailable("the database does not answer") from error
        return time.perf_counter() - began, state

    async def _tick(self) -> None:
        while True:
            self._ticked = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)

    async def _probe_for_ever(self) -> None:
        while True:
            try:
                seconds, _ = await self.probe()
            except TuxdbError as error:
                self._bot.metrics.probed(None)
                self._note_away(error)
            else:
                self._bot.metrics.probed(seconds)
                self._note_back()
            await self._show()
            away = self._missed or self._bot.breaker.is_open
            await asyncio.sleep(PROBE_WHILE_AWAY_SECONDS if away else PROBE_SECONDS)

    def _note_away(self, error: TuxdbError) -> None:
        self._missed += 1
        if self._missed < MISSED:
            return
        self._bot.breaker.trip()
        if not self.away:
            self.away = True
            logger.error("the database is away: %s", error)

    def _note_back(self) -> None:
        self._missed = 0
        self._bot.breaker.succeeded()
        if self.away:
            self.away = False
            logger.info("the database is back")

    async def _show(self) -> None:
        """Have the presence say what is the matter, where it does not yet."""
        if self._shown_away == self.away or not self._bot.is_ready():
            return
        status = discord.Status.dnd if self.away else discord.Status.online
        activity = discord.CustomActivity(AWAY) if self.away else None
        try:
            await self._bot.change_presence(status=status, activity=activity)
        except LINE_ERRORS:
            return  # a shard is connecting; the next round says it
        self._shown_away = self.away
