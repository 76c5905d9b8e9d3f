"""How groups and commands are made: Typer's, with what all of ours share.

A group is a module with an `app`:

    app = App(help="Move points between users.")

    @app.command(writes=RECORDED)
    def grant(ctx: typer.Context, guild: GuildId, user: UserId, points: Amount) -> None:
        '''Give a user new points.'''
        call = invocation(ctx)
        run(ctx, lambda db: db.points.grant(guild, user, points, actor=call.actor))

and a line in the table of `main.py`. Its docstring is the command's help. Without a
command a group prints its help, unless it has a callback that may run alone:
`@app.callback(invoke_without_command=True, writes=GUARDED)`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from tuxdb.cli.options import (
    GLOBAL_OPTIONS,
    GLOBAL_PANEL,
    WAIT,
    WAIT_DEFAULT,
    writing_options,
)
from tuxdb.cli.parsers import closest, plain_text, whole
from tuxdb.errors import UsageError

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

WIDEST_HELP = 100
SETTINGS = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": WIDEST_HELP,
}


class _Plain:
    """Reads one parameter without pydantic, whose import doubles a small command."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self.parse = parse

    def coerce(self, value: Any, param: Any, ctx: typer.Context) -> Any:  # noqa: ANN401
        if param.multiple or param.nargs == -1:
            return [self._one(item, param, ctx) for item in value or ()]
        return None if value is None else self._one(value, param, ctx)

    def _one(self, value: object, param: Any, ctx: typer.Context) -> object:  # noqa: ANN401
        if not isinstance(value, str):
            return value  # a default
        try:
            return self.parse(plain_text(value))
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from error


def _parser_of(param: Any) -> Callable[[str], object] | None:  # noqa: ANN401
    info = param.type_descriptor.parameter_info
    kind = param.type_descriptor.annotation
    if info.parser is not None:
        parser: Callable[[str], object] = info.parser
        return parser
    if kind is str or kind == list[str]:
        return plain_text
    if kind is int:
        lowest = -(2**63) if info.min is None else int(info.min)
        return whole(lowest, 2**63 - 1 if info.max is None else int(info.max))
    if kind is bool:
        return lambda text: text == "true"
    return Path if kind is Path else None


def _prepare(params: Sequence[Any], writes: Sequence[str]) -> list[Any]:
    """Own parameters first, then the shared ones that they do not replace."""
    writing = writing_options() if writes else {}
    shared = [*(writing[name] for name in writes), *GLOBAL_OPTIONS.values()]
    taken = {name for param in params for name in param.opts}
    found = [*params, *(param for param in shared if taken.isdisjoint(param.opts))]
    return [light(param) for param in found]


def light(param: Any) -> Any:  # noqa: ANN401
    """Have a parameter read without pydantic, where its kind is a simple one."""
    parse = None if param is None else _parser_of(param)
    if parse is not None:
        param._runtime_param = _Plain(parse)
    return param


def _fill_in(arguments: list[str]) -> list[str]:
    """Give `--wait` its value where it stands alone."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    alone = f"{WAIT}={WAIT_DEFAULT}"
    return [alone if a == WAIT else a for a in arguments[:end]] + arguments[end:]


def _sections(command: Any, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
    """Write the parameters under headings; global ones by name, outside of the root."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        kind = "Arguments" if param.param_type_name == "argument" else "Options"
        panel = getattr(param, "rich_help_panel", None) or kind
        name, text = record
        sections.setdefault(panel, []).append((name.replace(" [=", "[="), text))
    brief = ctx.parent is not None
    if brief:
        sections.pop(GLOBAL_PANEL, None)
    for title, records in sections.items():
        with formatter.section(title):
            formatter.write_dl(records)
    if brief:
        with formatter.section(f"{GLOBAL_PANEL} (described by `tuxdb --help`)"):
            names = [param.opts[0] for param in GLOBAL_OPTIONS.values()]
            formatter.write_text(" ".join(names))


class Command(TyperCommand):
    """A command that accepts the global options, and those for changes if it writes."""

    writes: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.params = _prepare(self.params, self.writes)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """Return the option -h, --help."""
        return light(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Parse, with the option filled in that may stand without its value."""
        return super().parse_args(ctx, _fill_in(args))

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the sections of the help."""
        _sections(self, ctx, formatter)


class Group(TyperGroup):
    """A group whose help is what it prints when nothing is asked of it."""

    writes: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.params = _prepare(self.params, self.writes)

    def get_help_option(self, ctx: Any) -> Any:  # noqa: ANN401
        """Return the option -h, --help."""
        return light(super().get_help_option(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Parse; without any argument, print the help."""
        alone = not args and not self.invoke_without_command
        if alone and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, _fill_in(args))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Find the command, or say which one may have been meant."""
        if args[0].startswith("-") or self.get_command(ctx, args[0]) is not None:
            return super().resolve_command(ctx, args)
        if ctx.resilient_parsing:
            return None, None, args[1:]
        near = closest(args[0], self.list_commands(ctx))
        hint = f"did you mean {near!r}?" if near else f"{ctx.command_path} --help"
        raise UsageError(f"no such command {args[0]!r}", hint=hint)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the commands first, then the sections of the help."""
        self.format_commands(ctx, formatter)
        _sections(self, ctx, formatter)


class App(typer.Typer):
    """A group to which commands are added with `@app.command()`."""

    def __init__(
        self,
        *,
        help: str,  # noqa: A002 - Typer's name
        cls: type[Group] = Group,
        completion: bool = False,
    ) -> None:
        super().__init__(
            help=help,
            cls=cls,
            add_completion=completion,
            context_settings=SETTINGS,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
        )

    def command(
        self,
        name: str | None = None,
        *,
        writes: Sequence[str] = (),
        **options: Any,  # noqa: ANN401
    ) -> Callable[[CommandT], CommandT]:
        """Add a command; `writes` is CHANGES, RECORDED or GUARDED of options.py."""
        cls = type("Command", (Command,), {"writes": tuple(writes)})
        return super().command(
            name, cls=cls, context_settings=SETTINGS, rich_help_panel=None, **options
        )

    def callback(
        self,
        *,
        writes: Sequence[str] = (),
        group: type[Group] = Group,
        **options: Any,  # noqa: ANN401
    ) -> Callable[[CommandT], CommandT]:
        """Set what runs for the group itself."""
        cls = type("Group", (group,), {"writes": tuple(writes)})
        return super().callback(cls=cls, context_settings=SETTINGS, **options)
