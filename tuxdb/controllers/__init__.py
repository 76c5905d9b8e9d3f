"""Use cases, one controller for each noun; each is imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuxdb.controllers.base import BaseController
    from tuxdb.controllers.cases import CaseController
    from tuxdb.controllers.changes import ChangesController
    from tuxdb.controllers.gallery import GalleryController
    from tuxdb.controllers.guard import GuardController
    from tuxdb.controllers.guild_configs import GuildConfigController
    from tuxdb.controllers.guilds import GuildController
    from tuxdb.controllers.messages import MessageController
    from tuxdb.controllers.payouts import PayoutController
    from tuxdb.controllers.points import PointsController
    from tuxdb.controllers.removals import RemovalController
    from tuxdb.controllers.users import UserController

MODULES = {
    "BaseController": "base",
    "CaseController": "cases",
    "ChangesController": "changes",
    "GalleryController": "gallery",
    "GuardController": "guard",
    "GuildConfigController": "guild_configs",
    "GuildController": "guilds",
    "MessageController": "messages",
    "PayoutController": "payouts",
    "PointsController": "points",
    "RemovalController": "removals",
    "UserController": "users",
}

__all__ = [
    "BaseController",
    "CaseController",
    "ChangesController",
    "GalleryController",
    "GuardController",
    "GuildConfigController",
    "GuildController",
    "MessageController",
    "PayoutController",
    "PointsController",
    "RemovalController",
    "UserController",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class, declared above
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
