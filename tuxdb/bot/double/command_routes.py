"""Application commands: registered for everywhere or for one guild."""

from tuxdb.bot.double.calls import Call
from tuxdb.bot.double.command_form import Kind, check_command
from tuxdb.bot.double.forms import Faulty
from tuxdb.bot.double.places import Json
from tuxdb.bot.double.realm import Realm, snowflake
from tuxdb.bot.double.refusals import (
    missing_access,
    too_many_commands,
    too_many_creates,
    unknown,
)

MOST = {Kind.SLASH: 100, Kind.USER: 5, Kind.MESSAGE: 5}
TRANSLATED = ("name_localizations", "description_localizations")


class Commands:
    """Serves `/applications/{id}/commands` and the same below a guild."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    async def all(self, call: Call) -> list[Json]:
        """Show what is registered; translations only if asked for."""
        found = self._scope(call)
        if call.query.get("with_localizations") in ("1", "true"):
            return list(found.values())
        return [_without_translations(command) for command in found.values()]

    async def get(self, call: Call) -> Json:
        """Show one."""
        return self._command(call)

    async def overwrite(self, call: Call) -> list[Json]:
        """Register these and no others; what has a known name keeps its id."""
        bodies = call.body
        faulty = Faulty()
        if not isinstance(bodies, list):
            faulty.add((), "LIST_TYPE_CONVERT", "Only iterables may be used.")
            bodies = []
        kept = [
            check_command(body, faulty, (str(number),))
            for number, body in enumerate(bodies)
        ]
        keys = [(command["type"], command["name"]) for command in kept]
        if len(set(keys)) < len(keys):
            message = "Application command names must be unique"
            faulty.add((), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        faulty.refuse()
        self._count(kept)
        there = {_key(command): command for command in self._scope(call).values()}
        new = sum(key not in there for key in keys)
        self._create(new)
        for command in there.values():
            del self._realm.commands[int(command["id"])]
        return [self._put(call, item, there.get(_key(item))) for item in kept]

    async def create(self, call: Call) -> Json:
        """Register one, or overwrite the one of that name."""
        faulty = Faulty()
        kept = check_command(call.data, faulty)
        faulty.refuse()
        there = {_key(command): command for command in self._scope(call).values()}
        old = there.get(_key(kept))
        if old is None:
            self._count([*there.values(), kept])
            self._create(1)
        return self._put(call, kept, old)

    async def edit(self, call: Call) -> Json:
        """Change one."""
        old = self._command(call)
        faulty = Faulty()
        kept = check_command({**old, **call.data}, faulty)
        faulty.refuse()
        return self._put(call, kept, old)

    async def delete(self, call: Call) -> None:
        """Remove one."""
        del self._realm.commands[int(self._command(call)["id"])]

    async def permissions(self, call: Call) -> Json:
        """Show what a guild's administrators changed, which is nothing."""
        self._command(call)
        raise unknown("application command permissions")

    async def all_permissions(self, call: Call) -> list[Json]:
        """Show what a guild's administrators changed, which is nothing."""
        self._scope(call)
        return []

    def _scope(self, call: Call) -> dict[int, Json]:
        if snowflake(call.path["application"]) != self._realm.application_id:
            raise missing_access()
        guild = call.path.get("guild")
        if guild is not None:
            self._realm.guild(guild)
        return {
            key: command
            for key, command in self._realm.commands.items()
            if command.get("guild_id") == guild
        }

    def _command(self, call: Call) -> Json:
        found = self._scope(call).get(snowflake(call.path["command"]))
        if found is None:
            raise unknown("application command")
        return found

    def _count(self, commands: list[Json]) -> None:
        kinds = [command["type"] for command in commands]
        if any(kinds.count(kind) > most for kind, most in MOST.items()):
            raise too_many_commands()

    def _create(self, count: int) -> None:
        if count > self._realm.daily_creates:
            raise too_many_creates()
        self._realm.daily_creates -= count

    def _put(self, call: Call, kept: Json, old: Json | None) -> Json:
        number = int(old["id"]) if old else self._realm.snowflake()
        guild = call.path.get("guild")
        command: Json = {
            "id": str(number),
            "application_id": str(self._realm.application_id),
            "version": str(self._realm.snowflake()),
            **kept,
            **({"guild_id": guild} if guild else {}),
        }
        if guild:
            command["contexts"] = None
        self._realm.commands[number] = command
        return command


def _key(command: Json) -> tuple[int, str]:
    return command["type"], command["name"]


def _without_translations(command: Json) -> Json:
    return {
        name: [_without_translations(item) for item in value]
        if name in ("options", "choices") and value
        else value
        for name, value in command.items()
        if name not in TRANSLATED
    }
