"""`/tuxdb status`: how the bot is, for those who own it. It needs no database."""

import asyncio
import math
from datetime import UTC, datetime

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb import __version__
from tuxdb.bot.answers import acknowledge, answer, say
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.embeds import GOOD, QUESTION, embed, moment
from tuxdb.bot.interaction import Interaction
from tuxdb.bot.permissions import owner_only
from tuxdb.bot.tree import WITHOUT_DATABASE
from tuxdb.errors import TuxdbError
from tuxdb.migrate import SchemaState, read_schema_state
from tuxdb.migrate.connection import opened
from tuxdb.migrate.state import at

PROBE_SECONDS = 3.0
MOST_SHARDS = 20


@app_commands.default_permissions(administrator=True)
class Status(
    BaseCog,
    commands.GroupCog,
    group_name="tuxdb",
    group_description="The bot itself.",
):
    """What a supervisor would ask, in Discord."""

    def __init__(self, bot: TuxdbBot) -> None:
        super().__init__(bot)
        self.since = datetime.now(UTC)

    @app_commands.command(
        description="Show how the bot is; for its owners.", extras=WITHOUT_DATABASE
    )
    @owner_only()
    async def status(self, interaction: Interaction) -> None:
        """Show version, revision, latency, queue and shards."""
        await acknowledge(interaction, private=True)
        state = await self._schema()
        well = state is not None and not state.behind and not state.unknown
        fields = [
            ("version", f"{__version__} · discord.py {discord.__version__}"),
            ("schema", _revision(interaction, state)),
            ("since", moment(self.since)),
            ("servers", str(len(self.bot.guilds))),
            ("queue", _queue(interaction)),
            ("shards", _shards(interaction)),
        ]
        labelled = [
            (say(interaction, f"status.label.{name}"), value) for name, value in fields
        ]
        title = say(interaction, "status.title")
        colour = GOOD if well else QUESTION
        await answer(interaction, embed=embed(title, colour=colour, fields=labelled))

    async def _schema(self) -> SchemaState | None:
        """How the database stands to this version; None if it is away."""
        try:
            async with (
                asyncio.timeout(PROBE_SECONDS),
                opened(self.db.settings) as connection,
            ):
                return await read_schema_state(connection)
        except (TuxdbError, TimeoutError):
            return None


def _revision(interaction: Interaction, state: SchemaState | None) -> str:
    if state is None:
        return say(interaction, "status.away")
    place = at(state.versions)
    if state.behind:
        return say(interaction, "status.behind", place=place, count=state.behind)
    return say(interaction, "status.at", place=place)


def _queue(interaction: Interaction) -> str:
    bot = interaction.client
    waiting = say(interaction, "status.pending", count=bot.counters.pending)
    running = say(interaction, "status.running", count=bot.calls.running)
    return f"{waiting}\n{running}"


def _shards(interaction: Interaction) -> str:
    """`0: 41 ms`, a line for each shard of this process."""
    lines = []
    for shard, seconds in interaction.client.latencies[:MOST_SHARDS]:
        known = math.isfinite(seconds)
        lines.append(f"{shard}: {seconds * 1000:.0f} ms" if known else f"{shard}: ?")
    return "\n".join(lines) or "-"


async def setup(bot: TuxdbBot) -> None:
    """Add the command."""
    await bot.add_cog(Status(bot))
