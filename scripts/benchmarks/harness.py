"""Measuring contenders side by side: interleaved, shuffled, paired, checked.

One round runs every contender of a work once, in an order of its own. A ratio is
taken within a round, so that a busy machine slows both sides of it; what is reported
is the median of these ratios. Results are checked outside the timed part.
"""

import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

TUXDB = "tuxdb"
SLOW_ROUNDS = 2
"""Rounds of a contender that takes long; its ratio is far from any goal."""


class WrongResult(Exception):
    """A contender did not do the work it was timed for."""


@dataclass(frozen=True)
class Sample:
    """What one run says of itself, where the clock around it would not be right."""

    seconds: float
    """Per operation."""
    result: object = None
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """The ratio to the limit that tuxdb is to reach, or the seconds it may take."""

    bound: float
    at_least: bool = False
    seconds: bool = False

    def met(self, value: float) -> bool:
        """Whether a ratio, or a number of seconds, reaches it."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        if self.seconds:
            return f"{sign} {self.bound * 1e6:g} µs"
        return f"{sign} {self.bound:g}"


async def nothing() -> None:
    """Do nothing before a run."""


async def anything(_result: object) -> None:
    """Accept every result: `run` has checked it."""


@dataclass(frozen=True)
class Contender:
    """One way to do the work. Only `run` is timed."""

    name: str
    run: Callable[[], Awaitable[object]]
    before: Callable[[], Awaitable[None]] = nothing
    check: Callable[[object], Awaitable[None]] = anything
    operations: int = 1
    slow: bool = False


@dataclass(frozen=True)
class Work:
    """One row of the table: the limit first, tuxdb among the others."""

    title: str
    contenders: Sequence[Contender]
    goal: Goal | None = None
    repeat: int = 1
    """So many rounds for one of another work: short runs need many."""
    inverted: bool = False
    """Whether ratios are of speeds (more is better) instead of durations."""
    notes: Mapping[str, Goal] = field(default_factory=dict)
    """Goals of facts: their ratios to the same fact of another contender."""
    facts_of: str = ""
    """That contender."""

    @property
    def limit(self) -> str:
        """The contender that all ratios refer to."""
        return self.contenders[0].name


@dataclass
class Outcome:
    """What was measured of a work: per contender one number a round."""

    name: str
    work: Work
    seconds: dict[str, list[float]]
    facts: dict[str, dict[str, list[float]]]

    def duration(self, contender: str) -> float:
        """How long an operation takes, in seconds.

        The median; where a duration is the goal, that of the fastest round, as the
        others tell how busy the machine was.
        """
        goal = self.work.goal
        middle = min if goal is not None and goal.seconds else statistics.median
        return middle(self.seconds[contender])

    def ratio(self, contender: str) -> float:
        """The median of the ratios to the limit, each taken within one round."""
        pairs = zip(
            self.seconds[contender], self.seconds[self.work.limit], strict=False
        )
        ratios = [(b / a if self.work.inverted else a / b) for a, b in pairs]
        return statistics.median(ratios)

    def fact_ratio(self, name: str) -> float:
        """The median of tuxdb's fact over the second contender's, paired."""
        base = self.work.contenders[1].name
        pairs = zip(self.facts[TUXDB][name], self.facts[base][name], strict=False)
        return statistics.median([a / b for a, b in pairs])

    def verdicts(self) -> dict[str, bool]:
        """Each goal, and whether it was reached."""
        found: dict[str, bool] = {}
        goal = self.work.goal
        if goal is not None:
            value = self.duration(TUXDB) if goal.seconds else self.ratio(TUXDB)
            found[str(goal)] = goal.met(value)
        for name, bound in self.work.notes.items():
            found[f"{name} {bound}"] = bound.met(self.fact_ratio(name))
        return found


async def measure(
    name: str, work: Work, rounds: int, told: Callable[[str], None]
) -> Outcome:
    """Run every contender `rounds` times, a slow one twice at most."""
    outcome = Outcome(name, work, {}, {})
    rounds *= work.repeat
    for number in range(rounds):
        running = [c for c in work.contenders if number < SLOW_ROUNDS or not c.slow]
        random.shuffle(running)
        for contender in running:
            told(f"{name}: round {number + 1} of {rounds}: {contender.name}")
            sample = await _sampled(contender)
            outcome.seconds.setdefault(contender.name, []).append(sample.seconds)
            facts = outcome.facts.setdefault(contender.name, {})
            for fact, value in sample.facts.items():
                facts.setdefault(fact, []).append(value)
    return outcome


async def _sampled(contender: Contender) -> Sample:
    await contender.before()
    gc.collect()
    start = time.perf_counter()
    result = await contender.run()
    seconds = (time.perf_counter() - start) / contender.operations
    sample = result if isinstance(result, Sample) else Sample(seconds, result)
    await contender.check(sample.result)
    return sample


def expect(found: object, wanted: object, what: str) -> None:
    """Raise WrongResult unless two things are equal."""
    if found != wanted:
        raise WrongResult(f"{what}: {found!r}, expected {wanted!r}")
