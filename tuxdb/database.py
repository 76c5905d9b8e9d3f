"""Database: the assembled whole, one controller for each noun.

What only few commands need is imported when it is first used.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from tuxdb.controllers import (
    CaseController,
    GalleryController,
    GuildConfigController,
    GuildController,
    MessageController,
    PointsController,
    UserController,
)
from tuxdb.engine.service import DatabaseService

if TYPE_CHECKING:
    from tuxdb.controllers.changes import ChangesController
    from tuxdb.controllers.guard import GuardController


class Database(DatabaseService):
    """A DatabaseService with its controllers: `db.user` and others."""

    @cached_property
    def user(self) -> UserController:
        """Members of guilds."""
        return UserController(self)

    @cached_property
    def guild(self) -> GuildController:
        """Guilds."""
        return GuildController(self)

    @cached_property
    def guild_config(self) -> GuildConfigController:
        """Configuration of guilds, cached."""
        return GuildConfigController(self)

    @cached_property
    def case(self) -> CaseController:
        """Moderation cases."""
        return CaseController(self)

    @cached_property
    def points(self) -> PointsController:
        """The ledger."""
        return PointsController(self)

    @cached_property
    def gallery(self) -> GalleryController:
        """Gallery channels."""
        return GalleryController(self)

    @cached_property
    def messages(self) -> MessageController:
        """Stored messages."""
        return MessageController(self)

    @cached_property
    def changes(self) -> "ChangesController":
        """Bulk updates and change sets."""
        from tuxdb.controllers.changes import ChangesController  # noqa: PLC0415

        return ChangesController(self)

    @cached_property
    def guard(self) -> "GuardController":
        """The production marker."""
        from tuxdb.controllers.guard import GuardController  # noqa: PLC0415

        return GuardController(self)
