"""Members who write, and what becomes of it: for tests of the bot's counters."""

import asyncio
import os
import random
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuxdb.bot.counters import Counters
from tuxdb.controllers.activity import ActivityCount
from tuxdb.database import Database

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOON = 0.02
LONG = 3600.0


def there(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(entry.name for entry in os.scandir(folder))


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens by itself."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - no event of ours
            await asyncio.sleep(0.005)


async def begin(counters: Counters) -> None:
    """Have two messages written, so that all that comes now and then is over."""
    counters.start()
    for flushed in (1, 2):
        counters.add(1, 1, "user1", NOON)
        await until(lambda: counters.flushed == flushed)  # noqa: B023 - waited for here


def chatter(counters: Counters, how_many: int, *, seed: int = 1) -> None:
    """Have 40 members of 4 guilds write so many messages."""
    dice = random.Random(seed)
    for number in range(how_many):
        guild, user = dice.randint(1, 4), dice.randint(1, 10)
        when = NOON + timedelta(seconds=number)
        counters.add(guild, user, f"user{user}", when)


async def total(db: Database) -> int:
    """All messages that the database knows of."""
    return sum(user.message_count for user in await db.user.find_all())


def count(user: int, messages: int = 1, guild: int = 1) -> ActivityCount:
    return ActivityCount(guild, user, f"user{user}", messages, NOON)
