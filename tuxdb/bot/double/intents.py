"""Which events a session asks for."""

from enum import IntFlag


class Intent(IntFlag):
    """Gateway intents, version 10."""

    NONE = 0
    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    DIRECT_MESSAGES = 1 << 12
    MESSAGE_CONTENT = 1 << 15
    KNOWN = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
LIMITED_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
"""The flag of an application that says that a bot of under 100 servers may have one."""


def application_flags(allowed: Intent) -> int:
    """What `flags` of an application say about the switches in the portal."""
    return sum(flag for intent, flag in LIMITED_FLAGS.items() if intent & allowed)
