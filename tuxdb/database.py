"""Database: the assembled whole, one controller for each noun."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tuxdb.engine.service import DatabaseService

if TYPE_CHECKING:
    from tuxdb.controllers.activity import ActivityController
    from tuxdb.controllers.cases import CaseController
    from tuxdb.controllers.changes import ChangesController
    from tuxdb.controllers.commands import CommandController
    from tuxdb.controllers.edits import EditController
    from tuxdb.controllers.gallery import GalleryController
    from tuxdb.controllers.guard import GuardController
    from tuxdb.controllers.guild_configs import GuildConfigController
    from tuxdb.controllers.guilds import GuildController
    from tuxdb.controllers.leaving import LeavingController
    from tuxdb.controllers.messages import MessageController
    from tuxdb.controllers.payouts import PayoutController
    from tuxdb.controllers.people import PeopleController
    from tuxdb.controllers.points import PointsController
    from tuxdb.controllers.removals import RemovalController
    from tuxdb.controllers.seeding import SeedController
    from tuxdb.controllers.users import UserController

CONTROLLERS = {
    "user": ("users", "UserController"),
    "guild": ("guilds", "GuildController"),
    "guild_config": ("guild_configs", "GuildConfigController"),
    "case": ("cases", "CaseController"),
    "points": ("points", "PointsController"),
    "gallery": ("gallery", "GalleryController"),
    "messages": ("messages", "MessageController"),
    "activity": ("activity", "ActivityController"),
    "commands": ("commands", "CommandController"),
    "changes": ("changes", "ChangesController"),
    "people": ("people", "PeopleController"),
    "edits": ("edits", "EditController"),
    "removals": ("removals", "RemovalController"),
    "leaving": ("leaving", "LeavingController"),
    "payouts": ("payouts", "PayoutController"),
    "seeds": ("seeding", "SeedController"),
    "guard": ("guard", "GuardController"),
}
"""Attribute, module and class; each is imported and made when it is first used."""


class Database(DatabaseService):
    """A DatabaseService with its controllers: `db.user` and others."""

    if TYPE_CHECKING:
        user: UserController
        guild: GuildController
        guild_config: GuildConfigController
        case: CaseController
        points: PointsController
        gallery: GalleryController
        messages: MessageController
        activity: ActivityController
        commands: CommandController
        changes: ChangesController
        people: PeopleController
        edits: EditController
        removals: RemovalController
        leaving: LeavingController
        seeds: SeedController
        payouts: PayoutController
        guard: GuardController

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - declared above
        """Make a controller, once."""
        if name not in CONTROLLERS:
            raise AttributeError(f"Database has no attribute {name!r}")
        module, kind = CONTROLLERS[name]
        controller = getattr(import_module(f"tuxdb.controllers.{module}"), kind)(self)
        self.__dict__[name] = controller
        return controller

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *CONTROLLERS]
