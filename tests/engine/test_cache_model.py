"""Any order of reads, writes, reports and losses, compared with a model."""

import asyncio
import math

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.harness.cached import Clock, Feed, settle
from tuxdb.engine.cache import JOIN_SECONDS, Cache, ChangeFeed

KEYS = strategies.integers(1, 2)


class History:
    """Every version a key ever had, and since when."""

    def __init__(self) -> None:
        self._since = [-math.inf]
        self.floor = 0

    @property
    def version(self) -> int:
        return len(self._since) - 1

    def write(self, now: float) -> int:
        self._since.append(now)
        return self.version

    def at(self, moment: float) -> int:
        return max(v for v, since in enumerate(self._since) if since <= moment)


class CacheAgainstModel(RuleBasedStateMachine):
    """Reads, writes here and elsewhere, reports, losses, in any order.

    A read may return any version between the newest whose invalidation had come in
    when it was called (or that was current a TTL before) and the current one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.feed = Feed()
        self.cache: Cache[int, int] = Cache(int, ttl_seconds=10.0, clock=self.clock)
        feed: ChangeFeed = self.feed
        self.cache.follow(feed, "things", int)
        self.truth = {key: History() for key in (1, 2)}
        self.reports: list[tuple[int, int]] = []
        self.gates: list[asyncio.Event] = []
        self.reads: list[tuple[asyncio.Task[int | None], int, int]] = []

    def turn(self) -> None:
        self.loop.run_until_complete(settle())
        for read in [read for read in self.reads if read[0].done()]:
            self.reads.remove(read)
            task, key, least = read
            value = task.result()
            assert value is not None
            assert least <= value <= self.truth[key].version

    def least(self, key: int) -> int:
        history, now = self.truth[key], self.clock.now
        heard = now < self.feed.listening_until
        oldest = now - (10.0 if heard else JOIN_SECONDS)
        return max(history.floor, history.at(oldest))

    def begin(self, key: int, gate: asyncio.Event) -> None:
        async def load() -> int:
            version = self.truth[key].version
            await gate.wait()
            return version

        task = self.loop.create_task(self.cache.get(key, load))
        self.reads.append((task, key, self.least(key)))
        self.turn()

    @initialize(connected=strategies.booleans())
    def begin_with_or_without_a_feed(self, connected: bool) -> None:
        if connected:
            self.feed.connect()

    @rule(key=KEYS)
    def read(self, key: int) -> None:
        gate = asyncio.Event()
        gate.set()
        self.begin(key, gate)

    @rule(key=KEYS)
    def read_slowly(self, key: int) -> None:
        self.gates.append(asyncio.Event())
        self.begin(key, self.gates[-1])

    @precondition(lambda self: self.gates)
    @rule(data=strategies.data())
    def finish_a_load(self, data: strategies.DataObject) -> None:
        place = data.draw(strategies.integers(0, len(self.gates) - 1))
        self.gates.pop(place).set()
        self.turn()

    @precondition(lambda self: self.reads)
    @rule(data=strategies.data())
    def give_up(self, data: strategies.DataObject) -> None:
        place = data.draw(strategies.integers(0, len(self.reads) - 1))
        task = self.reads.pop(place)[0]
        task.cancel()
        self.turn()
        assert task.cancelled()

    @rule(key=KEYS)
    def write_here(self, key: int) -> None:
        self.truth[key].floor = self.truth[key].write(self.clock.now)
        self.cache.invalidate(key)

    @rule(key=KEYS)
    def write_elsewhere(self, key: int) -> None:
        version = self.truth[key].write(self.clock.now)
        if self.feed.listening_until == math.inf:
            self.reports.append((key, version))

    @precondition(lambda self: self.reports)
    @rule()
    def hear_of_a_write(self) -> None:
        key, version = self.reports.pop(0)
        self.feed.on_change("things", str(key))
        self.truth[key].floor = max(self.truth[key].floor, version)

    @precondition(lambda self: self.feed.listening_until == math.inf)
    @rule()
    def lose_the_feed(self) -> None:
        self.reports.clear()
        self.feed.lose()
        for history in self.truth.values():
            history.floor = history.version

    @precondition(lambda self: self.feed.listening_until == -math.inf)
    @rule()
    def connect_the_feed(self) -> None:
        self.feed.connect()
        for history in self.truth.values():
            joinable = history.at(self.clock.now - JOIN_SECONDS)
            history.floor = max(history.floor, joinable)

    @rule(seconds=strategies.sampled_from([0.4, 3.0, 11.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def teardown(self) -> None:
        for gate in self.gates:
            gate.set()
        self.turn()
        assert not self.reads
        assert not asyncio.all_tasks(self.loop)
        self.loop.close()


TestCacheAgainstModel = CacheAgainstModel.TestCase
TestCacheAgainstModel.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None
)
