"""Guilds."""

from tuxdb.controllers.base import BaseController
from tuxdb.models import Guild


class GuildController(BaseController[Guild]):
    """Guilds; their rows are also made by whatever first belongs to them."""
