"""A small world: a guild of people, the whole bot, its database, and Discord's double.

await world.discord.slash(world.alice, "points transfer", member=world.bob, amount=5)
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from discord.gateway import DiscordWebSocket
from discord.http import Route

from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.double import DiscordDouble, Guild, Member, Reply
from tuxdb.bot.life import BotOptions, Life
from tuxdb.database import Database
from tuxdb.settings import Settings

GUILD_READY_SECONDS = 0.02
START_SECONDS = 20.0
OPTIONS = BotOptions(guild_ready_seconds=GUILD_READY_SECONDS)


@dataclass
class World:
    """The bot among people; see `tuxdb.bot.double` for what they can do."""

    discord: DiscordDouble
    settings: Settings
    db: Database
    guild: Guild
    founder: Member
    """Owns the guild."""
    manager: Member
    """Has a role with Manage Server."""
    moderator: Member
    """May time out, kick and ban."""
    owner: Member
    """Owns the application; a member like any other in the guild."""
    alice: Member
    bob: Member
    mallory: Member
    robot: Member
    """Another bot."""
    bot: TuxdbBot
    life: Life
    _run: "asyncio.Task[None] | None" = field(default=None, init=False)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        discord: DiscordDouble,
        settings: Settings,
        folder: Path,
        *,
        start: bool = True,
        **changes: Any,
    ) -> AsyncIterator["World"]:
        """Make the guild, connect the bot, and wait until it is ready."""
        settings = bot_settings(discord, settings, folder, **changes)
        people = populate(discord)
        before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        async with Database.open(settings) as db:
            bot, life = make_bot(db, settings)
            guild = people["founder"].guild
            world = cls(discord, settings, db, guild, bot=bot, life=life, **people)
            try:
                if start:
                    await world.start()
                yield world
            finally:
                await world.end()
                Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before

    async def start(self) -> None:
        """Connect the bot, and wait until it is ready and its commands are there."""
        ready = asyncio.Event()

        async def on_ready() -> None:
            ready.set()

        self.bot.add_listener(on_ready)
        await self.life.start()
        self._run = asyncio.create_task(self.life.run(), name="the bot of a test")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait(
            {waiting, self._run},
            timeout=START_SECONDS,
            return_when=asyncio.FIRST_COMPLETED,
        )
        waiting.cancel()
        if self._run.done():
            self._run.result()
        assert ready.is_set(), "the bot did not become ready"

    async def restart(self, **options: Any) -> None:
        """Stop the bot in order, and start another one in its place."""
        await self.stop()
        self.bot, self.life = make_bot(self.db, self.settings, **options)
        await self.start()

    async def stop(self) -> None:
        """Stop the bot as SIGTERM does."""
        await self.life.stop()
        await self.end()

    async def end(self) -> None:
        """End the bot without ceremony."""
        if self._run is None:
            return
        run, self._run = self._run, None
        self.bot.stopping = True
        await self.life.expiry.stop()
        await self.bot.counters.stop()
        run.cancel()
        await asyncio.wait([run])
        await self.life.close()

    async def give(self, member: Member, points: int) -> None:
        """Grant a member points."""
        guild = member.guild.id
        await self.db.user.refresh(guild, member.id, member.name)
        await self.db.points.grant(guild, member.id, points, actor="a test")

    async def balance(self, member: Member) -> int:
        """How many points a member has."""
        found = await self.db.points.balance(member.guild.id, member.id)
        return found.points

    async def transfer(self, sender: Member, receiver: Member, amount: int) -> Reply:
        """Have a member transfer points by the command."""
        return await self.discord.slash(
            sender, "points transfer", member=receiver, amount=amount
        )


def bot_settings(
    discord: DiscordDouble, settings: Settings, folder: Path, **changes: Any
) -> Settings:
    """Settings for a bot at the double, without cooldowns."""
    at_double = {
        "discord_token": discord.token,
        "discord_api_base": discord.api_base,
        "bot_cooldowns": False,
        "bot_spool": folder / "spool",
    }
    return replace(settings, **{**at_double, **changes})


def make_bot(db: Database, settings: Settings, **options: Any) -> tuple[TuxdbBot, Life]:
    """A bot that has not started."""
    chosen = replace(OPTIONS, **options)
    bot = TuxdbBot(db, settings, **chosen.client)
    return bot, Life(bot, chosen, settings.discord_token or "")


def populate(discord: DiscordDouble) -> dict[str, Member]:
    """A guild and its people."""
    guild = discord.guild("Tuxland", "olga", ["alice", "bob", "mallory", discord.owner])
    found = {member.name: member for member in guild.members.values()}
    managers = discord.role(guild, "Managers", "manage_guild")
    moderators = discord.role(
        guild, "Moderators", "moderate_members", "kick_members", "ban_members"
    )
    return {
        "founder": found["olga"],
        "alice": found["alice"],
        "bob": found["bob"],
        "mallory": found["mallory"],
        "owner": found["owner"],
        "manager": discord.member(guild, "mona", managers),
        "moderator": discord.member(guild, "moritz", moderators),
        "robot": discord.member(guild, "robot", bot=True),
    }
