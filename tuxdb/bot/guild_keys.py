"""The settings of a guild as `/config` names, reads and shows them.

What a value may be is said by the models, so that the command line and Discord refuse
the same with the same words; here is only what a person may type for it.
"""

import difflib
import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tuxdb.errors import InvalidValue, NotFound
from tuxdb.guild_keys import BOT, CHANNELS, KEYS, POINTS, PREFIX, ROLES, SETTINGS
from tuxdb.models import MAX_SNOWFLAKE

if TYPE_CHECKING:
    import discord

    from tuxdb.database import Database
    from tuxdb.models import GuildConfig

LONG = (SETTINGS, "bot.manager_roles", "bot.cogs_off")
"""What is typed into a window rather than an option."""
NOTHING = "none"
SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False}
SWITCH["no"] = False
LONGEST_NAME, MOST_NEAR = 100, 3
WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
CHANNEL = re.compile(r"([0-9]{1,19})|<#([0-9]{1,19})>", re.ASCII)
ROLE = re.compile(r"([0-9]{1,19})|<@&([0-9]{1,19})>", re.ASCII)
BETWEEN = re.compile(r"[\s,;]+")

Value: TypeAlias = Any
"""As the column or the rule has it."""


def require_key(text: str) -> str:
    """The key that was typed, or NotFound with the one that was probably meant."""
    if text in KEYS:
        return text
    missing = NotFound("key", text[:LONGEST_NAME])
    missing.details["near"] = difflib.get_close_matches(text, KEYS, MOST_NEAR)
    raise missing


def matching(typed: str, limit: int = 25) -> list[str]:
    """Keys that contain what is typed, those that begin with it first."""
    typed = typed.strip().lower()
    found = [key for key in KEYS if typed in key]
    return sorted(found, key=lambda key: not key.startswith(typed))[:limit]


def value_of(config: "GuildConfig", key: str) -> Value:
    """What a configuration says for a key; None where it says nothing."""
    part, _, rule = key.partition(".")
    if rule:
        rules = config.settings.get(part)
        return rules.get(rule) if isinstance(rules, dict) else None
    return getattr(config, key)


def typed_value(key: str, text: str, guild: "discord.Guild") -> Value:
    """The value that a text stands for; None, from `none`, takes it away."""
    text = text.strip()
    if text.lower() == NOTHING and key not in (PREFIX, SETTINGS):
        return None
    if key in CHANNELS:
        return _channel(key, text, guild)
    if key in ROLES:
        return _role(key, text, guild)
    if key == SETTINGS:
        return _object(text)
    reader = _READERS.get(key)
    return reader(key, text, guild) if reader else text


def as_text(key: str, value: Value) -> str:
    """A value as it can be typed again; empty for none."""
    if value is None:
        return ""
    if key == SETTINGS:
        return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def change(
    db: "Database", guild_id: int, key: str, value: Value
) -> Callable[[], Awaitable["GuildConfig"]]:
    """What sets a key, and no other; None puts it back to what it is without."""
    part, _, rule = key.partition(".")
    if part == POINTS and rule:
        return lambda: db.guild_config.set_points_rule(guild_id, rule, value)
    if part == BOT and rule:
        return lambda: db.guild_config.set_bot_rule(guild_id, rule, value)
    changed: dict[str, Any] = {key: _DEFAULTS.get(key) if value is None else value}
    return lambda: db.guild_config.upsert(guild_id=guild_id, **changed)


def _channel(key: str, text: str, guild: "discord.Guild") -> int:
    """A channel of this guild: another's must not be told what happens here."""
    found = _id(key, text, CHANNEL, "a channel of this server")
    if guild.channels and guild.get_channel_or_thread(found) is None:
        raise InvalidValue(key, "is not a channel of this server")
    return found


def _role(key: str, text: str, guild: "discord.Guild") -> int:
    found = _id(key, text, ROLE, "a role of this server")
    if guild.roles and guild.get_role(found) is None:
        raise InvalidValue(key, "is not a role of this server")
    if found == guild.id:
        raise InvalidValue(key, "is the role that everybody has")
    return found


def _id(key: str, text: str, pattern: re.Pattern[str], what: str) -> int:
    match = pattern.fullmatch(text)
    found = int(match[1] or match[2]) if match else 0
    if not 1 <= found <= MAX_SNOWFLAKE:
        raise InvalidValue(key, f"is not {what}, as a mention or an ID")
    return found


def _roles(key: str, text: str, guild: "discord.Guild") -> list[str]:
    found = [_role(key, part, guild) for part in _parts(text)]
    return [str(role) for role in dict.fromkeys(found)]


def _names(_key: str, text: str, _guild: "discord.Guild") -> list[str]:
    return list(dict.fromkeys(part.lower() for part in _parts(text)))


def _switch(key: str, text: str, _guild: "discord.Guild") -> bool:
    if text.lower() not in SWITCH:
        raise InvalidValue(key, "is neither on nor off")
    return SWITCH[text.lower()]


def _whole_or_text(_key: str, text: str, _guild: "discord.Guild") -> int | str:
    return int(text) if WHOLE.fullmatch(text) else text


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidValue(SETTINGS, "is not JSON") from error
    if not isinstance(found, dict):
        raise InvalidValue(SETTINGS, "is not a JSON object")
    return found


def _parts(text: str) -> list[str]:
    return [part for part in BETWEEN.split(text) if part]


_DEFAULTS: dict[str, Value] = {PREFIX: "$", SETTINGS: {}}
_READERS: dict[str, Callable[[str, str, "discord.Guild"], Value]] = {
    "points.max_balance": _whole_or_text,
    "points.daily_send": _whole_or_text,
    "points.daily_receive": _whole_or_text,
    "points.start_balance": _whole_or_text,
    "bot.manager_roles": _roles,
    "bot.confirm_from": _whole_or_text,
    "bot.ping_receiver": _switch,
    "bot.cogs_off": _names,
}
