"""The life of the bot's process: its start, step by step, and its stop, in order.

Start: database, schema, login, commands, gateway. Stop: refuse new commands, let those
that run come to their end, write the counts, close the gateway, close the pool. A
database or a Discord that is away is waited for; only what cannot get better by
itself ends the process.
"""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tuxdb.bot.client import TuxdbBot, wanted_cogs
from tuxdb.bot.discord_api import find_gateway, hang_up, log_in, pauses, use_api
from tuxdb.bot.expiry import Expiry
from tuxdb.bot.figures import measure
from tuxdb.bot.health import Health
from tuxdb.bot.interaction import LINE_ERRORS
from tuxdb.bot.logs import set_up_logs
from tuxdb.bot.refusals import final
from tuxdb.bot.supervisor import READY, STOPPING, tell
from tuxdb.bot.sync import clear_guild, sync_if_changed
from tuxdb.bot.token import read_token
from tuxdb.bot.watch import Watch
from tuxdb.database import Database
from tuxdb.errors import DatabaseUnavailable, TuxdbError
from tuxdb.migrate import Applied, Note, read_schema_state, upgrade
from tuxdb.migrate.connection import opened

if TYPE_CHECKING:
    from tuxdb.settings import Settings

WAIT_DB_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 2.0
RUNNING_SECONDS = 10.0
COUNTS_SECONDS = 4.0
CLOSING_SECONDS = 1.5
QUIET_SECONDS = 0.2
UNQUIET_SECONDS = 2.0
STOP_SECONDS = 19.5
"""A stop takes no longer than all of these; systemd waits for 20 s."""

LIMITS = {
    "connect_timeout": 4.0,
    "pool_timeout": 10.0,
    "statement_timeout": 10.0,
    "lock_timeout": 8.0,
}
"""A person waits for the answer, so the bot is less patient than the command line."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class BotOptions:
    """What is said on the command line for one run."""

    migrate: bool = False
    wait_db: float = WAIT_DB_SECONDS
    sync_commands: bool = False
    clear_guild: int | None = None
    shard_count: int | None = None
    shard_ids: tuple[int, ...] | None = None
    log_format: str = "text"
    debug: bool = False
    guild_ready_seconds: float = 2.0

    @property
    def client(self) -> dict[str, Any]:
        """What discord.py takes of it."""
        ids = list(self.shard_ids) if self.shard_ids is not None else None
        return {
            "shard_count": self.shard_count,
            "shard_ids": ids,
            "guild_ready_timeout": self.guild_ready_seconds,
        }


async def run_bot(
    settings: "Settings", options: BotOptions, stop: asyncio.Event | None = None
) -> None:
    """Run the bot until `stop` is set; raises TuxdbError for what is final.

    ConfigurationError for a token, an intent or an address that is refused,
    DatabaseUnavailable and SchemaBehind at the start only.
    """
    token = read_token(settings)
    wanted_cogs(settings)
    stop = stop or asyncio.Event()
    logs = set_up_logs(options.log_format, debug=options.debug, secrets=(token,))
    asyncio.get_running_loop().set_exception_handler(_stray)
    try:
        await _until(stop, _live(within_limits(settings), options, token))
    finally:
        logging.getLogger().removeHandler(logs)


def within_limits(settings: "Settings") -> "Settings":
    """The settings, with the bot's own limits where none were chosen."""
    usual: dict[str, Any] = {
        name: value
        for name, value in LIMITS.items()
        if str(settings.origin(name)) == "default" and getattr(settings, name) > value
    }
    return replace(settings, **usual)


async def prepare_database(settings: "Settings", options: BotOptions) -> None:
    """Wait for the database, and see that its schema is that of this version."""
    await _reachable(settings, options.wait_db)
    if options.migrate:
        await upgrade(settings, report=_log_migration)
    async with opened(settings) as connection:
        (await read_schema_state(connection)).require_head()


