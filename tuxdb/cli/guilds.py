"""`tuxdb guilds`: guilds and their configuration."""

from typing import Annotated, Any

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.options import CHANGES, After, All, Limit, Paging
from tuxdb.cli.parsers import closest, snowflake
from tuxdb.cli.run import run, run_pages
from tuxdb.errors import UsageError

app = App(help="List, show and add guilds; their settings.")
config = App(help="Read and change the configuration of a guild.")
app.add_typer(config, name="config")

COLUMNS = ("id", "name", "case_count", "created_at")
IDS = (
    "mod_log_id",
    "audit_log_id",
    "join_log_id",
    "private_log_id",
    "report_log_id",
    "dev_log_id",
    "jail_channel_id",
    "jail_role_id",
)
KEYS = ("prefix", *IDS, "settings")
CONFIG = ("guild_id", *KEYS, "created_at", "updated_at")
NOTHING = "none"

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
    str, typer.Argument(metavar="KEY", parser=_key, help="Such as prefix, mod_log_id.")
]


@app.command("list")
def list_guilds(
    ctx: typer.Context,
    *,
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List the guilds, a page at a time."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.guild.page_after(cursor, limit=size),
        Paging(limit, after, all_pages),
        columns=COLUMNS,
        known=("updated_at",),
    )


@app.command()
def show(ctx: typer.Context, *, guild: Guild) -> None:
    """Show one guild."""
    run(ctx, lambda db: db.guild.require(guild), columns=(*COLUMNS, "updated_at"))


@app.command(writes=CHANGES)
def add(
    ctx: typer.Context,
    *,
    guild: Guild,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", show_default=False, help="Its name.")
    ] = None,
) -> None:
    """Add a guild; most come with their first member."""
    run(ctx, lambda db: db.guild.create(id=guild, name=name), columns=COLUMNS)


@config.command("get")
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
    columns = CONFIG if key is None else ("guild_id", key)
    run(
        ctx,
        lambda db: db.guild_config.effective(guild),
        known_guild=guild,
        columns=columns,
    )


@config.command("set", writes=CHANGES)
def set_config(
    ctx: typer.Context,
    *,
    guild: Guild,
    key: SettingName,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE", help="A text, an ID, a JSON object; `none` clears an ID."
        ),
    ],
) -> None:
    """Change one setting of a guild."""
    change = {key: _value(key, value)}
    run(
        ctx,
        lambda db: db.guild_config.upsert(guild_id=guild, **change),
        known_guild=guild,
        columns=("guild_id", key, "updated_at"),
    )


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
