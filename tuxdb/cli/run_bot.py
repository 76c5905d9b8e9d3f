"""`tuxdb run-bot`: the bot itself; discord.py loads here and nowhere else."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.health_check import answer
from tuxdb.cli.invocation import invocation
from tuxdb.cli.parsers import duration, one_of, plain_text, quoted, snowflake, whole
from tuxdb.cli.run import run_with_settings
from tuxdb.cli.signals import told
from tuxdb.config_files import endpoint, listed
from tuxdb.errors import ConfigurationError, UsageError
from tuxdb.settings import Origin, Settings

if TYPE_CHECKING:
    from tuxdb.bot.life import BotOptions

app = App(help="Run the bot.")

MOST_SHARDS = 16_384
COLUMNS = ("status", "check", "detail", "next")
INSTALL = "pip install 'tuxdb[bot]'"
NEEDED = ("discord", "prometheus_client")

Chosen = Callable[[Settings], Settings]


def _endpoint(text: str) -> tuple[str, int]:
    try:
        return endpoint(text)
    except ValueError as error:
        raise ValueError(f"{quoted(text)} {error}") from error


def _parts(text: str) -> tuple[str, ...]:
    return listed(plain_text(text))


def _shards(text: str) -> tuple[int, ...]:
    """Read `0-15`, `3`, or `0,2,4-7`."""
    found: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part)
        first = int(match[1]) if match else 1
        last = int(match[2] or first) if match else 0
        if first > last or last >= MOST_SHARDS:
            raise ValueError(f"{quoted(text)} are no shards such as 0-15")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        show_default=False,
        help="Read the token from a file of mode 0600; else DISCORD_TOKEN.",
    ),
]


@app.callback(invoke_without_command=True)
def run_bot(
    ctx: typer.Context,
    *,
    token_file: TokenFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check everything and end; no gateway.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="With --check: leave Discord alone.")
    ] = False,
    health_check: Annotated[
        bool, typer.Option("--health-check", help="Ask a running bot if it is ready.")
    ] = False,
    playground: Annotated[
        bool, typer.Option("--playground", help="Try the bot here, without Discord.")
    ] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the schema to head first.")
    ] = False,
    wait_db: Annotated[
        float,
        typer.Option(
            "--wait-db",
            metavar="DUR",
            parser=duration,
            show_default="60s",
            help="Longest wait for the database at the start.",
        ),
    ] = 60.0,
    sync_commands: Annotated[
        bool,
        typer.Option("--sync-commands", help="Register the commands, changed or not."),
    ] = False,
    clear_guild: Annotated[
        int | None,
        typer.Option(
            "--clear-guild",
            metavar="ID",
            parser=snowflake,
            show_default=False,
            help="With --sync-commands: remove a server's own commands.",
        ),
    ] = None,
    cogs: Annotated[
        str | None,
        typer.Option(
            "--cogs",
            metavar="A,B",
            parser=_parts,
            show_default=False,
            help="Load these parts of the bot only.",
        ),
    ] = None,
    shard_count: Annotated[
        int | None,
        typer.Option(
            "--shard-count",
            metavar="N",
            parser=whole(1, MOST_SHARDS),
            show_default=False,
            help="Shards of the whole bot; Discord's advice if not given.",
        ),
    ] = None,
    shards: Annotated[
        str | None,
        typer.Option(
            "--shards",
            metavar="0-15",
            parser=_shards,
            show_default=False,
            help="The shards of this process, out of --shard-count.",
        ),
    ] = None,
    log_format: Annotated[
        str,
        typer.Option(
            "--log-format",
            metavar="text|json",
            parser=one_of("text", "json"),
            help="How log lines on stderr look.",
        ),
    ] = "text",
    health: Annotated[
        str | None,
        typer.Option(
            "--health",
            metavar="HOST:PORT",
            parser=_endpoint,
            show_default=False,
            help="Answer /livez, /readyz and /metrics here.",
        ),
    ] = None,
) -> None:
    """Run the bot until SIGTERM or Ctrl-C; then it ends in order, with 0.

    Exits with 9 for a token, an intent or a setting that is refused, 7 if the database
    does not come, 3 if its schema is not at head.
    """
    if ctx.invoked_subcommand is not None:
        return
    _refuse(offline and not check, "--offline goes with --check")
    _refuse(
        clear_guild is not None and not sync_commands,
        "--clear-guild goes with --sync-commands",
    )
    chosen = partial(_chosen, token_file=token_file, cogs=cogs, health=health)
    if health_check:
        _ask(ctx, chosen)
        return
    _require_bot()
    if check:
        _check(ctx, chosen, offline=offline)
        return
    if playground:
        from tuxdb.cli.playground import playground as play

        play(ctx)
        return
    from tuxdb.bot.life import BotOptions

    options = BotOptions(
        migrate=migrate,
        wait_db=wait_db,
        sync_commands=sync_commands,
        clear_guild=clear_guild,
        shard_count=shard_count,
        shard_ids=_within_count(shards, shard_count),
        log_format=log_format,
        debug=invocation(ctx).debug,
    )
    run_with_settings(ctx, lambda settings: _live(chosen(settings), options=options))


@app.command()
def invite(
    ctx: typer.Context,
    *,
    token_file: TokenFile = None,
    application: Annotated[
        int | None,
        typer.Option(
            "--application",
            metavar="ID",
            parser=snowflake,
            show_default=False,
            help="The application's ID; asked of Discord with the token if not given.",
        ),
    ] = None,
    guild: Annotated[
        int | None,
        typer.Option(
            "--guild",
            metavar="ID",
            parser=snowflake,
            show_default=False,
            help="Choose this server beforehand.",
        ),
    ] = None,
) -> None:
    """Print the link that adds the bot to a server, with the permissions it needs."""
    _require_bot()
    from tuxdb.bot.invite import invitation

    run_with_settings(
        ctx,
        lambda settings: invitation(
            _chosen(settings, token_file=token_file), application, guild
        ),
        sentence=lambda found: found.url,
    )


def _refuse(wrong: bool, why: str) -> None:
    if wrong:
        raise UsageError(why, hint="tuxdb run-bot --help")


def _within_count(shards: Any, count: int | None) -> tuple[int, ...] | None:  # noqa: ANN401
    _refuse(shards is not None and count is None, "--shards goes with --shard-count")
    if shards is not None and count is not None:
        highest = max(shards)
        _refuse(highest >= count, f"--shards: there is no shard {highest} of {count}")
    return None if shards is None else tuple(shards)


def _require_bot() -> None:
    """Refuse at once, and in one line, where the bot's libraries are not there."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"the bot needs {' and '.join(missing)}, not installed here",
            hint=INSTALL,
        )