class Life:
    """One bot between its first connection and its end."""

    def __init__(self, bot: TuxdbBot, options: BotOptions, token: str) -> None:
        self.bot = bot
        self.options = options
        self.token = token
        self.watch = Watch(bot)
        self.health = Health(bot, self.watch)
        self.expiry = Expiry(bot)

    async def start(self) -> None:
        """Begin everything that needs no Discord."""
        measure(self.bot, self.watch)
        self.watch.start()
        if self.bot.settings.bot_health is not None:
            await self.health.start(*self.bot.settings.bot_health)
        self.bot.add_listener(self._ready, "on_ready")

    async def run(self) -> None:
        """Log in, connect and stay connected; ends by cancellation or refusal."""
        use_api(self.bot.settings.discord_api_base)
        await log_in(self.bot, self.token)
        self.bot.counters.start()
        self.expiry.start()
        await self._register_commands()
        for pause in pauses():
            await find_gateway(self.bot)
            error = await self._connection()
            refusal = final(error) if error else None
            if refusal is not None:
                raise refusal from error
            logger.error(
                "the connection ended, next one in %.1f s", pause, exc_info=error
            )
            await asyncio.sleep(pause)
            await self._reopen()

    async def stop(self) -> None:
        """Come to the end in order; nothing that was accepted is dropped."""
        bot = self.bot
        bot.stopping = True
        tell(STOPPING)
        left = await bot.calls.finish(RUNNING_SECONDS)
        if left:
            logger.error("%d commands had not ended", left)
        await self._hear_out()
        parts = (bot.dialogs.stop(), self.expiry.stop(), bot.counters.stop())
        await asyncio.gather(*(_within(COUNTS_SECONDS, part) for part in parts))

    async def close(self) -> None:
        """Close what is open towards Discord, and stop looking."""
        await _within(CLOSING_SECONDS, self.bot.close())
        await _within(CLOSING_SECONDS, self.bot.counters.stop())  # what came meanwhile
        await self.bot.identify.stop()
        await self.health.stop()
        await self.watch.stop()

    async def _connection(self) -> BaseException | None:
        """Connect, and stay connected; returns why it ended.

        discord.py connects again by itself, but for faults that it does not expect.
        """
        task = asyncio.create_task(self.bot.connect(), name="tuxdb gateway")
        try:
            await asyncio.wait((task,))
        finally:
            task.cancel()
        return task.exception()

    async def _ready(self) -> None:
        logger.info("ready: %d servers", len(self.bot.guilds))
        tell(READY)

    async def _register_commands(self) -> None:
        if self.options.clear_guild is not None:
            await clear_guild(self.bot, self.options.clear_guild)
        await sync_if_changed(self.bot, always=self.options.sync_commands)

    async def _reopen(self) -> None:
        """Make a client that has closed fit for another connection."""
        bot = self.bot
        await hang_up(bot)
        bot.clear()
        await bot._async_setup_hook()  # a new queue: the old one says that it closed
        await log_in(bot, self.token)

    async def _hear_out(self) -> None:
        """Count the messages that have arrived, until none comes for a moment."""
        deadline = asyncio.get_running_loop().time() + UNQUIET_SECONDS
        heard = -1
        while heard != self.bot.heard and asyncio.get_running_loop().time() < deadline:
            heard = self.bot.heard
            await asyncio.sleep(QUIET_SECONDS)


async def _live(settings: "Settings", options: BotOptions, token: str) -> None:
    await prepare_database(settings, options)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(
            Database.open(settings, application_name="tuxdb bot")
        )
        life = Life(TuxdbBot(db, settings, **options.client), options, token)
        stack.push_async_callback(life.close)
        await life.start()
        try:
            await life.run()
        finally:
            await life.stop()


async def _reachable(settings: "Settings", patience: float) -> None:
    """Wait until the database takes connections; raises its last refusal."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    for pause in pauses():
        try:
            async with opened(settings):
                return
        except DatabaseUnavailable as error:
            left = deadline - loop.time()
            if left <= 0:
                raise
            logger.warning("waiting for the database, %.0f s at most: %s", left, error)
        await asyncio.sleep(min(pause, LONGEST_PAUSE_SECONDS, left))


async def _until(stop: asyncio.Event, work: Awaitable[None]) -> None:
    """Await the work, or cancel it once a stop is wanted; its error counts."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.create_task(stop.wait(), name="tuxdb stop")
    try:
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Await a step of the stop, but not for ever; the steps after it matter too."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        logger.error("a step of the stop took more than %.0f s", seconds)
    except (TuxdbError, *LINE_ERRORS):
        logger.exception("a step of the stop failed")


def _stray(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log a failure that nobody awaits."""
    error = context.get("exception")
    logger.error("%s", context.get("message", "stray failure"), exc_info=error)


def _log_migration(event: object) -> None:
    if isinstance(event, Note):
        logger.info("%s", event.text)
    elif isinstance(event, Applied):
        logger.info("applied revision %s", event.revision)
