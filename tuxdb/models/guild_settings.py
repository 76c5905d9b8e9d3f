"""What may stand in `guild_configs.settings`: free, but for the rules that we read.

`settings.points` holds a guild's rules about points. The statements that move points
read them, so a bad value there would stop every transfer of the guild: it is refused
here, with its place named, and by CHECKs of the table. `settings.bot` holds the rules
that the bot goes by there; see `bot_settings`.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tuxdb.errors import InvalidValue
from tuxdb.models.base import MAX_POINTS
from tuxdb.models.bot_settings import BOT, BotRules, bot_rules, check_bot

__all__ = ["BotRules", "bot_rules", "check_settings", "with_rule"]

POINTS = "points"
MAX_BALANCE = "max_balance"
START_BALANCE = "start_balance"
TIMEZONE = "timezone"
LOWEST = {
    MAX_BALANCE: 1,
    "daily_send": 0,
    "daily_receive": 0,
    START_BALANCE: 0,
}
POINTS_RULES = (*LOWEST, TIMEZONE)
NOT_A_PLACE = ("Factory", "localtime", "posixrules")
"""Files among the time zones that mean whatever a machine is set to."""


def check_settings(settings: dict[str, Any], name: str = "settings") -> dict[str, Any]:
    """The settings as they are, or InvalidValue that names the place within them."""
    _check_plain(settings, name)
    if POINTS in settings:
        _check_points(settings[POINTS], f"{name}.{POINTS}")
    if BOT in settings:
        check_bot(settings[BOT], f"{name}.{BOT}")
    return settings


def with_rule(
    settings: Mapping[str, Any], part: str, rule: str, value: object
) -> dict[str, Any]:
    """The settings with a rule set in one of their parts; None takes it away."""
    rules = {**settings.get(part, {}), rule: value}
    if value is None:
        del rules[rule]
    changed = {name: item for name, item in settings.items() if name != part}
    return {**changed, part: rules} if rules else changed


def _check_points(rules: object, name: str) -> None:
    if not isinstance(rules, dict):
        raise InvalidValue(name, f"is not an object with {', '.join(POINTS_RULES)}")
    for rule, value in rules.items():
        if rule not in POINTS_RULES:
            raise InvalidValue(f"{name}.{rule}", f"is no rule{_meant(rule)}")
        if rule == TIMEZONE:
            _check_time_zone(value, f"{name}.{rule}")
        else:
            _check_whole(value, LOWEST[rule], f"{name}.{rule}")
    if rules.get(START_BALANCE, 0) > rules.get(MAX_BALANCE, MAX_POINTS):
        raise InvalidValue(f"{name}.{START_BALANCE}", f"is more than {MAX_BALANCE}")


def _check_whole(value: object, lowest: int, name: str) -> None:
    if type(value) is not int or not lowest <= value <= MAX_POINTS:
        problem = f"is not a whole number from {lowest} to {MAX_POINTS}"
        raise InvalidValue(name, problem)


def _check_time_zone(value: object, name: str) -> None:
    """Known to this system; one that knows none leaves it to the database's CHECK."""
    known = _time_zones()
    if not isinstance(value, str) or not value:
        raise InvalidValue(name, "is not a time zone such as Europe/Berlin")
    if known and value not in known:
        near = difflib.get_close_matches(value, known, 1)
        meant = f"; did you mean {near[0]!r}?" if near else " such as Europe/Berlin"
        raise InvalidValue(name, f"is not a known time zone{meant}")


@cache
def _time_zones() -> Sequence[str]:
    import zoneinfo  # noqa: PLC0415 - only who sets one waits for it

    return sorted(zoneinfo.available_timezones().difference(NOT_A_PLACE))


def _meant(rule: str) -> str:
    near = difflib.get_close_matches(rule, POINTS_RULES, 1)
    return f"; did you mean {near[0]!r}?" if near else f" of {', '.join(POINTS_RULES)}"


def _check_plain(value: object, name: str) -> None:
    """Refuse what Python takes for JSON and PostgreSQL does not."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_text(key, name)
            _check_plain(item, f"{name}.{key}")
    elif isinstance(value, list):
        for item in value:
            _check_plain(item, name)
    elif isinstance(value, str):
        _check_text(value, name)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidValue(name, f"holds {value}, which is no number in JSON")


def _check_text(text: object, name: str) -> None:
    if not isinstance(text, str):
        raise InvalidValue(name, "has a name that is not a text")
    if "\0" in text:
        raise InvalidValue(name, "holds a NUL character, which no text can")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidValue(name, "is not valid Unicode")
