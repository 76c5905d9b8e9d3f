"""`tuxdb audit`: raw SQL in Python source, found, judged, rewritten and proved."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.audit_fix import AUTO, FixWish
from tuxdb.cli.audit_fix import fix as apply_fixes
from tuxdb.cli.audit_models import models
from tuxdb.cli.escape import escape, escape_json
from tuxdb.cli.groups import App, Group
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.parsers import one_of
from tuxdb.cli.render import flush, write
from tuxdb.cli.run import run_with_settings
from tuxdb.errors import ConfigurationError, ExitCode, NotFound, UsageError

if TYPE_CHECKING:
    from tuxdb.audit.options import Options
    from tuxdb.audit.run import Report
    from tuxdb.settings import Settings

FORMATS = (
    "table",
    "concise",
    "json",
    "ndjson",
    "jsonl",
    "sarif",
    "github",
    "markdown",
)
DOCUMENTS = ("json", "ndjson", "jsonl", "sarif")
SHAPES = ("session", "repository")
SEVERITIES = ("error", "warning", "info")
SCAN = "scan"


class AuditGroup(Group):
    """A group whose usual command need not be named: `tuxdb audit PATH…`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Put the usual command in front, unless another one is named."""
        words = [arg for arg in args if not arg.startswith("-")]
        named = bool(words) and words[0] in self.commands
        flags = args[: args.index(words[0])] if named else args
        plain = all("=" in flag or flag in _SWITCHES for flag in flags)
        asks = not ctx.resilient_parsing and args in (["-h"], ["--help"])
        if not asks and not (named and plain):
            args = [SCAN, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write how the usual command is called."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [PATH]...")

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the options of the usual command, and the other commands."""
        self.format_commands(ctx, formatter)
        scan_command = self.commands[SCAN]
        inner = scan_command.make_context(SCAN, [], parent=ctx, resilient_parsing=True)
        scan_command.format_options(inner, formatter)


_SWITCHES = ("--json", "--quiet", "-q", "--verbose", "-v", "--debug", "--no-input")

app = App(
    help="Find raw SQL in Python source, judge it, and offer its equal.\n\n"
    "Nothing that is read is ever imported or run, and nothing is written unless a "
    "flag asks for it. Needs no configuration and no database.",
    cls=AuditGroup,
)


@app.callback(group=AuditGroup, invoke_without_command=True)
def _audit() -> None:
    pass


@app.command(SCAN, hidden=True)
def scan(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders; else this one."),
    ] = None,
    *,
    format: Annotated[  # noqa: A002 - the option's name
        str,
        typer.Option(
            "--format",
            metavar="|".join(FORMATS),
            parser=one_of(*FORMATS),
            help="How the report is written.",
        ),
    ] = "table",
    select: Annotated[
        list[str] | None,
        typer.Option("--select", metavar="RULE,…", help="Report these rules alone."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="RULE,…", help="Leave these rules out."),
    ] = None,
    severity: Annotated[
        str | None,
        typer.Option(
            "--severity",
            metavar="|".join(SEVERITIES),
            parser=one_of(*SEVERITIES),
            help="Report from this severity on.",
            show_default=False,
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="error|warning|info|never",
            parser=one_of(*SEVERITIES, "never"),
            help="From what severity on to end with 3.  [default: error]",
            show_default=False,
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="The same as --fail-on never.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="PATTERN", help="Leave these paths out."),
    ] = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every finding, not one screen.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the report there."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Only what is new counts."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline", metavar="FILE", help="Write what is known from now on."
        ),
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option("--explain", metavar="RULE", help="Explain a rule, and end."),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option("--jobs", "-j", metavar="N", min=0, max=64, help="Processes."),
    ] = 0,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Read every file anew; keep nothing.")
    ] = False,
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="FILE|URL|models|auto",
            help="Check statements against this schema.",
            show_default=False,
        ),
    ] = None,
    no_db: Annotated[
        bool, typer.Option("--no-db", help="Check against no schema.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would do, for git apply.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Rewrite what is proved equal, or only bound.")
    ] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="Also where a caller may see a change."),
    ] = False,
    shape: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="|".join(SHAPES),
            parser=one_of(*SHAPES),
            help="What a call becomes.",
        ),
    ] = "session",
) -> None:
    """Find raw SQL in Python source, judge it, and offer its equal."""
    if explain is not None:
        _explain(explain)
        return
    call = invocation(ctx)
    from tuxdb.cli.audit_options import Wish, wished

    wish = Wish(
        paths=_existing(paths or [Path()]),
        select=select,
        ignore=ignore,
        severity=severity,
        fail_on="never" if exit_zero else fail_on,
        exclude=exclude,
        baseline=baseline,
        jobs=jobs,
        cache=not no_cache,
        schema=None if no_db else schema,
    )
    options = wished(wish)
    fixes = FixWish(diff=diff, write=fix, unsafe=unsafe_fixes, shape=shape)
    if fixes.asked:
        made_for = None if no_db else schema or AUTO
        apply_fixes(ctx, wish.paths, options, made_for, fixes)
        return
    report = _run(ctx, wish.paths, options, wish.schema)
    if write_baseline is not None:
        _write_baseline(call, write_baseline, report)
    name = "json" if call.given.get("json") else format
    text = _text(call, report, name, show_all=show_all or output is not None)
    _put(call, text, name, output)
    worst = report.worst()
    limit = options.fail_on
    if limit is not None and worst is not None and worst >= limit:
        raise typer.Exit(ExitCode.FOUND)


