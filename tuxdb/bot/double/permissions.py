"""What members may do: Discord's bits, and how roles and channels add up."""

from enum import IntFlag


class Permission(IntFlag):
    """Discord's permissions by their names in the interface of a bot."""

    NONE = 0
    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MODERATE_MEMBERS = 1 << 40
    EVERYTHING = (1 << 53) - 1

    @classmethod
    def named(cls, *names: str) -> "Permission":
        """The sum of permissions named as `manage_guild`."""
        found = cls.NONE
        for name in names:
            found |= cls[name.upper()]
        return found


EVERYONE = Permission.named(
    "view_channel",
    "send_messages",
    "embed_links",
    "attach_files",
    "read_message_history",
    "add_reactions",
    "change_nickname",
    "use_application_commands",
)
BOT = EVERYONE | Permission.named(
    "kick_members", "ban_members", "moderate_members", "manage_messages"
)
WHILE_TIMED_OUT = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
