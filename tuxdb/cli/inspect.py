"""`tuxdb inspect`: what is in any PostgreSQL database, and what is wrong with it."""
# ruff: noqa: PLW0108 - behind a lambda, a use case loads only once it is run

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb import inspect as inspection
from tuxdb.cli.groups import App
from tuxdb.cli.inspect_columns import (
    BLOCKING,
    CONNECTION,
    CONNECTION_OF_60,
    INDEX,
    INDEX_OF_60,
    LOCK,
    LOCK_OF_60,
    LONG_QUERY,
    LONG_QUERY_OF_60,
    NARROW,
    SEQ_SCAN,
    TABLE,
    TABLE_OF_60,
    TABLE_OF_80,
    USUAL,
    WIDE,
    fitting,
)
from tuxdb.cli.inspect_findings import (
    FailOn,
    Fixes,
    add_checks,
    chosen,
    chosen_codes,
    show_report,
)
from tuxdb.cli.invocation import invocation
from tuxdb.cli.parsers import duration
from tuxdb.cli.run import run

if TYPE_CHECKING:
    from tuxdb.inspect.activity import Connections, Sessions
    from tuxdb.inspect.sizes import TableSize

app = App(
    help="Look into any PostgreSQL database; alone, report what is wrong with it.\n\n"
    "The fixes are planned together: after all of them the report is empty. To run "
    "them: `tuxdb inspect --fixes | tuxdb db psql -- -v ON_ERROR_STOP=1`."
)


@app.callback(invoke_without_command=True)
def report(
    ctx: typer.Context,
    fail_on: FailOn = "error",
    only: Annotated[
        list[str] | None, chosen("--only", "Run these checks alone.")
    ] = None,
    skip: Annotated[
        list[str] | None, chosen("--skip", "Leave these checks out.")
    ] = None,
    fixes: Fixes = False,
) -> None:
    """Report what is wrong with the database, worst first."""
    if ctx.invoked_subcommand is not None:
        return
    show_report(ctx, chosen_codes(only, skip), fail_on, fixes=fixes)


@app.command()
def tables(
    ctx: typer.Context,
    exact: Annotated[
        bool, typer.Option("--exact", help="Count rows instead of estimating them.")
    ] = False,
) -> None:
    """List tables, the largest first.

    Rows are estimated from statistics unless --exact counts them. Sizes are missing
    while another session has the table locked exclusively.
    """
    from tuxdb.cli.inspect_text import for_people

    run(
        ctx,
        lambda db: inspection.inspect_tables(db, exact=exact),
        columns=fitting(ctx, {WIDE: TABLE, USUAL: TABLE_OF_80, NARROW: TABLE_OF_60}),
        known=TABLE,
        row=_people_only(ctx, for_people),
        notes=_not_counted if exact else None,
    )


@app.command()
def size(ctx: typer.Context) -> None:
    """Show how large the database is."""
    from tuxdb.cli.inspect_text import for_people

    run(ctx, lambda db: inspection.inspect_size(db), row=_people_only(ctx, for_people))


@app.command()
def indexes(ctx: typer.Context) -> None:
    """List indexes, the largest first."""
    from tuxdb.cli.inspect_text import index_for_people

    run(
        ctx,
        lambda db: inspection.inspect_indexes(db),
        columns=fitting(ctx, {WIDE: INDEX, NARROW: INDEX_OF_60}),
        known=INDEX,
        row=_people_only(ctx, index_for_people),
    )


@app.command()
def blocking(ctx: typer.Context) -> None:
    """Show who waits for whom, and how to end that."""
    from tuxdb.cli.inspect_text import blocking_lines, for_people

    run(
        ctx,
        lambda db: inspection.inspect_blocking(db),
        columns=BLOCKING,
        row=_people_only(ctx, for_people),
        sentence=_people_only(ctx, blocking_lines),
        notes=_hidden,
    )


@app.command()
def locks(ctx: typer.Context) -> None:
    """List locks on tables and indexes, those waited for first."""
    from tuxdb.cli.inspect_text import for_people

    run(
        ctx,
        lambda db: inspection.inspect_locks(db),
        columns=fitting(ctx, {WIDE: LOCK, NARROW: LOCK_OF_60}),
        known=LOCK,
        row=_people_only(ctx, for_people),
        notes=_hidden,
    )


@app.command()
def long_queries(
    ctx: typer.Context,
    longer_than: Annotated[
        float,
        typer.Option(
            "--longer-than", metavar="DUR", parser=duration, help="Such as 30s or 5m."
        ),
    ] = 300.0,
) -> None:
    """List long queries, and transactions left open for long."""
    from tuxdb.cli.inspect_text import for_people

    run(
        ctx,
        lambda db: inspection.inspect_long_queries(db, longer_than=longer_than),
        columns=fitting(ctx, {WIDE: LONG_QUERY, NARROW: LONG_QUERY_OF_60}),
        known=LONG_QUERY,
        row=_people_only(ctx, for_people),
        notes=_hidden,
    )


@app.command()
def connections(ctx: typer.Context) -> None:
    """Count connections by role, application and state."""
    run(
        ctx,
        lambda db: inspection.inspect_connections(db),
        columns=fitting(ctx, {WIDE: CONNECTION, NARROW: CONNECTION_OF_60}),
        known=CONNECTION,
        notes=_room,
    )


@app.command()
def cache_hit(ctx: typer.Context) -> None:
    """Show how much is found in memory."""
    run(
        ctx,
        lambda db: inspection.inspect_cache_hit(db),
        columns=("part", "hits", "reads", "ratio", "verdict"),
    )


@app.command()
def seq_scans(ctx: typer.Context) -> None:
    """List tables of 1000 rows or more that scans read 100 times over."""
    run(ctx, lambda db: inspection.inspect_seq_scans(db), columns=SEQ_SCAN)


add_checks(app)


def _not_counted(tables: "Sequence[TableSize]") -> "list[str]":
    names = [one.table for one in tables if one.rows_are == "estimate"]
    if not names:
        return []
    return [f"not counted, for lack of rights or of time: {', '.join(names)}"]


def _hidden(sessions: "Sessions[Any]") -> list[str]:
    if not sessions.hidden:
        return []
    who = f"{sessions.hidden} sessions of other roles, which this role may not see"
    return [f"skipped: {who}; {sessions.grant}"]


def _room(found: "Connections") -> list[str]:
    room = found.max_connections - found.reserved
    bot = f"a bot takes up to {2 * found.pool_size} (pool_size {found.pool_size})"
    reserved = f"{found.reserved} more for superusers"
    return [f"{found.total} of {room} connections, {reserved}; {bot}"]


def _people_only(ctx: typer.Context, row: Any) -> Any:  # noqa: ANN401 - as in Output
    """Units and short forms are for tables; programs get the numbers."""
    return row if invocation(ctx).format == "table" else None
