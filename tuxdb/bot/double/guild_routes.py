"""Guilds, their members, bans and roles."""

from datetime import UTC, datetime, timedelta

from tuxdb.bot.double.calls import Call
from tuxdb.bot.double.forms import Faulty, Form
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.permissions import Permission
from tuxdb.bot.double.places import Guild, Json, Member, Role
from tuxdb.bot.double.realm import Realm, snowflake
from tuxdb.bot.double.refusals import (
    Refusal,
    missing_access,
    missing_permissions,
    unknown,
)

TIMEOUT_DAYS = 28
WEEK_SECONDS = 604_800
NICK, MOST_ROLES = 32, 250
UNTIL = "communication_disabled_until"


class Guilds:
    """Serves `/guilds`, with the bot's own permissions and rank enforced."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def guild(self, call: Call) -> Json:
        """Show a guild."""
        guild = self._guild(call)
        if "with_counts" not in call.query:
            return guild.payload()
        count = len(guild.members)
        counts = {"approximate_member_count": count, "approximate_presence_count": 1}
        return {**guild.payload(), **counts}

    async def channels(self, call: Call) -> list[Json]:
        """Show the channels."""
        return [item.payload() for item in self._guild(call).channels.values()]

    async def roles(self, call: Call) -> list[Json]:
        """Show the roles."""
        return [role.payload() for role in self._guild(call).roles.values()]

    async def member(self, call: Call) -> Json:
        """Show a member."""
        return self._member(call).payload()

    async def members(self, call: Call) -> list[Json]:
        """Show members in order of their ids; needs the privileged intent."""
        guild = self._guild(call)
        if Intent.GUILD_MEMBERS not in self._realm.allowed_intents:
            raise missing_access()
        limit = call.whole("limit", 1, 1000)
        after = call.whole("after", 0, 1 << 63)
        found = sorted(user for user in guild.members if user > after)
        return [guild.members[user].payload() for user in found[:limit]]

    async def search(self, call: Call) -> list[Json]:
        """Show members whose name begins with something."""
        query = call.query.get("query", "").casefold()
        limit = call.whole("limit", 1, 1000)
        members = self._guild(call).members.values()
        found = [item for item in members if item.name.casefold().startswith(query)]
        return [member.payload() for member in found[:limit]]

    async def edit_member(self, call: Call) -> Json:
        """Time a member out, or set their roles or nick."""
        member = self._member(call)
        form = Form(call.data, faulty := Faulty())
        until = _checked_until(form)
        nick = form.text("nick", NICK)
        roles = form.snowflakes("roles", MOST_ROLES)
        faulty.refuse()
        if UNTIL in call.data:
            self._may(member.guild, Permission.MODERATE_MEMBERS)
            self._outrank(member)
            if member.permissions() & Permission.ADMINISTRATOR:
                raise missing_permissions()
            member.timed_out_until = until
        if "nick" in call.data:
            self._may(member.guild, Permission.MANAGE_NICKNAMES)
            self._outrank(member)
            member.nick = nick or None
        if "roles" in call.data:
            self._set_roles(member, [self._role(member.guild, role) for role in roles])
        self._tell_of(member)
        return member.payload()

    async def kick(self, call: Call) -> None:
        """Remove a member."""
        guild = self._guild(call)
        member = self._realm.member(guild, call.path["user"])
        self._may(guild, Permission.KICK_MEMBERS)
        self._outrank(member)
        leave(self._realm, member)

    async def add_role(self, call: Call) -> None:
        """Give a role."""
        member = self._member(call)
        role = self._role(member.guild, snowflake(call.path["role"]))
        self._set_roles(
            member, [*(item for item in member.roles if item is not role), role]
        )
        self._tell_of(member)

    async def remove_role(self, call: Call) -> None:
        """Take a role away."""
        member = self._member(call)
        role = self._role(member.guild, snowflake(call.path["role"]))
        self._set_roles(member, [item for item in member.roles if item is not role])
        self._tell_of(member)

    async def bans(self, call: Call) -> list[Json]:
        """Show the bans in order of ids."""
        guild = self._guild(call)
        self._may(guild, Permission.BAN_MEMBERS)
        limit = call.whole("limit", 1000, 1000)
        after = call.whole("after", 0, 1 << 63)
        found = sorted(user for user in guild.bans if user > after)
        return [self._ban(guild, user) for user in found[:limit]]

    async def ban_of(self, call: Call) -> Json:
        """Show one ban."""
        guild = self._guild(call)
        self._may(guild, Permission.BAN_MEMBERS)
        user = snowflake(call.path["user"])
        if user not in guild.bans:
            raise unknown("Ban")
        return self._ban(guild, user)

    async def ban(self, call: Call) -> None:
        """Ban a user, a member or not."""
        guild = self._guild(call)
        self._may(guild, Permission.BAN_MEMBERS)
        form = Form(call.body or {}, faulty := Faulty())
        form.number("delete_message_seconds", 0, WEEK_SECONDS)
        faulty.refuse()
        user = snowflake(call.path["user"])
        if user not in self._realm.users:
            raise unknown("User")
        member = guild.members.get(user)
        if member is not None:
            self._outrank(member)
            leave(self._realm, member)
        guild.bans[user] = call.reason
        self._tell_of_ban("GUILD_BAN_ADD", guild, user)

    async def unban(self, call: Call) -> None:
        """Lift a ban."""
        guild = self._guild(call)
        self._may(guild, Permission.BAN_MEMBERS)
        user = snowflake(call.path["user"])
        if user not in guild.bans:
            raise unknown("Ban")
        del guild.bans[user]
        self._tell_of_ban("GUILD_BAN_REMOVE", guild, user)

    def _guild(self, call: Call) -> Guild:
        return self._realm.guild(call.path["guild"])

    def _member(self, call: Call) -> Member:
        return self._realm.member(self._guild(call), call.path["user"])

    def _role(self, guild: Guild, role_id: int) -> Role:
        role = guild.roles.get(role_id)
        if role is None:
            raise unknown("Role")
        return role

    def _ban(self, guild: Guild, user: int) -> Json:
        who = self._realm.users[user].payload()
        return {"user": who, "reason": guild.bans[user]}

    def _may(self, guild: Guild, needed: Permission) -> None:
        if needed not in self._realm.me(guild).permissions():
            raise missing_permissions()

    def _outrank(self, member: Member) -> None:
        if not self._realm.me(member.guild).outranks(member):
            raise missing_permissions()

    def _set_roles(self, member: Member, roles: list[Role]) -> None:
        self._may(member.guild, Permission.MANAGE_ROLES)
        mine = self._realm.me(member.guild).rank
        for role in {*roles} ^ {*member.roles}:
            if role.managed or (role.position, -role.id) >= mine:
                raise missing_permissions()
        member.roles = roles

    def _tell_of(self, member: Member) -> None:
        told = {"guild_id": str(member.guild.id), **member.payload()}
        needs = Intent.GUILD_MEMBERS
        self._realm.tell("GUILD_MEMBER_UPDATE", told, guild=member.guild, needs=needs)

    def _tell_of_ban(self, event: str, guild: Guild, user: int) -> None:
        who = self._realm.users[user].payload()
        told = {"guild_id": str(guild.id), "user": who}
        self._realm.tell(event, told, guild=guild, needs=Intent.GUILD_MODERATION)


def leave(realm: Realm, member: Member) -> None:
    """Have a member be gone; if it is the bot, the guild is lost to it."""
    guild = member.guild
    guild.members.pop(member.id, None)
    told: Json = {"guild_id": str(guild.id), "user": member.user.payload()}
    if member.user is realm.bot:
        gone = {"id": str(guild.id)}
        realm.tell("GUILD_DELETE", gone, guild=guild, needs=Intent.GUILDS)
    else:
        needs = Intent.GUILD_MEMBERS
        realm.tell("GUILD_MEMBER_REMOVE", told, guild=guild, needs=needs)


def _checked_until(form: Form) -> datetime | None:
    """The end of a timeout: a time with its zone, at most 28 days away."""
    value = form.text(UNTIL, 64)
    if not value:
        return None
    try:
        until = datetime.fromisoformat(value)
    except ValueError:
        until = None
    if until is None or until.tzinfo is None:
        message = f'"{value}" is not a valid ISO8601 time.'
        form.fault(UNTIL, "DATE_TIME_TYPE_PARSE", message)
        return None
    if until > datetime.now(UTC) + timedelta(days=TIMEOUT_DAYS):
        message = "Cannot time out a user for more than 28 days"
        form.fault(UNTIL, "GUILD_COMMUNICATION_DISABLED_MAX", message)
    return until


__all__ = ["Guilds", "Refusal", "leave"]
