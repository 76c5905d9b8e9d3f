"""`tuxdb audit`: raw SQL in Python source, found, judged, rewritten and proved."""

from pathlib import Path
from typing import Annotated

import typer

from tuxdb.cli import audit_flags as flags
from tuxdb.cli.audit_fix import FixWish, finish
from tuxdb.cli.audit_group import SCAN, AuditGroup
from tuxdb.cli.audit_imports import ImportModels
from tuxdb.cli.audit_models import models
from tuxdb.cli.audit_output import put, text_of, write_baseline
from tuxdb.cli.audit_run import audited, existing
from tuxdb.cli.audit_show import show, show_site
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.render import flush, write
from tuxdb.cli.run import run_with_settings
from tuxdb.errors import ExitCode, UsageError

app = App(
    help="Find raw SQL in Python source, judge it, and offer its equal.\n\n"
    "Nothing that is read is imported or run, and nothing is written, unless a "
    "flag asks for it. Needs no configuration and no database of yours.",
    cls=AuditGroup,
)


@app.callback(group=AuditGroup, invoke_without_command=True)
def _audit() -> None:
    pass


@app.command(SCAN, hidden=True)
def scan(
    ctx: typer.Context,
    paths: flags.Paths = None,
    *,
    format: flags.Format = "table",  # noqa: A002 - the option's name
    select: flags.Select = None,
    ignore: flags.Ignore = None,
    severity: flags.LeastSeverity = None,
    fail_on: flags.FailOn = None,
    exit_zero: flags.ExitZero = False,
    strict: flags.Strict = False,
    exclude: flags.Exclude = None,
    show_all: flags.Everything = False,
    output: flags.Target = None,
    baseline: flags.Baseline = None,
    new_baseline: flags.NewBaseline = None,
    explain: flags.Explain = None,
    show_sql: flags.ShowSql = None,
    jobs: flags.Jobs = 0,
    no_cache: flags.NoCache = False,
    schema: flags.SchemaFrom = None,
    no_db: flags.NoDatabase = False,
    import_models: ImportModels = False,
    prove: flags.Prove = False,
    execute: flags.Execute = False,
    diff: flags.Diff = False,
    fix: flags.FixThem = False,
    unsafe_fixes: flags.Unsafe = False,
    shape: flags.Shape = "session",
) -> None:
    """Find raw SQL in Python source, judge it, and offer its equal."""
    if explain is not None:
        _explain(explain)
        return
    if show_sql is not None:
        show_site(ctx, show_sql, schema, no_db=no_db, import_models=import_models)
        return
    from tuxdb.cli.audit_options import Wish, requested, wished

    wish = Wish(
        paths=existing(paths or [Path()]),
        select=select,
        ignore=ignore,
        severity=severity,
        fail_on="never" if exit_zero else fail_on,
        exclude=exclude,
        baseline=baseline,
        jobs=jobs,
        cache=not no_cache,
        schema=schema,
        no_db=no_db,
        prove=prove,
        execute=execute,
        import_models=import_models,
    )
    options = wished(wish)
    fixes = FixWish(diff=diff, write=fix, unsafe=unsafe_fixes, shape=shape)
    request = requested(wish, fixes)
    outcome = audited(ctx, wish.paths, options, request)
    if fixes.asked:
        finish(ctx, outcome, options, fixes)
        return
    call, report = invocation(ctx), outcome.report
    if new_baseline is not None:
        write_baseline(call, new_baseline, report)
        return
    name = "json" if call.given.get("json") else format
    text = text_of(call, report, name, show_all=show_all or output is not None)
    put(call, text, name, output)
    if report.failed(options.fail_on, strict=strict and not exit_zero):
        raise typer.Exit(ExitCode.FOUND)


app.command()(models)
app.command()(show)


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
