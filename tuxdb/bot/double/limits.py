"""Rate limits, off unless asked for."""

import re
import time
from collections import deque
from dataclasses import dataclass, field


@dataclass
class Limit:
    """So many requests per so many seconds, of those whose line matches."""

    pattern: re.Pattern[str]
    count: int
    seconds: float
    taken: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, line: str) -> dict[str, str]:
        """Count a request; the headers of its answer, remaining -1 being too many."""
        now = time.monotonic()
        bucket = self.taken.setdefault(line, deque())
        while bucket and bucket[0] < now - self.seconds:
            bucket.popleft()
        remaining = self.count - len(bucket) - 1
        if remaining >= 0:
            bucket.append(now)
        after = max(bucket[0] + self.seconds - now, 0.001)
        return {
            "X-RateLimit-Limit": str(self.count),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": f"{abs(hash(self.pattern)):x}",
        }


class Limits:
    """The limits in force."""

    def __init__(self) -> None:
        self._limits: list[Limit] = []

    def add(self, on: str, count: int, seconds: float) -> None:
        """Limit requests by path, as `POST /channels/` 5 per 5 s."""
        self._limits.append(Limit(re.compile(on), count, seconds))

    def take(self, line: str) -> dict[str, str]:
        """Count a request; the headers of its answer."""
        for limit in self._limits:
            if limit.pattern.search(line):
                return limit.take(line)
        return {}
