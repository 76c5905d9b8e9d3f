"""The parameters of fake data, and the random numbers that follow from them."""

import hashlib
import sys
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from tuxdb.errors import InvalidValue

VERSION = 1
"""Raised when the same parameters come to mean other bytes."""

BLOCK = 16_384
"""Rows drawn for, and sent, at a time."""

LIMITS = {
    "guilds": (1, 100_000),
    "users": (1, 10_000_000),
    "messages": (0, 1_000_000_000),
    "transfers": (0, 100_000_000),
    "cases": (0, 10_000_000),
    "random_seed": (0, 2**63 - 1),
}


@dataclass(frozen=True)
class FakePlan:
    """How much fake data to make; `random_seed` decides all that is left open."""

    guilds: int = 5
    users: int = 1000
    messages: int = 0
    transfers: int = 0
    cases: int = 0
    random_seed: int = 1

    def __post_init__(self) -> None:
        for name, (lowest, highest) in LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, int) or not lowest <= value <= highest:
                raise InvalidValue(
                    name, f"must be a whole number from {lowest} to {highest}"
                )
        if self.transfers and self.users <= self.guilds:
            raise InvalidValue("transfers", "need more users than guilds")

    @property
    def name(self) -> str:
        """The command that makes this data: its name among the seeds applied."""
        options = (
            f"--{name.replace('_', '-')} {value}"
            for name, value in asdict(self).items()
            if value or name == "random_seed"
        )
        return " ".join(("fake", *options))

    @property
    def digest(self) -> str:
        """What the data is made from, hashed; equal digests mean equal bytes."""
        text = f"tuxdb fake {VERSION} {asdict(self)}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def rows(self) -> dict[str, int]:
        """Rows per table, in the order of loading."""
        return {
            "guilds": self.guilds,
            "guild_configs": self.guilds,
            "points_transactions": self.users + self.transfers,
            "messages": self.messages,
            "users": self.users,
            "cases": self.cases,
        }

    def draws(
        self, label: str, count: int, each: int, bits: Literal[32, 64] = 64
    ) -> Iterator[list["array[int]"]]:
        """Random numbers for `count` rows, as `each` columns, in blocks.

        They come from SHAKE-128 of the digest, so that they are the same on every
        Python, machine and process, and one kind of row does not shift another.
        """
        digest = self.digest
        for number, start in enumerate(range(0, count, BLOCK)):
            rows = min(BLOCK, count - start)
            seed = f"{digest} {label} {number}".encode()
            drawn = hashlib.shake_128(seed).digest(bits // 8 * each * rows)
            words = array("Q" if bits == 64 else "I", drawn)  # noqa: PLR2004
            if sys.byteorder == "big":
                words.byteswap()
            yield [words[column * rows : (column + 1) * rows] for column in range(each)]
