"""The one bridge from a command to its use case, and the end of every error.

A command names a use case; `run` opens the database, awaits it, and writes what it
returned. `run_pages` does so for pages, `run_with_settings` for work that opens no
`Database`:

    @app.command()
    def show(ctx: typer.Context, guild: GuildId, user: UserId) -> None:
        '''Show everything known of one member.'''
        run(ctx, lambda db: db.user.require_member(guild, user), guild=guild)

    @app.command()
    def status(ctx: typer.Context) -> None:
        '''Show each revision and its state.'''
        run_with_settings(ctx, migrate.status, columns=("revision", "state"))

What a use case returns is rows: a `Page` or a list (of models, dataclasses or
mappings), one such object, or an asynchronous iterator of lists, which is written as
it comes. None is nothing. `render.Output` lists what can be said about the rows.

A use case fails by raising; `execute` turns a TuxdbError into a sentence and an exit
code, and everything unforeseen into one line and a report.
"""

import errno
import gc
import inspect
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Sequence,
)
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import typer
from typer.exceptions import TyperException

from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.options import Paging
from tuxdb.cli.parsers import LARGEST_PAGE, closest
from tuxdb.cli.render import Output, OutputClosed, Renderer, abandon_stdout
from tuxdb.cli.report import report, show_traceback
from tuxdb.cli.signals import Interrupted, cancellable, held, interruptible
from tuxdb.cli.target import marker_of, reachable, require_head, target
from tuxdb.errors import (
    ExitCode,
    NotFound,
    SchemaBehind,
    TuxdbError,
    UsageError,
)
from tuxdb.settings import Settings, environment

if TYPE_CHECKING:
    from tuxdb.database import Database
    from tuxdb.repositories import Page

    UseCase = Callable[[Database], Awaitable[object] | AsyncIterator[object]]

UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EBADF)
COMPLETING = "_TUXDB_COMPLETE"
LIKENESS = 0.74  # --username is --user by mistake, --to is not --actor


def run(
    ctx: typer.Context,
    use_case: "UseCase",
    *,
    guild: int | None = None,
    known_guild: int | None = None,
    rolls_back: bool = True,
    foreign: bool = False,
    **output: Any,  # noqa: ANN401 - the fields of Output
) -> None:
    """Run one use case to its end and write its result.

    Where nothing is found, an unknown `guild` is the reason to name; `known_guild`
    is looked for beforehand, which costs a round trip. With --dry-run the changes
    are rolled back, unless `rolls_back=False` says that the use case looks after
    that itself. A `foreign` database, of which tuxdb has no revision, is refused
    unless the use case can do with it. Other keywords are those of `Output`.
    """
    call, renderer = _begin(ctx, output)

    async def work() -> object:
        from tuxdb.database import Database  # SQLAlchemy loads here, not on --help

        _collect_garbage()
        async with Database.open(call.settings) as db:
            try:
                if _writes(ctx):
                    await _announce(call, at_head=True, foreign=foreign)
                if known_guild is not None:
                    await db.guild.require(known_guild)
                if call.dry_run and rolls_back:
                    return await _rolled_back(call, db, use_case)
                return await _finish(use_case(db), renderer)
            except SchemaBehind:
                if not foreign:
                    await require_head(call.settings)
                raise
            except NotFound:
                if guild is not None:
                    await db.guild.require(guild)
                raise

    _end(renderer, _loop(call, work))


def run_pages(
    ctx: typer.Context,
    page: "Callable[[Database, str | None, int], Awaitable[Page[Any]]]",
    paging: Paging,
    *,
    guild: int | None = None,
    **output: Any,  # noqa: ANN401 - the fields of Output
) -> None:
    """Run a use case that returns a page; with --all, one page after another.

    `page` is called with the database, the cursor and the size of a page.
    """

    async def one(
        db: "Database", after: str | None = paging.after, size: int = paging.limit
    ) -> "Page[Any]":
        found = await page(db, after, size)
        if guild is not None and after is None and not found.items:
            await db.guild.require(guild)
        return found

    async def every(db: "Database") -> AsyncIterator[object]:
        found = await one(db, size=LARGEST_PAGE)
        yield found.items
        while found.next is not None:
            found = await one(db, found.next, LARGEST_PAGE)
            yield found.items

    run(ctx, every if paging.all_pages else one, guild=guild, **output)


def run_with_settings(
    ctx: typer.Context,
    work: Callable[[Settings], object],
    **output: Any,  # noqa: ANN401 - the fields of Output
) -> None:
    """Run work that opens no `Database`, plain or async, and write its result."""
    call, renderer = _begin(ctx, output)
    _collect_garbage()
    if _writes(ctx):
        _loop(call, lambda: _announce(call, at_head=False))
    outcome = work(call.settings)
    if inspect.isawaitable(outcome) or isinstance(outcome, AsyncIterator):
        outcome = _loop(call, lambda: _finish(outcome, renderer))
    _end(renderer, outcome)


