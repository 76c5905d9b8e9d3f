"""Discord's HTTP API and gateway, version 10, on loopback and in memory.

For the tests and for the playground: what Discord refuses is refused here, too, with
the same codes, so that a bot that gets along with it gets along with Discord.
"""

from tuxdb.bot.double.discord import DiscordDouble
from tuxdb.bot.double.faults import Faults
from tuxdb.bot.double.messages import Message
from tuxdb.bot.double.options import NotOffered
from tuxdb.bot.double.places import Channel, Guild, Member, Role, User
from tuxdb.bot.double.replies import Reply

__all__ = [
    "Channel",
    "DiscordDouble",
    "Faults",
    "Guild",
    "Member",
    "Message",
    "NotOffered",
    "Reply",
    "Role",
    "User",
]
