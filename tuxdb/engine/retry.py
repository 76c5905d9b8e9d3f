"""Running a whole unit of work again, when that is known to be safe."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tuxdb.engine.translate import (
    RAISED,
    SERIALIZATION_FAILURES,
    is_lost_connection,
    is_stale_plan,
    sqlstate,
)
from tuxdb.errors import DatabaseOperationError, OutcomeUnknown

T = TypeVar("T")

DRIVER_ERRORS = (*RAISED, OSError)
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 2.0


def changed_nothing(error: BaseException) -> bool:
    """Whether the server itself said that it rolled the unit back."""
    return sqlstate(error) in SERIALIZATION_FAILURES or is_stale_plan(error)


def came_to_nothing(error: BaseException) -> bool:
    """Whether a unit left no trace that only reads, or did not get to its commit."""
    return changed_nothing(error) or is_lost_connection(error)


async def retrying(
    unit: Callable[[], Awaitable[T]],
    *,
    safe: Callable[[BaseException], bool] = changed_nothing,
    attempts: int = ATTEMPTS,
) -> T:
    """Run `unit` until it succeeds, at most `attempts` times.

    Pauses double from 20 ms up to 2 s, each with full jitter, so that those who
    collided do not meet again. The last error leaves unchanged. A unit whose outcome
    is unknown is never repeated.
    """
    for attempt in range(1, attempts):
        try:
            return await unit()
        except OutcomeUnknown:
            raise
        except (*DRIVER_ERRORS, DatabaseOperationError) as error:
            cause = _untranslated(error)
            if cause is None or not safe(cause):
                raise
        pause = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
    return await unit()


def _untranslated(error: BaseException) -> BaseException | None:
    """The driver's error, also where a block within the unit has translated it.

    None for a server that could not be reached: that takes longer than the pauses.
    """
    if not isinstance(error, DatabaseOperationError):
        return error
    cause = error.__cause__
    return cause if isinstance(cause, RAISED) else None
