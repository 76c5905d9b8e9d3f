"""What a person fills into a command, as Discord's client would let them."""

from collections.abc import Mapping
from typing import Any

from tuxdb.bot.double.command_form import CHOSEN, Option
from tuxdb.bot.double.permissions import Permission
from tuxdb.bot.double.places import (
    TEXT_CHANNEL,
    Channel,
    Guild,
    Json,
    Member,
    Role,
    User,
)


class NotOffered(Exception):
    """Discord's client would not let a person do this."""


class Filled:
    """The options of one use of a command, with what their ids stand for."""

    def __init__(self, guild: Guild | None, *, forced: bool = False) -> None:
        self._guild, self._forced = guild, forced
        self.resolved: Json = {}

    def options(
        self,
        described: list[Json],
        values: Mapping[str, object],
        *,
        partly: bool = False,
    ) -> list[Json]:
        """Fill described options; `partly` is while the person is still typing."""
        left = {_written(name, described): value for name, value in values.items()}
        filled = []
        for option in described:
            name = option["name"]
            if name in left:
                value = left.pop(name)
                if value is not None:
                    filled.append(self._option(option, value, checked=not partly))
            elif option.get("required") and not partly:
                self._refuse(f"{name} is required")
        if left:
            raise NotOffered(f"the command has no option {', '.join(left)}")
        return filled

    def resolve(self, value: object) -> str:
        """The id of something, which is described beside it."""
        if isinstance(value, Member):
            if value.guild.members.get(value.id) is value:
                member = value.payload(with_user=False)
                member["permissions"] = str(int(value.permissions()))
                self._note("members", value.id, member)
            self._note("users", value.id, value.user.payload())
            return str(value.id)
        if isinstance(value, User):
            member_of = self._guild.members.get(value.id) if self._guild else None
            if member_of is not None:
                return self.resolve(member_of)
            self._note("users", value.id, value.payload())
            return str(value.id)
        if isinstance(value, Role):
            self._note("roles", value.id, value.payload())
            return str(value.id)
        if isinstance(value, Channel):
            permissions = str(int(Permission.EVERYTHING))
            channel = {**value.payload(), "permissions": permissions}
            self._note("channels", value.id, channel)
            return str(value.id)
        raise NotOffered(f"{value!r} cannot be chosen")

    def _note(self, kind: str, number: int, described: Json) -> None:
        self.resolved.setdefault(kind, {})[str(number)] = described

    def _option(self, option: Json, value: object, *, checked: bool) -> Json:
        kind = option["type"]
        if kind in _THINGS:
            if not isinstance(value, _THINGS[kind]):
                raise NotOffered(f"{option['name']} is not {_THINGS[kind]}")
            if kind == Option.CHANNEL:
                self._check_channel(option)
            value = self.resolve(value)
        elif checked:
            value = self._checked(option, value)
        elif kind != Option.STRING:
            value = str(value)
        return {"name": option["name"], "type": kind, "value": value}

    def _check_channel(self, option: Json) -> None:
        allowed = option.get("channel_types") or [TEXT_CHANNEL]
        if TEXT_CHANNEL not in allowed:
            self._refuse(f"{option['name']} takes no text channels")

    def _checked(self, option: Json, value: Any) -> object:  # noqa: ANN401 - any value
        name, kind = option["name"], option["type"]
        kinds: dict[int, tuple[type, ...]] = {
            Option.STRING: (str,),
            Option.INTEGER: (int,),
            Option.BOOLEAN: (bool,),
            Option.NUMBER: (int, float),
        }
        is_flag = isinstance(value, bool)
        if not isinstance(value, kinds[kind]) or is_flag != (kind == Option.BOOLEAN):
            raise NotOffered(f"{name} is no {Option(kind).name.lower()}: {value!r}")
        choices = option.get("choices")
        if choices:
            value = self._chosen(name, choices, value)
        if kind == Option.STRING:
            self._within(name, len(value), option, "length")
            if not value:
                self._refuse(f"{name} is empty")
        elif kind in CHOSEN:
            self._within(name, value, option, "value")
        return value

    def _chosen(self, name: str, choices: list[Json], value: object) -> object:
        """The value of a choice, which may be named as it is shown."""
        for choice in choices:
            if value in (choice["value"], choice["name"]):
                return choice["value"]
        self._refuse(f"{name} is one of {', '.join(item['name'] for item in choices)}")
        return value

    def _within(self, name: str, size: float, option: Json, what: str) -> None:
        least, most = option.get(f"min_{what}"), option.get(f"max_{what}")
        if least is not None and size < least:
            self._refuse(f"{name} is at least {least}")
        if most is not None and size > most:
            self._refuse(f"{name} is at most {most}")

    def _refuse(self, why: str) -> None:
        if not self._forced:
            raise NotOffered(why)


_THINGS: dict[int, tuple[type, ...]] = {
    Option.USER: (Member, User),
    Option.CHANNEL: (Channel,),
    Option.ROLE: (Role,),
    Option.MENTIONABLE: (Member, User, Role),
}


def _written(name: str, described: list[Json]) -> str:
    """The name of an option that Python's syntax does not allow, `around_me`."""
    names = {option["name"] for option in described}
    hyphened = name.replace("_", "-")
    return hyphened if name not in names and hyphened in names else name
