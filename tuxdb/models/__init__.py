"""The tables, as SQLModel classes. Importing the package registers all of them."""

from tuxdb.models.base import MAX_POINTS, MAX_SNOWFLAKE, Model
from tuxdb.models.bookkeeping import AppliedMigration, Change, ChangeSet, Meta, Seed
from tuxdb.models.cases import Case
from tuxdb.models.gallery import GalleryMementos
from tuxdb.models.guild_configs import GuildConfig
from tuxdb.models.guilds import Guild
from tuxdb.models.messages import Messages
from tuxdb.models.points import EntryKind, PointsFreeze, PointsTransaction
from tuxdb.models.users import User

__all__ = [
    "MAX_POINTS",
    "MAX_SNOWFLAKE",
    "AppliedMigration",
    "Case",
    "Change",
    "ChangeSet",
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
