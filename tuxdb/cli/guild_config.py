"""`tuxdb guilds config`: the settings of a guild, its rules for points and the bot."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.edits import author_of, kept
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import RECORDED
from tuxdb.cli.parsers import closest, snowflake
from tuxdb.cli.run import run
from tuxdb.errors import UsageError
from tuxdb.guild_keys import CHANNELS, COLUMNS, KEYS, POINTS, ROLES

if TYPE_CHECKING:
    from tuxdb.database import Database
    from tuxdb.models import GuildConfig

app = App(help="Read and change the configuration of a guild.")

IDS = (*CHANNELS, *ROLES)
LISTS = ("bot.manager_roles", "bot.cogs_off")
SWITCHES = ("bot.ping_receiver",)
ON_OFF = {"on": True, "true": True, "off": False, "false": False}
BETWEEN = re.compile(r"[\s,]+")
CONFIG = ("guild_id", *COLUMNS, "created_at", "updated_at")
NOTHING = "none"
WHOLE = re.compile(r"-?[0-9]{1,19}")

Guild = Annotated[
    int, typer.Argument(metavar="GUILD", parser=snowflake, help="Discord ID.")
]


def _key(text: str) -> str:
    if text not in KEYS:
        near = closest(text, KEYS)
        also = f"did you mean {near!r}?" if near else f"there are {', '.join(KEYS)}"
        raise ValueError(f"{text!r} is no setting of a guild; {also}")
    return text


SettingName = Annotated[
    str,
    typer.Argument(
        metavar="KEY",
        parser=_key,
        show_default=False,
        help="Such as prefix, mod_log_id, points.daily_send, bot.locale.",
    ),
]


@app.command("get")
def get_config(
    ctx: typer.Context,
    *,
    guild: Guild,
    key: Annotated[
        str | None,
        typer.Argument(
            metavar="[KEY]", parser=_key, show_default=False, help="One setting only."
        ),
    ] = None,
) -> None:
    """Show the configuration of a guild; defaults where it has none."""
    run(
        ctx,
        lambda db: db.guild_config.effective(guild),
        known_guild=guild,
        **_output(CONFIG if key is None else ("guild_id", key), key),
    )


@app.command("set", writes=RECORDED)
def set_config(
    ctx: typer.Context,
    *,
    guild: Guild,
    key: SettingName,
    value: Annotated[
        str,
        typer.Argument(
            show_default=False,
            help="A text, number, ID or JSON object; IDs or names with commas "
            "between; `none` clears it.",
        ),
    ],
) -> None:
    """Change one setting of a guild, such as points.daily_send, and no other."""
    call, change = invocation(ctx), _change(guild, key, value)
    run(
        ctx,
        lambda db: kept(
            call,
            db.edits.config(
                guild, author_of(call, "guilds config set"), partial(change, db)
            ),
        ),
        known_guild=guild,
        **_output(("guild_id", key, "updated_at"), key),
    )


def _output(columns: tuple[str, ...], key: str | None) -> dict[str, Any]:
    """How a configuration is shown; a rule comes out of its settings."""
    part, _, rule = (key or "").partition(".")
    if key is None or not rule:
        return {"columns": columns}

    def row(config: "GuildConfig") -> dict[str, Any]:
        rules = config.settings.get(part, {})
        known = {"guild_id": config.guild_id, "updated_at": config.updated_at}
        return {**known, key: rules.get(rule)}

    return {"columns": columns, "row": row}


def _change(
    guild: int, key: str, text: str
) -> "Callable[[Database], Awaitable[GuildConfig]]":
    """What has to be done; the controller says what is wrong with a rule."""
    part, _, rule = key.partition(".")
    if rule:
        value = _rule_value(key, text)

        def set_rule(db: "Database") -> "Awaitable[GuildConfig]":
            if part == POINTS:
                return db.guild_config.set_points_rule(guild, rule, value)
            return db.guild_config.set_bot_rule(guild, rule, value)

        return set_rule
    changed = {key: _value(key, text)}
    return lambda db: db.guild_config.upsert(guild_id=guild, **changed)


def _rule_value(key: str, text: str) -> Any:  # noqa: ANN401 - as the rule has it
    """What is typed for a rule; whether it fits the rule is for the model to say."""
    if text == NOTHING:
        return None
    if key in LISTS:
        return [part.removeprefix("<@&").removesuffix(">") for part in _parts(text)]
    if key in SWITCHES:
        return ON_OFF.get(text, text)
    return int(text) if WHOLE.fullmatch(text) else text


def _parts(text: str) -> list[str]:
    return [part for part in BETWEEN.split(text) if part]


def _value(key: str, text: str) -> Any:  # noqa: ANN401 - as the column has it
    if key in IDS:
        return None if text == NOTHING else _id(key, text)
    return _object(text) if key == "settings" else text


def _id(key: str, text: str) -> int:
    mention = text.replace("<@&", "<@", 1)  # a role, which people are not
    try:
        return snowflake(mention)
    except ValueError as error:
        raise UsageError(f"{key}: {error}") from error


def _object(text: str) -> dict[str, Any]:
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("settings: this is not JSON") from error
    if not isinstance(found, dict):
        raise UsageError("settings: this is not a JSON object")
    return found
