"""`tuxdb db`: the embedded server, and the way to the database."""

import os
import signal
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tuxdb.cli.edits import author_of
from tuxdb.cli.escape import escape
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.options import GUARDED, RECORDED
from tuxdb.cli.render import flush, write
from tuxdb.cli.run import run, run_with_settings
from tuxdb.cli.target import marker_of
from tuxdb.errors import ConfigurationError, DatabaseUnavailable
from tuxdb.settings import Settings

if TYPE_CHECKING:
    from tuxdb.controllers.guard import Protection
    from tuxdb.database import Database
    from tuxdb.engine.embedded import Cluster

app = App(help="Run the embedded server; reach the database; protect it.")

EMBEDDED_DATABASE = "tuxdb"


@app.command()
def start(ctx: typer.Context) -> None:
    """Start the embedded server, making its cluster first if need be."""
    run_with_settings(ctx, _start, sentence=_running)


@app.command()
def stop(ctx: typer.Context) -> None:
    """Stop the embedded server; its clients are cut off."""
    run_with_settings(ctx, _stop, sentence=_stopped)


@app.command()
def status(ctx: typer.Context) -> None:
    """Show what is running, where, and of which version; starts nothing."""
    run_with_settings(ctx, _status)


@app.command(writes=RECORDED)
def protect(
    ctx: typer.Context,
    *,
    environment: Annotated[
        str,
        typer.Option(
            "--environment", metavar="NAME", help="What it is, such as production."
        ),
    ],
) -> None:
    """Mark the database, in the database: no seeds, and consent by name only."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.guard.protect(environment, author_of(call, "db protect")),
        sentence=_protected,
    )


@app.command(writes=GUARDED)
def unprotect(ctx: typer.Context) -> None:
    """Take the mark away; the database's name has to be typed, or given --confirm."""
    call = invocation(ctx)
    run(ctx, partial(_unprotect, call=call), sentence=_protected)


@app.command()
def url(
    ctx: typer.Context,
    show_secret: Annotated[
        bool, typer.Option("--show-secret", help="Print the password as well.")
    ] = False,
) -> None:
    """Print the database's URL; the embedded server is started, so that it answers."""
    run_with_settings(
        ctx, partial(_url, show_secret=show_secret), sentence=lambda shown: shown["url"]
    )


@app.command()
def psql(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENTS]", help="Options of psql, after --."),
    ] = None,
) -> None:
    """Open psql on the database; the password travels by its environment only."""
    call = invocation(ctx)
    run_with_settings(ctx, partial(_psql, call=call, arguments=arguments or []))


@app.command()
def logs(
    ctx: typer.Context,
    lines: Annotated[
        int, typer.Option("-n", "--lines", min=0, max=100_000, help="How many.")
    ] = 50,
    follow: Annotated[
        bool, typer.Option("-f", "--follow", help="Go on with new lines; Ctrl-C ends.")
    ] = False,
) -> None:
    """Show the last lines of the embedded server's log."""
    work = partial(_follow, lines=lines) if follow else partial(_logs, lines=lines)
    run_with_settings(ctx, work, sentence=list, row=lambda line: {"line": line})


def _cluster(settings: Settings) -> "Cluster":
    """The embedded server, unless the settings name another one."""
    from tuxdb.engine.embedded import Cluster

    if settings.url is not None:
        raise ConfigurationError(
            f"the database is {settings.url.display()} ({settings.origin('url')}), "
            "not the embedded server",
            hint="unset that URL to use the embedded server",
        )
    return Cluster.of(settings)


def _start(settings: Settings) -> Mapping[str, object]:
    cluster = _cluster(settings)
    before = cluster.status()
    cluster.start()
    found = cluster.status()
    started = not before.running or found.pid != before.pid
    return {"started": started, **asdict(found)}


def _running(status: Mapping[str, object]) -> str:
    return (
        f"{'running' if status['started'] else 'already running'}: "
        f"PostgreSQL {status['version']}, process {status['pid']}, "
        f"data in {status['data']}"
    )


def _stop(settings: Settings) -> Mapping[str, bool]:
    return {"stopped": _cluster(settings).stop()}


def _stopped(outcome: Mapping[str, bool]) -> str:
    return "stopped" if outcome["stopped"] else "was not running"


async def _unprotect(db: "Database", call: Invocation) -> "Protection":
    before = await db.guard.protection()
    if not before.protected:
        return before
    call.consent(
        f"this takes the protection of {before.place} away",
        name=before.database,
        recorded=True,
    )
    return await db.guard.unprotect(author_of(call, "db unprotect"))


def _protected(found: "Protection") -> str:
    if found.protected:
        return f"{found.database} is protected: {found.environment}"
    return f"{found.database} is not protected"


async def _status(settings: Settings) -> Mapping[str, object]:
    if settings.url is not None:
        return await _reach(settings)
    status = _cluster(settings).status()
    found = {"server": "embedded", **asdict(status)}
    there = status.running and EMBEDDED_DATABASE in status.databases
    marker = await marker_of(settings, at_head=False) if there else None
    return {**found, "protected": marker}


async def _reach(settings: Settings) -> Mapping[str, object]:
    """What can be said of a server that is not ours to run."""
    from tuxdb.migrate.connection import opened
    from tuxdb.migrate.state import protection

    found: dict[str, object] = {"server": settings.shown("url"), "running": False}
    try:
        async with opened(settings) as connection:
            version = connection.get_settings().server_version
            return {
                **found,
                "running": True,
                "version": version.split()[0],
                "protected": await protection(connection),
            }
    except DatabaseUnavailable as error:
        return {**found, "problem": error.message}


def _url(settings: Settings, *, show_secret: bool) -> Mapping[str, str]:
    from tuxdb.engine.psql import url_of

    address = url_of(settings)
    return {"url": address.reveal() if show_secret else address.masked()}


def _psql(settings: Settings, *, call: Invocation, arguments: list[str]) -> None:
    """Become psql."""
    from tuxdb.engine import psql

    address = psql.url_of(settings)
    found = psql.find_psql(settings.pg_bindir, tls=psql.can_matter(address))
    warning = psql.check_tls(found, address)
    if warning:
        call.warn(warning)
    flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python has it ignored
    command = ["psql", *arguments]
    os.execve(found.program, command, psql.variables(address))  # noqa: S606 - no shell


def _logs(settings: Settings, *, lines: int) -> list[str]:
    from tuxdb.engine.serverlog import last_lines

    return last_lines(_cluster(settings).log, lines)


def _follow(settings: Settings, *, lines: int) -> None:
    from tuxdb.engine.serverlog import follow

    for line in follow(_cluster(settings).log, lines):
        write(f"{escape(line)}\n")
        flush()
