"""What seeding did, and what stands recorded."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class SeedReport:
    """Rows of one table in one seed, by what became of them.

    `changes` says of each updated row what was there before.
    """

    seed: str
    table: str
    inserted: int
    updated: int
    unchanged: int
    changes: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class SeedStatus:
    """A seed, whether it was applied, and when.

    `state` is applied, changed (the file differs from what was applied), pending, or
    missing (applied from a file that is gone). `due` if `tuxdb seed` would apply it.
    """

    name: str
    state: str
    rows: int | None
    applied_at: datetime | None
    actor: str | None
    source: str | None
    due: bool = False
