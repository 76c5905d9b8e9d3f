"""Messages."""

from tuxdb.controllers.base import BaseController
from tuxdb.models import Messages


class MessageController(BaseController[Messages]):
    """Stored messages; guild 0 is a direct message."""
