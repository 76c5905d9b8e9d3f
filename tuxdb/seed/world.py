"""Who is there in the fake data: guilds, their channels, their members."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain

from tuxdb.seed.plan import BLOCK, FakePlan

DISCORD_EPOCH_MS = 1_420_070_400_000
"""2015-01-01, from which a snowflake counts; its time is `id >> 22` later."""

LOW_BITS = 22
CHANNELS = 4


@dataclass(frozen=True)
class Period:
    """A stretch of time, in milliseconds since 1970, in which one kind of row falls.

    First guilds, then users, then what users do: every row is younger than those
    which it refers to, and ids in the order of rows are in the order of time.
    """

    start: int
    end: int

    def slot(self, rows: int) -> int:
        """Milliseconds per row, so that each row is somewhere in its own slot."""
        return max(1, (self.end - self.start) // max(1, rows))


GUILDS = Period(1_577_836_800_000, 1_609_459_200_000)  # 2020
USERS = Period(1_609_459_200_000, 1_704_067_200_000)  # 2021 to 2023
ACTIONS = Period(1_704_067_200_000, 1_767_225_600_000)  # 2024 and 2025


def skewed(count: int, word: int) -> int:
    """Pick a number below `count`, low ones more often: the product of two draws."""
    return (count * (word >> 32) * (word & 0xFFFFFFFF)) >> 64


def snowflakes(
    plan: FakePlan, label: str, period: Period, count: int
) -> Iterator["array[int]"]:
    """Ids in time order, in blocks, spread evenly over a period."""
    slot = period.slot(count)
    base = period.start - DISCORD_EPOCH_MS
    for block, (drawn,) in enumerate(plan.draws(label, count, 1)):
        first = base + block * BLOCK * slot
        yield array(
            "q",
            [
                ((first + n * slot + word % slot) << LOW_BITS) | (word >> 42)
                for n, word in enumerate(drawn)
            ],
        )


def guild_ids(plan: FakePlan) -> list[int]:
    """The Discord ids of the guilds, the largest guild first."""
    return [*chain.from_iterable(snowflakes(plan, "guild", GUILDS, plan.guilds))]


def created(discord_id: int) -> int:
    """Milliseconds since 1970 of a snowflake."""
    return (discord_id >> LOW_BITS) + DISCORD_EPOCH_MS


class World:
    """The members and their state, which later rows read and change.

    One number per member and fact, in arrays: a million members take 40 MB.
    """

    def __init__(self, plan: FakePlan) -> None:
        self.plan = plan
        self.guilds = array("q", guild_ids(plan))
        self.discord_ids = _joined(snowflakes(plan, "user", USERS, plan.users))
        self.channels = array(
            "q", [id_ + n + 1 for id_ in self.guilds for n in range(CHANNELS)]
        )
        self.guild_of = _memberships(plan)
        self.points = _opening_balances(plan)
        self.message_count = array("q", bytes(8 * plan.users))
        self.last_message = array("q", bytes(8 * plan.users))

    def members(self) -> list["array[int]"]:
        """The positions of each guild's members."""
        found = [array("I") for _ in self.guilds]
        for position, guild in enumerate(self.guild_of):
            found[guild].append(position)
        return found


def _joined(blocks: Iterator["array[int]"]) -> "array[int]":
    whole = array("q")
    for block in blocks:
        whole.extend(block)
    return whole


def _memberships(plan: FakePlan) -> "array[int]":
    """The guild of each user: one user each, a second for the first, then by Zipf.

    The k-th guild draws 1/k of what the first one draws.
    """
    shares = list(accumulate(10**9 // rank for rank in range(1, plan.guilds + 1)))
    total = shares[-1]
    fixed = [*range(plan.guilds), 0][: plan.users]
    guild_of = array("I", fixed)
    for (drawn,) in plan.draws("membership", plan.users - len(fixed), 1):
        guild_of.extend([bisect_right(shares, word % total) for word in drawn])
    return guild_of


def _opening_balances(plan: FakePlan) -> "array[int]":
    """From 1 to 10,000, most of them small."""
    points = array("q")
    for (drawn,) in plan.draws("points", plan.users, 1):
        points.extend([1 + skewed(10_000, word) for word in drawn])
    return points