def execute(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code. Every error ends here."""
    call = Invocation(arguments)
    sys.excepthook = partial(report, call)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        with interruptible():
            return _dispatch(call)
    except TuxdbError as error:
        return _failed(call, error)
    except TyperException as error:
        return _failed(call, _usage_error(error))
    except typer.Exit as end:
        return end.exit_code
    except (Interrupted, KeyboardInterrupt) as signal:
        return int(getattr(signal, "exit_code", ExitCode.INTERRUPTED))
    except OutputClosed:
        return ExitCode.OK
    except OSError as error:  # Typer wrote a help page
        if error.errno not in UNWRITABLE:
            raise
        abandon_stdout()
        return ExitCode.OK if error.errno == errno.EPIPE else ExitCode.UNEXPECTED


def _dispatch(call: Invocation) -> int:
    from tuxdb.cli.main import command

    root = command()
    if COMPLETING in environment():
        root.main(prog_name="tuxdb")
    with root.make_context("tuxdb", list(call.arguments), obj=call) as ctx:
        root.invoke(ctx)
    sys.stdout.flush()
    return ExitCode.OK


def _failed(call: Invocation, error: TuxdbError) -> int:
    if call.debug:
        show_traceback(call, error)
    call.show_error(error)
    return error.exit_code


def _usage_error(error: TyperException) -> TuxdbError:
    """Say Typer's errors in the words of the others."""
    param = getattr(error, "param", None)
    if isinstance(error, typer.BadParameter) and param is not None and error.message:
        name = param.opts[0] if param.opts[0].startswith("-") else param.name.upper()
        return UsageError(f"{name}: {error.message}")
    text = error.format_message().rstrip(".")
    ctx = getattr(error, "ctx", None)
    hint = f"{ctx.command_path} --help" if ctx else None
    unknown = getattr(error, "option_name", None)
    if unknown and ctx and hasattr(error, "possibilities"):
        text = str(error.message)
        hint = _instead(unknown, ctx) or hint
    return UsageError(text[:1].lower() + text[1:], hint=hint)


def _instead(option: str, ctx: typer.Context) -> str | None:
    """What was probably meant by an option that a command does not have."""
    params = ctx.command.get_params(ctx)
    name = option.lstrip("-")
    if any(p.name == name and p.param_type_name == "argument" for p in params):
        return f"{name.upper()} stands without {option}; {ctx.command_path} --help"
    near = closest(option, [text for p in params for text in p.opts], LIKENESS)
    return f"did you mean {near}?" if near else None


def _begin(ctx: typer.Context, output: dict[str, Any]) -> tuple[Invocation, Renderer]:
    """Check what can be checked before anything is opened."""
    call = invocation(ctx)
    output.setdefault("schema", f"{ctx.command_path.replace(' ', '.')}/1")
    renderer = Renderer(call, Output(**output))
    settings = call.settings
    if call.wait:
        _loop(call, lambda: reachable(settings, call.wait))
    return call, renderer


async def _announce(call: Invocation, *, at_head: bool, foreign: bool = False) -> None:
    """Name what is about to be changed, as the database itself says what it is."""
    marker = None
    try:
        marker = await marker_of(call.settings, at_head=at_head, foreign=foreign)
    finally:
        call.say(f"target: {target(call.settings, marker)}")
        if call.new_key:
            call.say(f"idempotency key: {call.new_key}")


def _collect_garbage() -> None:
    """Have garbage collected from here on, but nothing that start-up has made."""
    gc.freeze()
    gc.enable()


def _writes(ctx: typer.Context) -> bool:
    return bool(getattr(ctx.command, "writes", ()))


def _end(renderer: Renderer, result: object) -> None:
    renderer.show(result)
    found = renderer.output.found
    if found is not None and found(result):
        raise typer.Exit(ExitCode.FOUND)
    if renderer.output.exit_code is not None:
        raise typer.Exit(renderer.output.exit_code(result))


def _loop(call: Invocation, work: Callable[[], Awaitable[object]]) -> object:
    import asyncio  # with its ssl and logging it would double the time of --help
    import logging

    if not call.debug:  # what closing a broken connection meets with is no news
        logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())

    def stray(_loop: object, context: dict[str, Any]) -> None:
        """Hear of a failure that nobody awaits; no error of this command."""
        if call.debug and isinstance(context.get("exception"), BaseException):
            show_traceback(call, context["exception"])

    async def main() -> object:
        asyncio.get_running_loop().set_exception_handler(stray)
        return await cancellable(work)

    with held():
        return asyncio.run(main())


async def _finish(outcome: object, renderer: Renderer) -> object:
    """Await a use case; or write what it yields, as it comes."""
    if isinstance(outcome, AsyncGenerator):
        async with aclosing(outcome):  # what it holds is let go, whoever stops first
            await renderer.stream(outcome)
        return None
    return await outcome if inspect.isawaitable(outcome) else outcome


class _Undo(Exception):
    """Leaves a transaction so that it is rolled back."""


async def _rolled_back(call: Invocation, db: "Database", use_case: "UseCase") -> object:
    result: object = None
    try:
        async with db.transaction():
            outcome = use_case(db)
            result = await outcome if inspect.isawaitable(outcome) else outcome
            raise _Undo
    except _Undo:
        call.say("dry run: nothing was changed")
        return result
