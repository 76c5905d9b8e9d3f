"""The work behind `tuxdb audit`: read, ask the schema, judge."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tuxdb.cli.audit_imports import imported_models
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.progress import Bar
from tuxdb.cli.run import run_with_settings
from tuxdb.errors import ConfigurationError, UsageError
from tuxdb.settings import Settings, environment

if TYPE_CHECKING:
    from tuxdb.audit.asking import Request
    from tuxdb.audit.fix.plan import Plan
    from tuxdb.audit.options import Options
    from tuxdb.audit.run import Gathered, Report
    from tuxdb.audit.verdicts import Asked


@dataclass(frozen=True)
class Outcome:
    """The report, and the plan of the fixes where it was wanted."""

    report: "Report"
    plan: "Plan | None" = None


def audited(
    ctx: typer.Context,
    paths: list[Path],
    options: "Options",
    request: "Request",
) -> Outcome:
    """Audit a tree."""
    from tuxdb.audit.run import gather, judge

    if request.import_models:
        imported = imported_models(invocation(ctx), paths[0])
        request = replace(request, imported=imported)
    with Bar(invocation(ctx)) as bar:
        gathered = gather(paths, options, told=bar.update)
        if request.imported is not None:
            gathered = replace(gathered, modelled=request.imported.tables)
        if not _needed(gathered, request):
            return Outcome(judge(gathered, options))
        folder = project_of(paths[0])
        if not any(path.resolve() == folder.resolve() for path in paths):
            request = replace(request, around=lambda: gather([folder], options))
        found = _asked(ctx, paths, gathered, options, request, bar=bar)
    return Outcome(judge(gathered, options, found.answers), found.plan)


def _needed(gathered: "Gathered", request: "Request") -> bool:
    """Whether the SQL side has something to say."""
    if request.named or request.plans:
        return True
    return request.schema is not None and any(one.queries for one in gathered.facts)


def _asked(
    ctx: typer.Context,
    paths: list[Path],
    gathered: "Gathered",
    options: "Options",
    request: "Request",
    *,
    bar: Bar,
) -> "Asked":
    from tuxdb.audit.asking import asked
    from tuxdb.audit.options import project

    own_settings(invocation(ctx))
    found: list[Asked] = []

    async def work(settings: Settings) -> None:
        found.append(
            await asked(
                settings,
                gathered,
                request,
                options,
                project=project(paths[0]),
                told=bar.update,
            )
        )

    run_with_settings(ctx, work)
    return found[0]


def own_settings(call: Invocation) -> None:
    """Settings that lead to the embedded server, whatever the audited bot configures.

    The `.env` of a bot may name a database that is none of tuxdb's.
    """
    try:
        _ = call.settings
    except ConfigurationError:
        own = {k: v for k, v in environment().items() if k in OWN}
        call.settings = Settings.load(environ=own, cwd=Path(Path.cwd().anchor))


PROJECT = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
OWN = ("HOME", "TUXDB_HOME", "TUXDB_PG_BINDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


def project_of(path: Path) -> Path:
    """The folder of the project that a path is of, else its own folder."""
    start = path.absolute()
    start = start if start.is_dir() else start.parent
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in PROJECT):
            return folder
        if folder == Path.home():
            break
    return start


def existing(paths: list[Path]) -> list[Path]:
    """The paths, all of which are there; raises UsageError."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or folder {str(path)!r}")
    return paths
