"""TuxdbBot: discord.py's client with tuxdb's database, and the tree of its commands.

Nothing here uses the network or the database until `life.run_bot` logs it in.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
from discord.app_commands import AppCommandContext, AppInstallationType
from discord.ext import commands

from tuxdb.bot.breaker import Breaker
from tuxdb.bot.calls import Calls
from tuxdb.bot.catalogue import Catalogue, Translator
from tuxdb.bot.cooldowns import Cooldowns
from tuxdb.bot.counters import Counters
from tuxdb.bot.identify import Identify
from tuxdb.bot.metrics import Metrics
from tuxdb.bot.places import spool_folder
from tuxdb.bot.rules import Rules
from tuxdb.bot.tree import Tree
from tuxdb.bot.views.dialogs import Dialogs
from tuxdb.errors import ConfigurationError

if TYPE_CHECKING:
    from tuxdb.database import Database
    from tuxdb.models.guild_settings import BotRules
    from tuxdb.settings import Settings

COGS = {
    "activity": "tuxdb.bot.cogs.activity",
    "points": "tuxdb.bot.cogs.points",
    "points-admin": "tuxdb.bot.cogs.points_admin",
    "cases": "tuxdb.bot.cogs.cases",
    "moderation": "tuxdb.bot.cogs.moderation",
    "config": "tuxdb.bot.cogs.config",
    "gallery": "tuxdb.bot.cogs.gallery",
    "stats": "tuxdb.bot.cogs.stats",
    "privacy": "tuxdb.bot.cogs.privacy",
    "status": "tuxdb.bot.cogs.status",
}
"""The parts of the bot: the name that `--cogs` takes, and the module with `setup`."""

discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
# the bot never speaks, so nobody needs to hear that it could not

CALLBACK = "/callback"
SHARD_EVENTS = ("shard_connect", "shard_disconnect", "shard_resumed")


class TuxdbBot(commands.AutoShardedBot):
    """The bot. `db` is what cogs work with; they open no session."""

    def __init__(self, db: "Database", settings: "Settings", **options: Any) -> None:  # noqa: ANN401
        """Prepare; `options` go to discord.py, such as `shard_count`."""
        self.db = db
        self.settings = settings
        self.metrics = Metrics()
        self.breaker = Breaker()
        self.calls = Calls(self.metrics)
        self.catalogue = Catalogue()
        self.cooldowns = Cooldowns(enabled=settings.bot_cooldowns)
        self.counters = Counters(db, spool_folder(settings), settings.bot_flush_seconds)
        self.owners = frozenset(settings.owner_ids)
        self.identify = Identify(db)
        self.stopping = False
        self.heard = 0
        """How many messages have come in; nothing of them is kept."""
        self.dialogs = Dialogs(self)
        self._rules = Rules(db)
        super().__init__(
            commands.when_mentioned,  # never read, see on_message
            help_command=None,
            tree_cls=Tree,
            intents=intents_of(settings),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=AppCommandContext(guild=True),
            allowed_installs=AppInstallationType(guild=True),
            http_trace=self._trace(),
            **options,
        )
        self.get_db_session: Callable[[], AbstractAsyncContextManager[Any]] = db.session

    async def setup_hook(self) -> None:
        """Load what the commands are made of; no network, no database."""
        if self.application is not None:
            self.owners |= owners_of(self.application)
        for name in wanted_cogs(self.settings):
            await self.load_extension(COGS[name])
        self.dialogs.install()
        await self.tree.set_translator(Translator(self.catalogue))

    async def rules(self, guild_id: int) -> "BotRules":
        """A guild's rules for the bot, soon: without the database, the last known."""
        return await self._rules.of(guild_id)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Keep account of what comes in, before anything else happens to it."""
        if event_name == "interaction":
            self.calls.arrived(args[0].id)
        elif event_name == "message":
            self.heard += 1
        elif event_name in SHARD_EVENTS:
            self.metrics.gateway(event_name.removeprefix("shard_"), args[0])
        super().dispatch(event_name, *args, **kwargs)

    async def on_message(self, message: discord.Message, /) -> None:
        """Do nothing: there are no commands in messages; cogs listen by themselves."""

    async def before_identify_hook(
        self,
        shard_id: int | None,
        *,
        initial: bool = False,  # noqa: ARG002 - discord.py's name
    ) -> None:
        """Wait for this shard's turn among those of all processes."""
        await self.identify.turn(shard_id or 0)

    def _trace(self) -> aiohttp.TraceConfig:
        """Hear of every answer of Discord's API, whoever asked."""

        async def ended(
            _session: aiohttp.ClientSession,
            _context: object,
            params: aiohttp.TraceRequestEndParams,
        ) -> None:
            status, path = params.response.status, params.url.path
            self.metrics.responded(status)
            if path.endswith(CALLBACK) and status < 300:  # noqa: PLR2004 - 2xx
                self.calls.answered(int(path.split("/")[-3]))

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(ended)
        return trace


def intents_of(settings: "Settings") -> discord.Intents:
    """What the gateway is asked to send; nothing privileged unless configured."""
    return discord.Intents(
        guilds=True,
        guild_messages=settings.bot_message_count,
        members=settings.bot_members_intent,
    )


def wanted_cogs(settings: "Settings") -> list[str]:
    """The parts to load; ConfigurationError for one that is not there."""
    if settings.bot_cogs is None:
        return list(COGS)
    unknown = [name for name in settings.bot_cogs if name not in COGS]
    if unknown:
        raise ConfigurationError(
            f"the bot has no part {unknown[0]!r}", hint=f"there are {', '.join(COGS)}"
        )
    return list(settings.bot_cogs)


def owners_of(application: discord.AppInfo) -> frozenset[int]:
    """Who owns the application: its owner, or those who are in its team."""
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    accepted = discord.TeamMembershipState.accepted
    return frozenset(m.id for m in team.members if m.membership_state is accepted)
