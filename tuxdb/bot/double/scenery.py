"""Guilds, channels, roles and members, made and unmade; the bot is told."""

from collections.abc import Iterable

from tuxdb.bot.double.guild_routes import leave
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.permissions import BOT, Permission
from tuxdb.bot.double.places import Channel, Guild, Json, Member, Role, User
from tuxdb.bot.double.realm import Realm

BOT_POSITION = 50


class Scenery:
    """Makes what there is in a realm."""

    def __init__(self, realm: Realm) -> None:
        self.realm = realm

    def guild(
        self,
        name: str,
        owner: str | User = "founder",
        members: Iterable[str | User] = (),
        *,
        bot_permissions: Permission = BOT,
        locale: str = "en-US",
    ) -> Guild:
        """Make a guild with a channel and the bot in it."""
        founder = owner if isinstance(owner, User) else self.realm.user(owner)
        guild = Guild(self.realm.snowflake(), name, founder.id, locale)
        self.realm.guilds[guild.id] = guild
        self.channel(guild, "general")
        own = self.role(guild, "tuxdb", position=BOT_POSITION, managed=True)
        own.permissions = bot_permissions
        guild.members[founder.id] = Member(founder, guild)
        for user in members:
            self.member(guild, user)
        self.join(guild)
        return guild

    def join(self, guild: Guild) -> None:
        """Have the bot enter a guild, again perhaps."""
        role = next(role for role in guild.roles.values() if role.managed)
        me = Member(self.realm.bot, guild, [role])
        guild.members[me.id] = me
        told = guild.on_create([me])
        self.realm.tell("GUILD_CREATE", told, guild=guild, needs=Intent.GUILDS)

    def channel(self, guild: Guild, name: str) -> Channel:
        """Make a text channel."""
        position = len(guild.channels)
        channel = Channel(self.realm.snowflake(), name, guild, position=position)
        guild.channels[channel.id] = self.realm.channels[channel.id] = channel
        told = channel.payload()
        self.realm.tell("CHANNEL_CREATE", told, guild=guild, needs=Intent.GUILDS)
        return channel

    def role(
        self,
        guild: Guild,
        name: str,
        *permissions: str,
        position: int | None = None,
        managed: bool = False,
    ) -> Role:
        """Make a role with permissions, as `manage_guild`, above the others."""
        if position is None:
            position = len([role for role in guild.roles.values() if not role.managed])
        number = self.realm.snowflake()
        granted = Permission.named(*permissions)
        role = Role(number, name, granted, position, managed)
        guild.roles[role.id] = role
        told = {"guild_id": str(guild.id), "role": role.payload()}
        self.realm.tell("GUILD_ROLE_CREATE", told, guild=guild, needs=Intent.GUILDS)
        return role

    def member(
        self,
        guild: Guild,
        user: str | User,
        *roles: Role,
        nick: str | None = None,
        bot: bool = False,
    ) -> Member:
        """Have a user, new if named, come into a guild; or come back."""
        who = self.realm.user(user, bot=bot) if isinstance(user, str) else user
        member = Member(who, guild, list(roles), nick)
        guild.members[who.id] = member
        told = {"guild_id": str(guild.id), **member.payload()}
        needs = Intent.GUILD_MEMBERS
        self.realm.tell("GUILD_MEMBER_ADD", told, guild=guild, needs=needs)
        return member

    def leave(self, member: Member) -> None:
        """Have a member, or the bot, leave."""
        leave(self.realm, member)

    def outage(self, guild: Guild) -> None:
        """Have a guild be unavailable, as when a part of Discord is down."""
        guild.unavailable = True
        gone = {"id": str(guild.id), "unavailable": True}
        self.realm.tell("GUILD_DELETE", gone, guild=guild, needs=Intent.GUILDS)

    def recover(self, guild: Guild) -> None:
        """Have it be there again."""
        guild.unavailable = False
        told: Json = guild.on_create([self.realm.me(guild)])
        self.realm.tell("GUILD_CREATE", told, guild=guild, needs=Intent.GUILDS)
