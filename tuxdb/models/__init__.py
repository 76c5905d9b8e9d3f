"""The tables, as SQLModel classes.

Importing the package registers the tables of the bot; tuxdb's own bookkeeping, which
few commands need, is imported when one of its classes is asked for.
"""

from typing import TYPE_CHECKING, Any

from tuxdb.models.base import MAX_POINTS, MAX_SNOWFLAKE, Model
from tuxdb.models.cases import Case
from tuxdb.models.gallery import GalleryMementos
from tuxdb.models.guild_configs import GuildConfig
from tuxdb.models.guilds import Guild
from tuxdb.models.messages import Messages
from tuxdb.models.points import EntryKind, PointsFreeze, PointsTransaction
from tuxdb.models.users import User

if TYPE_CHECKING:
    from tuxdb.models.bookkeeping import (
        AppliedMigration,
        Change,
        ChangeSet,
        CommandSync,
        CounterFlush,
        Meta,
        Seed,
    )

BOOKKEEPING = (
    "AppliedMigration",
    "Change",
    "ChangeSet",
    "CommandSync",
    "CounterFlush",
    "Meta",
    "Seed",
)

__all__ = [
    "MAX_POINTS",
    "MAX_SNOWFLAKE",
    "AppliedMigration",
    "Case",
    "Change",
    "ChangeSet",
    "CommandSync",
    "CounterFlush",
    "EntryKind",
    "GalleryMementos",
    "Guild",
    "GuildConfig",
    "Messages",
    "Meta",
    "Model",
    "PointsFreeze",
    "PointsTransaction",
    "Seed",
    "User",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class, declared above
    if name not in BOOKKEEPING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tuxdb.models import bookkeeping  # noqa: PLC0415 - see above

    return getattr(bookkeeping, name)
