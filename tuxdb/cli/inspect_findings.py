"""The report of `tuxdb inspect`, and each of its checks as a command."""

from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb import inspect as inspection
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.parsers import closest, one_of, quoted
from tuxdb.cli.run import run
from tuxdb.inspect.findings import CHECKS, Code, Severity, Thresholds

if TYPE_CHECKING:
    from tuxdb.inspect.report import Report

COLUMNS = ("code", "severity", "object", "message", "fix", "fix_is_safe_online")

FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="error|warning|never",
        parser=one_of("error", "warning", "never"),
        help="From what severity on to end with 3.",
    ),
]
Fixes = Annotated[
    bool, typer.Option("--fixes", help="Print only the SQL that puts it right.")
]


def codes_of(text: str) -> list[Code]:
    """Codes or names of checks, separated by commas."""
    known = {name: code for code in Code for name in (code.value, code.label)}
    codes = []
    for name in map(str.strip, text.split(",")):
        code = known.get(name) or known.get(name.upper())
        if code is None:
            near = closest(name, list(known))
            also = f"; did you mean {near!r}?" if near else f": {', '.join(Code)}"
            raise ValueError(f"there is no check {quoted(name)}{also}")
        codes.append(code)
    return codes


def chosen(name: str, text: str) -> Any:  # noqa: ANN401 - Typer's OptionInfo
    """An option that takes codes; it may be repeated."""
    return typer.Option(
        name, metavar="CODE,…", parser=codes_of, help=text, show_default=False
    )


def chosen_codes(only: list[Any] | None, skip: list[Any] | None) -> set[Code]:
    """What --only and --skip leave; each is a list of what `codes_of` reads."""
    return ({*_flat(only)} or {*Code}) - {*_flat(skip)}


def _flat(codes: list[Any] | None) -> list[Any]:
    return [code for several in codes or () for code in several]


def add_checks(app: App) -> None:
    """Add a command for each check."""
    for code, about in CHECKS.items():
        text = f"Find {about.title} ({code}).\n\n{about.purpose}"
        has_options = code is Code.UNUSED_INDEX
        app.command(about.label, help=text)(
            _unused_indexes if has_options else _check(code)
        )


def _check(code: Code) -> Callable[..., None]:
    """Make the command of a check without options of its own."""

    def command(
        ctx: typer.Context, fail_on: FailOn = "error", fixes: Fixes = False
    ) -> None:
        show_report(ctx, {code}, fail_on, fixes=fixes)

    return command


def _unused_indexes(
    ctx: typer.Context,
    *,
    max_scans: Annotated[
        int,
        typer.Option(
            "--max-scans", metavar="N", min=1, help="Scanned less often than this."
        ),
    ] = 50,
    min_bytes: Annotated[
        int,
        typer.Option("--min-bytes", metavar="N", min=0, help="Not smaller than this."),
    ] = 1 << 20,
    min_days: Annotated[
        int,
        typer.Option(
            "--min-days",
            metavar="N",
            min=0,
            max=3650,
            help="Not judged before statistics are this old; 0 judges new ones too.",
        ),
    ] = 7,
    fail_on: FailOn = "error",
    fixes: Fixes = False,
) -> None:
    transactions = {} if min_days else {"min_transactions": 0}
    thresholds = Thresholds(
        max_scans=max_scans,
        min_bytes=min_bytes,
        min_age=timedelta(days=min_days),
        **transactions,
    )
    show_report(ctx, {Code.UNUSED_INDEX}, fail_on, fixes=fixes, thresholds=thresholds)


def show_report(
    ctx: typer.Context,
    codes: Collection[Code],
    fail_on: str,
    *,
    fixes: bool,
    thresholds: Thresholds | None = None,
) -> None:
    """Run checks and show what they find; exit 3 if it is bad enough."""
    from tuxdb.cli.inspect_text import fix_lines, report_lines, summary

    form = invocation(ctx).format
    text = fix_lines if fixes else report_lines if form == "table" else None
    run(
        ctx,
        lambda db: inspection.inspect_database(db, codes=codes, thresholds=thresholds),
        columns=() if form in ("json", "ndjson") else COLUMNS,
        known=COLUMNS,
        sentence=text,
        notes=None if text is report_lines else lambda found: [summary(found)],
        found=partial(_is_bad, fail_on=fail_on),
        schema="tuxdb.inspect/1",
    )


def _is_bad(report: "Report", fail_on: str) -> bool:
    return fail_on != "never" and report.at_least(Severity(fail_on))