app.command()(models)


@app.command()
def show(
    ctx: typer.Context,
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="A site.")],
) -> None:
    """Show one call in full: its SQL, its holes, its findings, its replacement."""
    from tuxdb.audit.formats.single import site_lines

    file, line = _place(place)
    call = invocation(ctx)
    from tuxdb.cli.audit_options import Wish, wished

    options = wished(Wish(paths=[file], cache=False, context=True))
    report = _run(ctx, [file], options, None)
    lines = site_lines(report, line, file.read_bytes())
    if not lines:
        raise NotFound("SQL call at", place, hint=f"tuxdb audit {file}")
    if call.given.get("json"):
        _put(call, _site_json(report, line), "json", None)
        return
    write("".join(f"{escape(one)}\n" for one in lines))
    flush()


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its code or name.")],
) -> None:
    """Explain a rule, with a bad and a good example."""
    _explain(rule)


@app.command()
def rules(ctx: typer.Context) -> None:
    """List the rules."""
    from tuxdb.audit.rules import RULES

    rows = [
        {
            "rule": rule.code,
            "severity": rule.severity.word,
            "name": rule.name,
            "title": rule.title,
        }
        for rule in RULES.values()
    ]
    run_with_settings(
        ctx, lambda _: rows, columns=("rule", "severity", "name", "title")
    )


def _explain(name: str) -> None:
    from tuxdb.audit.rules import RULES, find

    rule = find(name)
    if rule is None:
        raise UsageError(f"there is no rule {name!r}", hint=f"{', '.join(RULES)}")
    write(f"{rule.text}\n\nSeverity: {rule.severity.word}\n")
    flush()


def _existing(paths: list[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or folder {str(path)!r}")
    return paths


def _run(
    ctx: typer.Context, paths: list[Path], options: "Options", schema: str | None
) -> "Report":
    from tuxdb.audit.run import gather, judge
    from tuxdb.cli.progress import Bar

    with Bar(invocation(ctx)) as bar:
        gathered = gather(paths, options, told=bar.update)
        if schema is None:
            return judge(gathered, options)
        found: list[Report] = []

        async def asked(settings: "Settings") -> None:
            from tuxdb.audit.verdicts import Schema, ask

            source = Schema(schema, paths)
            verdicts = await ask(
                settings, source, gathered.facts, prove=True, told=bar.update
            )
            found.append(judge(gathered, options, verdicts))

        run_with_settings(ctx, asked)
    return found[0]


def _text(call: Invocation, report: "Report", name: str, *, show_all: bool) -> str:
    from tuxdb.audit.formats import FORMATS as WRITERS
    from tuxdb.audit.formats.screen import Screen, table

    if name != "table":
        return WRITERS[name](report)
    size = shutil.get_terminal_size((100, 40))
    screen = Screen(
        width=max(60, size.columns),
        shown=max(4, (size.lines - 18) // 2),
        colored=call.colored,
        everything=show_all,
    )
    return table(report, screen)


def _put(call: Invocation, text: str, name: str, output: Path | None) -> None:
    if name != "table":  # which is safe, and may hold colours
        way = escape_json if name in DOCUMENTS else escape
        text = "\n".join(way(line) for line in text.split("\n"))
    if output is None:
        write(text)
        flush()
        return
    _save(output, text)
    call.say(f"written: {output}")


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path} ({error.strerror})") from error


def _write_baseline(call: Invocation, path: Path, report: "Report") -> None:
    from tuxdb.audit.findings import baseline_text

    _save(path, baseline_text(report.findings))
    call.say(f"baseline: {len(report.findings)} findings in {path}")


def _place(text: str) -> tuple[Path, int]:
    name, _, number = text.rpartition(":")
    if not name or not number.isascii() or not number.isdigit():
        raise UsageError(f"{text!r} is not FILE:LINE")
    return _existing([Path(name)])[0], int(number)


def _site_json(report: "Report", line: int) -> str:
    import json

    from tuxdb.audit.formats.documents import sites

    found = [s for s in sites(report) if s["line"] <= line <= s["end_line"]]
    document = {"schema": "tuxdb.audit.show/1", "data": found, "next": None}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
