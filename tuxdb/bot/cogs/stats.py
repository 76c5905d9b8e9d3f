"""`/stats`: how much was written, by oneself and on the server."""

import discord
from discord import app_commands
from discord.ext import commands

from tuxdb.bot.answers import acknowledge, answer, say, say_publicly
from tuxdb.bot.base_cog import BaseCog
from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.embeds import embed, plain
from tuxdb.bot.interaction import Interaction
from tuxdb.errors import NotFound


class Stats(
    BaseCog,
    commands.GroupCog,
    group_name="stats",
    group_description="How much was written here.",
):
    """Message counts. What was counted in the last seconds is not in them yet."""

    @app_commands.command(description="Show how much you have written here.")
    async def me(self, interaction: Interaction) -> None:
        """Show one's own count, to oneself."""
        await acknowledge(interaction, private=True)
        await answer(interaction, embed=await self._of(interaction))

    @app_commands.command(description="Show how much was written on this server.")
    async def server(self, interaction: Interaction) -> None:
        """Show the counts of the server, to all."""
        await acknowledge(interaction, private=False)
        guild_id, name = interaction.guild_id or 0, ""
        if interaction.guild is not None:
            name = interaction.guild.name
        found = await self.db.activity.server(guild_id)
        lines = [
            say_publicly(interaction, "stats.messages", count=found.messages),
            say_publicly(interaction, "stats.members", count=found.members),
            say_publicly(interaction, "stats.day", count=found.active_day),
            say_publicly(interaction, "stats.week", count=found.active_week),
        ]
        if found.last_active is not None:
            last = say_publicly(interaction, "stats.last", when=found.last_active)
            lines.append(last)
        title = say_publicly(interaction, "stats.server", name=plain(name))
        await answer(interaction, embed=embed(title, "\n".join(lines)))

    async def _of(self, interaction: Interaction) -> discord.Embed:
        title = say(interaction, "stats.me")
        guild_id, user = interaction.guild_id or 0, interaction.user.id
        try:
            found = await self.db.activity.member(guild_id, user)
        except NotFound:
            return embed(title, say(interaction, "stats.nothing"))
        lines = [
            say(interaction, "stats.messages", count=found.message_count),
            say(interaction, "stats.rank", rank=found.rank),
        ]
        if found.last_active is not None:
            lines.append(say(interaction, "stats.last", when=found.last_active))
        return embed(title, "\n".join(lines))


async def setup(bot: TuxdbBot) -> None:
    """Add the commands."""
    await bot.add_cog(Stats(bot))
