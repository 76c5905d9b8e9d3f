"""Discord's ids: the time in milliseconds, and a counter that makes them unique."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

EPOCH_MS = 1_420_070_400_000
TIME_SHIFT = 22
_COUNTER = (1 << TIME_SHIFT) - 1


class Snowflakes:
    """Makes ids; within `ago`, ids of the past."""

    def __init__(self) -> None:
        self._count = 0
        self._ago_seconds = 0.0
        self._early: count[int] | None = None

    def __call__(self) -> int:
        """Make one."""
        if self._early is not None:
            return next(self._early) << TIME_SHIFT
        self._count += 1
        passed = (time.time() - self._ago_seconds) * 1000 - EPOCH_MS
        return (int(passed) << TIME_SHIFT) | (self._count & _COUNTER)

    @contextmanager
    def early(self) -> Iterator[None]:
        """Have what is made meanwhile have ids of Discord's first second.

        They are the same every time, and nobody's: nobody was there then.
        """
        self._early = count(1)
        try:
            yield
        finally:
            self._early = None

    @contextmanager
    def ago(self, seconds: float) -> Iterator[None]:
        """Have what is made meanwhile be as old as that."""
        before, self._ago_seconds = self._ago_seconds, seconds
        try:
            yield
        finally:
            self._ago_seconds = before


def shard_of(guild_id: int, count: int) -> int:
    """The shard on which a guild is; direct messages are on the first."""
    return (guild_id >> TIME_SHIFT) % count
