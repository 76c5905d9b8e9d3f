"""Options: those of every command, those of commands that write, and types to use.

Every command accepts the global options, before and after its name, and never sees
them: they end up in the `Invocation` (`ctx.obj`). A command that changes something
says so, and gets the options for it in the same way:

    app = App(help="Members of a guild.")

    @app.command(writes=CHANGES)
    def add(ctx: typer.Context, guild: GuildId, name: Name) -> None:
        '''Add a member.'''
        run(ctx, lambda db: db.user.create_user(...))

`CHANGES` is `--dry-run --yes` and the timeouts; `RECORDED` adds `--actor --reason`;
`GUARDED` adds `--confirm`. Their values: `ctx.obj.dry_run`, `.yes`, `.actor`, ...

Parameters of type `str` refuse NUL and invalid UTF-8, those of type `int` anything
but ASCII digits in their range; others name a parser: `typer.Option(parser=amount)`.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tuxdb.cli.parsers import (
    amount,
    duration,
    names,
    one_of,
    page_size,
    snowflake,
)

if TYPE_CHECKING:
    from typer.core import TyperOption

FORMATS = ("table", "tsv", "csv", "json", "ndjson")
COLORS = ("auto", "always", "never")
GLOBAL_PANEL = "Global options"
WRITING_PANEL = "Options for changes"
WAIT = "--wait"
WAIT_DEFAULT = "30s"

CHANGES = ("dry_run", "yes", "lock_timeout", "statement_timeout")
RECORDED = ("dry_run", "yes", "actor", "reason", "lock_timeout", "statement_timeout")
GUARDED = (*RECORDED, "confirm")


def _option(*names: str, text: str, metavar: str | None = None, **rest: Any) -> Any:  # noqa: ANN401
    parser: Callable[[str], object] | None = rest.pop("parser", None)
    return typer.Option(
        *names,
        help=text,
        metavar=metavar,
        parser=parser,
        show_default=False,
        rich_help_panel=rest.pop("panel", GLOBAL_PANEL),
    )


def _global_options(
    *,
    url: Annotated[
        str | None,
        _option("--url", metavar="URL", text="Database to work on; no password here."),
    ] = None,
    url_file: Annotated[
        str | None,
        _option(
            "--url-file",
            metavar="PATH|-",
            text="Read the URL from a file of mode 0600, or from stdin.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        _option("--profile", metavar="NAME", text="Use [profiles.NAME] of the config."),
    ] = None,
    config: Annotated[
        str | None,
        _option("--config", metavar="PATH", text="Read this configuration file."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        _option(
            "--format",
            metavar="|".join(FORMATS),
            parser=one_of(*FORMATS),
            text="table on a terminal, else tsv, unless given.",
        ),
    ] = None,
    json: Annotated[
        bool | None, _option("--json", text="The same as --format json.")
    ] = None,
    columns: Annotated[
        str | None,
        _option("--columns", metavar="A,B", parser=names, text="Show these columns."),
    ] = None,
    no_headers: Annotated[
        bool | None, _option("--no-headers", text="Leave out the header line.")
    ] = None,
    quiet: Annotated[
        bool | None, _option("--quiet", "-q", text="Errors only on stderr.")
    ] = None,
    verbose: Annotated[
        bool | None, _option("--verbose", "-v", text="Say more on stderr.")
    ] = None,
    debug: Annotated[
        bool | None, _option("--debug", text="Show tracebacks, without secrets.")
    ] = None,
    color: Annotated[
        str | None,
        _option(
            "--color",
            metavar="|".join(COLORS),
            parser=one_of(*COLORS),
            text="Colour on terminals, always or never.",
        ),
    ] = None,
    no_input: Annotated[
        bool | None, _option("--no-input", text="Never ask; refuse instead.")
    ] = None,
    wait: Annotated[
        float | None,
        _option(
            WAIT,
            metavar="[=DUR]",
            parser=duration,
            text=f"Wait for the server, {WAIT_DEFAULT} if not given.",
        ),
    ] = None,
    connect_timeout: Annotated[
        float | None,
        _option(
            "--connect-timeout",
            metavar="DUR",
            parser=duration,
            text="Longest wait for a connection.",
        ),
    ] = None,
) -> None:
    """Carry the options of every command; never called."""


def _writing_options(
    *,
    dry_run: Annotated[
        bool | None,
        _option(
            "--dry-run", "-n", panel=WRITING_PANEL, text="Do it, show it, undo it."
        ),
    ] = None,
    yes: Annotated[
        bool | None,
        _option("--yes", "-y", panel=WRITING_PANEL, text="Agree without being asked."),
    ] = None,
    confirm: Annotated[
        str | None,
        _option(
            "--confirm",
            metavar="NAME",
            panel=WRITING_PANEL,
            text="Agree by naming the database.",
        ),
    ] = None,
    actor: Annotated[
        str | None,
        _option(
            "--actor",
            metavar="NAME",
            panel=WRITING_PANEL,
            text="Who is recorded; else $TUXDB_ACTOR or user@host.",
        ),
    ] = None,
    reason: Annotated[
        str | None,
        _option(
            "--reason", metavar="TEXT", panel=WRITING_PANEL, text="Why, for the record."
        ),
    ] = None,
    lock_timeout: Annotated[
        float | None,
        _option(
            "--lock-timeout",
            metavar="DUR",
            parser=duration,
            panel=WRITING_PANEL,
            text="Longest wait for a lock.",
        ),
    ] = None,
    statement_timeout: Annotated[
        float | None,
        _option(
            "--statement-timeout",
            metavar="DUR",
            parser=duration,
            panel=WRITING_PANEL,
            text="Longest run of a statement.",
        ),
    ] = None,
) -> None:
    """Carry the options of commands that change something; never called."""


def _built(function: Callable[..., None]) -> "dict[str, TyperOption]":
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    return {
        param.name: _remembered(param) for param in typer.main.get_command(app).params
    }


def _remembered(param: Any) -> "TyperOption":  # noqa: ANN401 - Typer's own is private
    param.expose_value = False
    param.is_eager = True  # so that `--json` is known when another option is wrong
    param.callback = _remember
    option: TyperOption = param
    return option


def _remember(ctx: typer.Context, param: Any, value: object) -> object:  # noqa: ANN401
    if value is not None and ctx.obj is not None and not ctx.resilient_parsing:
        ctx.obj.given[param.name] = value
    return value


GLOBAL_OPTIONS = _built(_global_options)


@cache
def writing_options() -> "dict[str, TyperOption]":
    """Every option for changes, by name; built only for commands that write."""
    return _built(_writing_options)


class Paging(NamedTuple):
    """Which page is wanted: `Paging(limit, after, all_pages)`."""

    limit: int
    after: str | None = None
    all_pages: bool = False


GuildId = Annotated[
    int,
    typer.Option("--guild", metavar="ID", parser=snowflake, help="Discord server."),
]
UserId = Annotated[
    int, typer.Option("--user", metavar="ID", parser=snowflake, help="Discord user.")
]
Amount = Annotated[
    int, typer.Option("--amount", metavar="N", parser=amount, help="Points, 1 or more.")
]
Limit = Annotated[
    int,
    typer.Option(
        "--limit", metavar="N", parser=page_size, help="Rows on a page, 1 to 1000."
    ),
]
After = Annotated[
    str | None,
    typer.Option(
        "--after",
        metavar="CURSOR",
        show_default=False,
        help="Go on behind this cursor.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="All rows, page after page.")]
Key = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        show_default=False,
        help="Applies once, however often it is sent; made and printed if not given.",
    ),
]
