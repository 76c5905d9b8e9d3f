"""Use cases, one controller for each noun."""

from tuxdb.controllers.base import BaseController
from tuxdb.controllers.cases import CaseController
from tuxdb.controllers.gallery import GalleryController
from tuxdb.controllers.guild_configs import GuildConfigController
from tuxdb.controllers.guilds import GuildController
from tuxdb.controllers.messages import MessageController
from tuxdb.controllers.points import PointsController
from tuxdb.controllers.users import UserController

__all__ = [
    "BaseController",
    "CaseController",
    "GalleryController",
    "GuildConfigController",
    "GuildController",
    "MessageController",
    "PointsController",
    "UserController",
]
