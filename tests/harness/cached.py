"""Around a cache: a clock, a feed and a source that do what a test says."""

import asyncio
import math
from collections.abc import Callable

from tuxdb.engine.cache import Cache

TTL = 300.0


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Feed:
    """A feed of changes whose connection the test makes and loses."""

    def __init__(self) -> None:
        self.listening_until = -math.inf
        self.starts = 0
        self.on_change: Callable[[str, str], None]
        self.on_loss: Callable[[], None]

    async def start(self) -> None:
        self.starts += 1

    async def stop(self) -> None:
        self.lose()

    def subscribe(
        self, on_change: Callable[[str, str], None], on_loss: Callable[[], None]
    ) -> None:
        self.on_change, self.on_loss = on_change, on_loss

    def connect(self) -> None:
        self.listening_until = math.inf

    def lose(self) -> None:
        self.listening_until = -math.inf
        self.on_loss()


class Source:
    """Where values are loaded from; loads are counted and can be held up."""

    def __init__(self) -> None:
        self.values: dict[int, list[int] | None] = {}
        self.loads: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, key: int) -> list[int] | None:
        self.loads.append(key)
        value = self.values.get(key)
        await self.gate.wait()
        return value


class Reader:
    """A cache before a source, read by key."""

    def __init__(self, **options: float) -> None:
        self.clock = Clock()
        self.source = Source()
        self.cache: Cache[int, list[int]] = Cache(
            list.copy,
            ttl_seconds=options.get("ttl_seconds", TTL),
            max_entries=int(options.get("max_entries", 1000)),
            clock=self.clock,
        )

    async def __call__(self, key: int) -> list[int] | None:
        return await self.cache.get(key, lambda: self.source.read(key))

    def begin(self, key: int) -> "asyncio.Task[list[int] | None]":
        return asyncio.create_task(self(key))


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)