def _chosen(settings: Settings, **flags: object) -> Settings:
    """The settings with what was typed for this run."""
    keys = {"token_file": "discord_token_file", "cogs": "bot_cogs"}
    keys |= {"health": "bot_health"}
    given = {name: value for name, value in flags.items() if value is not None}
    origins = {keys[name]: Origin(f"flag --{name.replace('_', '-')}") for name in given}
    return replace(
        settings,
        **{keys[name]: value for name, value in given.items()},  # type: ignore[arg-type]
        origins={**settings.origins, **origins},
    )


async def _live(settings: Settings, *, options: "BotOptions") -> None:
    import asyncio

    from tuxdb.bot.life import STOP_SECONDS, run_bot

    stop = asyncio.Event()
    with told(stop.set, STOP_SECONDS):
        await run_bot(settings, options, stop)


def _ask(ctx: typer.Context, chosen: Chosen) -> None:
    run_with_settings(
        ctx,
        lambda settings: answer(chosen(settings)),
        sentence=lambda found: found["detail"],
        exit_code=lambda found: 0 if found["ready"] else 1,
    )


def _check(ctx: typer.Context, chosen: Chosen, *, offline: bool) -> None:
    from tuxdb.bot.check import check

    run_with_settings(
        ctx,
        lambda settings: check(chosen(settings), offline=offline),
        columns=COLUMNS,
        uncut=COLUMNS,
        exit_code=lambda found: found.exit_code,
    )
