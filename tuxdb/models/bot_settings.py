"""What may stand in `guild_configs.settings.bot`: a guild's rules for the bot."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tuxdb.errors import InvalidValue
from tuxdb.models.base import MAX_POINTS, MAX_SNOWFLAKE

BOT = "bot"
LOCALES = ("en", "de")
LONGEST_LIST = 100
ROLE_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
COG_NAME = re.compile(r"[a-z][a-z-]{0,31}", re.ASCII)
NEVER_OFF = "config"
"""Switched off, it could not be switched on again."""


@dataclass(frozen=True)
class BotRules:
    """How the bot behaves in a guild."""

    manager_roles: frozenset[int] = frozenset()
    confirm_from: int | None = None
    ping_receiver: bool = False
    locale: str | None = None
    cogs_off: frozenset[str] = frozenset()


def bot_rules(settings: Mapping[str, Any]) -> BotRules:
    """The rules in a guild's settings, which were checked when they were written."""
    rules = settings.get(BOT, {})
    return BotRules(
        frozenset(map(int, rules.get("manager_roles", ()))),
        rules.get("confirm_from"),
        rules.get("ping_receiver", False),
        rules.get("locale"),
        frozenset(rules.get("cogs_off", ())),
    )


def check_bot(rules: object, name: str) -> None:
    """Raise InvalidValue, which names the place, for what the bot cannot read."""
    if not isinstance(rules, dict):
        raise InvalidValue(name, f"is not an object with {', '.join(BOT_RULES)}")
    for rule, value in rules.items():
        if rule not in _CHECKS:
            near = difflib.get_close_matches(str(rule), BOT_RULES, 1)
            meant = f"; did you mean {near[0]!r}?" if near else _known()
            raise InvalidValue(f"{name}.{rule}", f"is no rule{meant}")
        problem = _CHECKS[rule](value)
        if problem is not None:
            raise InvalidValue(f"{name}.{rule}", problem)


def _known() -> str:
    return f" of {', '.join(BOT_RULES)}"


def _roles(value: object) -> str | None:
    wrong = "is not a list of role IDs as texts"
    if not isinstance(value, list):
        return wrong
    for role in value:
        fits = isinstance(role, str) and ROLE_ID.fullmatch(role)
        if not fits or int(role) > MAX_SNOWFLAKE:
            return wrong
    return _too_long(value)


def _amount(value: object) -> str | None:
    if type(value) is not int or not 1 <= value <= MAX_POINTS:
        return f"is not a whole number from 1 to {MAX_POINTS}"
    return None


def _switch(value: object) -> str | None:
    return None if isinstance(value, bool) else "is neither true nor false"


def _locale(value: object) -> str | None:
    known = isinstance(value, str) and value in LOCALES
    return None if known else f"is not a language of {', '.join(LOCALES)}"


def _cogs(value: object) -> str | None:
    if not isinstance(value, list):
        return "is not a list of names of command groups"
    for cog in value:
        if not isinstance(cog, str) or not COG_NAME.fullmatch(cog):
            return "is not a list of names of command groups"
    if NEVER_OFF in value:
        return f"cannot hold {NEVER_OFF}, which sets it"
    return _too_long(value)


def _too_long(value: list[Any]) -> str | None:
    long = len(value) > LONGEST_LIST
    return f"has more than {LONGEST_LIST} items" if long else None


_CHECKS: dict[str, Callable[[object], str | None]] = {
    "manager_roles": _roles,
    "confirm_from": _amount,
    "ping_receiver": _switch,
    "locale": _locale,
    "cogs_off": _cogs,
}
BOT_RULES = tuple(_CHECKS)
