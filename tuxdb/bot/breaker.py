"""A breaker before the database: while it is away, commands answer at once.

Five failures in a row open it. For as long as it is open, callers get the last
failure without a try; after five seconds one of them may try, and closes it again if
that succeeds. `watch.py` tries as well, so that it closes without anybody waiting.
"""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tuxdb.errors import DatabaseUnavailable

FAILURES = 5
OPEN_SECONDS = 5.0
AWAY = "the database is not reachable"


class Breaker:
    """Counts the failures of a database; `async with breaker:` around its use."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        open_seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._failed = 0
        self._retry_at: float | None = None
        self.opened = 0
        """How often it has opened."""

    @property
    def is_open(self) -> bool:
        """Whether the database is taken to be away."""
        return self._retry_at is not None

    def admit(self) -> None:
        """Let a caller through; raise DatabaseUnavailable while open.

        Once the time is over, the first one who asks is the probe; the others wait
        for the outcome, or for the next probe if there is none.
        """
        if self._retry_at is None:
            return
        if self._clock() < self._retry_at:
            raise DatabaseUnavailable(AWAY)
        self._retry_at = self._clock() + self._open_seconds

    def failed(self) -> None:
        """Count a DatabaseUnavailable; a probe's opens the breaker for longer."""
        self._failed += 1
        if self._failed >= self._limit:
            self.trip()

    def trip(self) -> None:
        """Open at once, or for longer: the database is known to be away."""
        if self._retry_at is None:
            self.opened += 1
        self._retry_at = self._clock() + self._open_seconds

    def succeeded(self) -> None:
        """Close: the database has answered."""
        self._failed = 0
        self._retry_at = None

    async def __aenter__(self) -> Self:
        self.admit()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.succeeded()
        elif isinstance(error, DatabaseUnavailable):
            self.failed()
