"""BaseCog: what every cog is given, so that none makes a controller or a session."""

from typing import TYPE_CHECKING

from discord.ext import commands

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot
    from tuxdb.database import Database


class BaseCog(commands.Cog):
    """A group of commands over the controllers of `self.db`."""

    def __init__(self, bot: "TuxdbBot") -> None:
        self.bot = bot
        self.db: Database = bot.db
