"""Counts messages of members; their text is neither needed nor looked at."""

from typing import TYPE_CHECKING

import discord

from tuxdb.bot.base_cog import BaseCog

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot


class Activity(BaseCog):
    """Hears of every message; no await, no query."""

    @BaseCog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Count a message that a member has written in a guild."""
        if message.guild is None or message.author.bot or message.webhook_id:
            return
        if message.is_system():
            return
        self.bot.counters.add(
            message.guild.id,
            message.author.id,
            message.author.name,
            message.created_at,
        )


async def setup(bot: "TuxdbBot") -> None:
    """Add the cog."""
    await bot.add_cog(Activity(bot))
