"""Where Discord is, and getting in touch with it: the part that discord.py leaves out.

discord.py ends at an HTTP 503, or a broken line, during the login. Here every attempt
that may succeed later is repeated, with pauses that double up to a minute; what
Discord refuses for good is raised.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tuxdb.bot.refusals import final
from tuxdb.config_files import LOOPBACK
from tuxdb.errors import ConfigurationError, ExitCode, TuxdbError

if TYPE_CHECKING:
    from tuxdb.bot.client import TuxdbBot

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
ANSWER_SECONDS = 30.0
RAISED = (
    discord.LoginFailure,
    discord.HTTPException,
    discord.GatewayNotFound,
    aiohttp.ClientError,
    OSError,  # TimeoutError is one
)
"""What an attempt raises; most of it may be otherwise at the next one."""

logger = logging.getLogger(__name__)


def use_api(base: str | None) -> None:
    """Have discord.py talk to this address, for the whole process."""
    if base is not None:
        Route.BASE = base


def use_gateway(address: str) -> None:
    """Have shards connect to this address; it is refused if others could listen."""
    url = yarl.URL(address)
    if url.scheme != "wss" and not (url.scheme == "ws" and url.host in LOOPBACK):
        raise ConfigurationError(
            f"the gateway {url.scheme}://{url.host} is not encrypted; "
            "the token is not sent there"
        )
    DiscordWebSocket.DEFAULT_GATEWAY = url


async def log_in(bot: "TuxdbBot", token: str) -> None:
    """Log in over HTTP, however long it takes; raises what is final."""

    async def attempt() -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(hang_up, bot)
            await bot.login(token)
            stack.pop_all()

    await persistently("log in", attempt)


async def find_gateway(bot: "TuxdbBot") -> None:
    """Ask for the gateway and for how many shards to open; wait if none may be."""
    shards, address, limits = await persistently(
        "find the gateway", bot.http.get_bot_gateway
    )
    use_gateway(address)
    bot.shard_count = bot.shard_count or shards
    bot.identify.concurrency = max(1, int(limits.get("max_concurrency", 1)))
    if limits.get("remaining", 1) <= 0:
        seconds = limits.get("reset_after", 0) / 1000
        logger.warning("no sessions left today; connecting in %.0f s", seconds)
        await asyncio.sleep(seconds)


async def hang_up(bot: "TuxdbBot") -> None:
    """Close the HTTP session, so that the next login makes a new one."""
    await bot.http.close()
    bot.http.clear()
    bot.http.connector = discord.utils.MISSING


async def persistently(what: str, attempt: Callable[[], Awaitable[T]]) -> T:
    """Repeat an attempt until it succeeds, or is refused for good."""
    for pause in pauses():
        try:
            return await attempt()
        except (*RAISED, ConfigurationError) as error:
            refusal = _refusal(error)
            if refusal is not None:
                raise refusal from error
            logger.warning(
                "cannot %s (%s), next attempt in %.1f s", what, brief(error), pause
            )
        await asyncio.sleep(pause)
    raise AssertionError("pauses do not end")


def pauses() -> Iterator[float]:
    """1, 2, 4 … 60 seconds, each shortened at random so that bots do not meet."""
    seconds = FIRST_PAUSE_SECONDS
    while True:
        yield seconds * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load
        seconds = min(seconds * 2, LONGEST_PAUSE_SECONDS)


def brief(error: BaseException) -> str:
    """An error of HTTP in a few words; bodies of answers are left out."""
    if isinstance(error, discord.HTTPException):
        return f"HTTP {error.status}"
    if isinstance(error, discord.GatewayNotFound) and error.__cause__ is not None:
        return brief(error.__cause__)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


async def once(attempt: Awaitable[T]) -> T:
    """Await one attempt; what fails is a TuxdbError that says how."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await attempt
    except (*RAISED, ConfigurationError) as error:
        raise _refusal(error) or DiscordUnreachable(brief(error)) from error


def _refusal(error: BaseException) -> TuxdbError | None:
    """What is final about it; what GatewayNotFound leaves out is what HTTP said."""
    return final(error) or final(error.__cause__ or error)


class DiscordUnreachable(TuxdbError):
    """Discord does not answer, or not as it should."""

    exit_code = ExitCode.UNREACHABLE

    def __init__(self, why: str) -> None:
        super().__init__(f"cannot reach Discord: {why}")
