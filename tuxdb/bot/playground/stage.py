"""The guild of the playground and the people in it; the same ones at every start."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tuxdb.bot.client import TuxdbBot
from tuxdb.bot.double import Channel, DiscordDouble, Guild, Member, Role, User
from tuxdb.bot.double.messages import Message
from tuxdb.bot.life import BotOptions, Life
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.migrate import upgrade
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    from tuxdb.settings import Settings

DATABASE = "playground"
PEOPLE = {
    "alice": ("a member", ()),
    "bob": ("a member", ()),
    "carol": ("may manage the server", ("manage_guild", "manage_channels")),
    "mike": (
        "may time out, kick and ban",
        ("moderate_members", "kick_members", "ban_members"),
    ),
    "olga": ("owns the server", ()),
    "otto": ("owns the bot, and administers the server", ("administrator",)),
    "robot": ("is another bot", ()),
}
ROLES = {"carol": "Managers", "mike": "Moderators", "otto": "Administrators"}
OWNER, BOT_OWNER, ROBOT = "olga", "otto", "robot"
GIFT = 100
FLUSH_SECONDS = 1.0
START_SECONDS = 30.0
OPTIONS = BotOptions(guild_ready_seconds=0.1)


@dataclass
class Stage:
    """Where the play is: who acts, where, and what was shown last."""

    discord: DiscordDouble
    bot: TuxdbBot
    life: Life
    guild: Guild
    actor: Member
    channel: Channel

    @property
    def members(self) -> dict[str, Member]:
        """The people by name, the bot too."""
        return {member.name: member for member in self.guild.members.values()}

    def name_of(self, kind: str, number: int) -> str | None:
        """The name of a user (`@`), a role (`@&`) or a channel (`#`)."""
        known: dict[str, Mapping[int, User | Role | Channel]] = {
            "@": self.discord.realm.users,
            "@&": self.guild.roles,
            "#": self.guild.channels,
        }
        thing = known[kind].get(number)
        return thing.name.removeprefix("@") if thing else None

    def messages(self) -> list[Message]:
        """What the acting person sees in the channel."""
        return [
            message
            for message in self.discord.realm.messages.values()
            if message.channel is self.channel
            and not message.deleted
            and message.seen_by in (None, self.actor.user)
        ]


@asynccontextmanager
async def staged(settings: "Settings") -> AsyncIterator[Stage]:
    """Set the stage: the double, a database, and the bot between them."""
    settings = await with_database(settings)
    async with DiscordDouble() as discord, Database.open(settings) as db:
        guild = populate(discord)
        with tempfile.TemporaryDirectory(prefix="tuxdb-playground-") as folder:
            chosen = beside(discord, settings, Path(folder))
            async with connected(discord, db, chosen, guild) as stage:
                yield stage


def beside(discord: DiscordDouble, settings: "Settings", folder: Path) -> "Settings":
    """Settings with which the bot gets into the way of no other."""
    if settings.bot_members_intent:
        discord.allow_intents("guild_members")
    return replace(
        settings,
        discord_token=discord.token,
        discord_api_base=discord.api_base,
        bot_flush_seconds=FLUSH_SECONDS,
        bot_health=None,
        bot_spool=folder,
    )


@asynccontextmanager
async def connected(
    discord: DiscordDouble, db: Database, settings: "Settings", guild: Guild
) -> AsyncIterator[Stage]:
    """Have the bot be connected and ready."""
    await give(db, guild)
    bot = TuxdbBot(db, settings, **OPTIONS.client)
    life = Life(bot, OPTIONS, discord.token)
    run = asyncio.create_task(life.run(), name="the bot of the playground")
    try:
        await life.start()
        await _ready(bot, run)
        members = {member.name: member for member in guild.members.values()}
        yield Stage(discord, bot, life, guild, members["alice"], guild.channel)
    finally:
        await life.stop()
        run.cancel()
        await asyncio.wait([run])
        await life.close()


async def with_database(settings: "Settings") -> "Settings":
    """The configured database, or one of the playground's own beside it."""
    if settings.url is not None:
        return settings
    url = await asyncio.to_thread(Cluster(settings.home).ensure, DATABASE)
    await upgrade(url)
    return replace(settings, url=DatabaseUrl.parse(url))


def populate(discord: DiscordDouble) -> Guild:
    """Make the guild, with ids that are the same at every start."""
    with discord.realm.snowflake.early():
        users = {name: discord.realm.user(name, bot=name == ROBOT) for name in PEOPLE}
        discord.realm.owner = users[BOT_OWNER]
        guild = discord.guild("Playground", users[OWNER])
        discord.channel(guild, "random")
        for name, user in users.items():
            if name != OWNER:
                granted = PEOPLE[name][1]
                named = ROLES.get(name)
                roles = (discord.role(guild, named, *granted),) if named else ()
                discord.member(guild, user, *roles)
    return guild


async def give(db: Database, guild: Guild) -> None:
    """Give everybody points to play with, once."""
    for member in guild.members.values():
        if not member.user.bot:
            await db.user.refresh(guild.id, member.id, member.name)
            key = f"playground:{member.id}"
            await db.points.grant(
                guild.id, member.id, GIFT, actor="playground", key=key
            )


async def _ready(bot: TuxdbBot, run: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(START_SECONDS):
        while not bot.is_ready():
            if run.done():
                run.result()
            await asyncio.sleep(0.01)
