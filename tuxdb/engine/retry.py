"""Running a whole unit of work again, when that is known to be safe."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from tuxdb.engine.translate import (
    SERIALIZATION_FAILURES,
    is_lost_connection,
    is_stale_plan,
    sqlstate,
)

T = TypeVar("T")

DRIVER_ERRORS = (
    SQLAlchemyError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 2.0


def changed_nothing(error: BaseException) -> bool:
    """Whether the server itself said that it rolled the unit back."""
    return sqlstate(error) in SERIALIZATION_FAILURES or is_stale_plan(error)


def may_repeat_read(error: BaseException) -> bool:
    """Whether a unit that only reads may run again."""
    return changed_nothing(error) or is_lost_connection(error)


async def retrying(
    unit: Callable[[], Awaitable[T]],
    *,
    safe: Callable[[BaseException], bool] = changed_nothing,
    attempts: int = ATTEMPTS,
) -> T:
    """Run `unit` until it succeeds, at most `attempts` times.

    Pauses double from 20 ms up to 2 s, each with full jitter, so that those who
    collided do not meet again. The last error leaves unchanged.
    """
    for attempt in range(1, attempts):
        try:
            return await unit()
        except DRIVER_ERRORS as error:
            if not safe(error):
                raise
        pause = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
    return await unit()
