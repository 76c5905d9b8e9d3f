"""Seeding: fake data from a random seed, and sets of rows from files.

`fake(db, guilds=…)` and `apply(db, names)` are loaded on first use: the process that
makes rows must not wait for SQLAlchemy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuxdb.seed.application import apply, status
    from tuxdb.seed.library import Library, SeedInfo
    from tuxdb.seed.load import FakeReport, fake
    from tuxdb.seed.plan import LIMITS
    from tuxdb.seed.report import SeedReport, SeedStatus

__all__ = [
    "LIMITS",
    "FakeReport",
    "Library",
    "SeedInfo",
    "SeedReport",
    "SeedStatus",
    "apply",
    "fake",
    "status",
]

_HOMES = {
    "application": ("apply", "status"),
    "library": ("Library", "SeedInfo"),
    "load": ("FakeReport", "fake"),
    "plan": ("LIMITS",),
    "report": ("SeedReport", "SeedStatus"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - modules are like that
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
