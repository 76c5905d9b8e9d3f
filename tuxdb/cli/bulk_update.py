"""`tuxdb bulk-update`: many rows, seen before they are committed."""

import shlex
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.consent import (
    approve,
    change_lines,
    outcome,
    row_output,
    undo_line,
)
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.options import GUARDED
from tuxdb.cli.parsers import changeset_id, names, one_of, whole
from tuxdb.cli.progress import Bar
from tuxdb.cli.run import run
from tuxdb.errors import UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from tuxdb.bulk.batches import Progress
    from tuxdb.bulk.changesets import RowChange
    from tuxdb.bulk.requests import Preview, UpdateRequest
    from tuxdb.controllers.changes import Pending
    from tuxdb.controllers.guard import Protection
    from tuxdb.database import Database

app = App(help="Change many rows of a table, seen before they are committed.")

COMMAND = "bulk-update"
INPUTS = ("csv", "tsv", "json", "ndjson")
MOST = 2**53 - 1
LARGEST_BATCH = 1_000_000
ROWS_IN_JSON = 1000
SHOWN = 20
FREE_ROWS = 100


@app.command(writes=GUARDED)
def bulk_update(
    ctx: typer.Context,
    table: Annotated[
        str | None, typer.Argument(metavar="TABLE", show_default=False)
    ] = None,
    *,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COL=VALUE", help="Or COL=COL+N, COL=COL-N."),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="EXPR", help='Which: "points > 3 and …".'),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Every row of the table.")
    ] = False,
    file: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE|-", help="The new values of each row."),
    ] = None,
    input_format: Annotated[
        str | None,
        typer.Option(
            "--input-format",
            metavar="|".join(INPUTS),
            parser=one_of(*INPUTS),
            help="What the file is, if its name does not tell.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="A,B", parser=names, help="Columns that tell which row."
        ),
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            "--missing",
            metavar="refuse|skip",
            parser=one_of("refuse", "skip"),
            help="What about keys that are in no row.",
        ),
    ] = "refuse",
    max_rows: Annotated[
        int,
        typer.Option(
            "--max-rows", metavar="N", parser=whole(1, MOST), help="Change no more."
        ),
    ] = 1000,
    plan_out: Annotated[
        Path | None,
        typer.Option("--plan-out", metavar="FILE", help="Write a plan; do nothing."),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option("--apply", metavar="FILE", help="Apply a plan as it is, or not."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            metavar="N",
            parser=whole(1, LARGEST_BATCH),
            help="Commit after each N rows.",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="ID",
            parser=changeset_id,
            help="Go on with a stopped --batch.",
        ),
    ] = None,
) -> None:
    """Change many rows of a table, seen before they are committed.

    The rows are given by --set with --where or --all-rows, by --from with --key, or by
    a plan with --apply. The change is made, shown, and committed or rolled back.
    """
    call = invocation(ctx)
    wanted: dict[str, Any] = {
        "table": table or "",
        "assignments": tuple(assignments or ()),
        "where": where,
        "all_rows": all_rows,
        "file": file,
        "file_kind": input_format,
        "key": tuple(key or ()),
        "skip_missing": missing == "skip",
        "plan": plan,
        "max_rows": max_rows,
        "sample": ROWS_IN_JSON if call.format_given else SHOWN,
    }
    if batch is not None and (plan_out or plan):
        raise UsageError("--batch goes with neither --plan-out nor --apply")
    if resume is not None and batch is None:
        raise UsageError("--resume goes with --batch")
    if batch is not None and not call.dry_run:
        _run_batches(ctx, wanted, batch, resume)  # type: ignore[arg-type]
    elif plan_out is not None:
        run(
            ctx,
            lambda db: _write_plan(db, call, wanted, plan_out),
            rolls_back=False,
            foreign=True,
            sentence=_sentence,
        )
    elif call.format_given and call.format != "json":
        run(
            ctx,
            lambda db: _each_row(db, call, wanted),
            rolls_back=False,
            foreign=True,
            **row_output(call.format),
        )
    else:
        run(
            ctx,
            lambda db: _at_once(db, call, wanted),
            rolls_back=False,
            foreign=True,
            sentence=_sentence,
        )


def _request(call: Invocation, wanted: dict[str, Any]) -> "UpdateRequest":
    """What is asked for; a look at it is not limited."""
    from tuxdb.bulk.changesets import Author
    from tuxdb.bulk.requests import UpdateRequest

    if call.dry_run:
        wanted = {**wanted, "max_rows": None}
    return UpdateRequest(author=Author(COMMAND, call.actor, call.reason), **wanted)


@asynccontextmanager
async def _change(
    db: "Database", call: Invocation, wanted: dict[str, Any]
) -> "AsyncIterator[Pending[Preview]]":
    """Make a change; on the way out of the block it is committed if agreed to."""
    with Bar(call) as bar:
        async with db.changes.updating(_request(call, wanted), bar.update) as pending:
            bar.stop()
            if not call.dry_run:
                approve(call, pending)
            yield pending
    if call.dry_run:
        _warn_of_limit(call, pending.done.changed, wanted["max_rows"])


async def _at_once(
    db: "Database", call: Invocation, wanted: dict[str, Any]
) -> dict[str, Any]:
    async with _change(db, call, wanted) as pending:
        pass
    return outcome(pending, committed=not call.dry_run and pending.done.changed > 0)


async def _each_row(
    db: "Database", call: Invocation, wanted: dict[str, Any]
) -> "AsyncIterator[list[RowChange]]":
    """Every row before and after: of what is committed, or of what would be."""
    async with _change(db, call, wanted) as pending:
        if call.dry_run:
            async with aclosing(pending.rows()) as every:
                async for rows in every:
                    yield rows
    if call.dry_run or not pending.done.changed:
        call.say("nothing was changed")
        return
    call.say(undo_line(pending.done.changeset))
    async with aclosing(db.changes.every_row(pending.done.changeset)) as every:
        async for rows in every:
            yield rows


async def _write_plan(
    db: "Database", call: Invocation, wanted: dict[str, Any], path: Path
) -> dict[str, Any]:
    request = _request(call, {**wanted, "max_rows": None})
    with Bar(call) as bar:
        preview = await db.changes.write_plan(request, path, bar.update)
    _warn_of_limit(call, preview.changed, wanted["max_rows"])
    call.say(f"plan: {path}")
    call.say(f"apply: tuxdb bulk-update --apply {shlex.quote(str(path))}")
    return {
        **vars(preview),
        "changeset": None,
        "committed": False,
        "plan": str(path),
    }


def _warn_of_limit(call: Invocation, rows: int, most: int) -> None:
    if rows > most:
        call.say(
            f"{rows} rows are more than --max-rows {most}: "
            f"to change them, --max-rows {rows}"
        )


def _sentence(change: dict[str, Any]) -> list[str]:
    if not change["committed"]:
        return [*change_lines(change), "nothing was changed"]
    return [
        f"{change['table']}: {change['changed']} rows changed",
        undo_line(change["changeset"]),
    ]


def _run_batches(
    ctx: typer.Context, wanted: dict[str, Any], size: int, resume: "UUID | None"
) -> None:
    call = invocation(ctx)

    def agree(table: str, rows: int, protection: "Protection") -> None:
        guarded = protection.protected and rows > FREE_ROWS
        call.consent(
            f"this commits changes to {rows} rows of {table} in {protection.place}, "
            f"after every {size}",
            name=protection.database if guarded else None,
            recorded=True,
        )

    async def work(db: "Database") -> "Progress":
        told: list[Progress] = []
        with Bar(call) as bar:

            def committed(progress: "Progress") -> None:
                if not told:
                    call.say(f"change set {progress.changeset}")
                told[:] = [progress]
                bar.update(progress.table, progress.matched, progress.total)

            try:
                return await db.changes.update_in_batches(
                    _request(call, wanted),
                    size,
                    agree=agree,
                    committed=committed,
                    resume=resume,
                    report=bar.update,
                )
            finally:
                bar.stop()
                if told and not told[-1].complete:
                    _say_how_far(call, told[-1])

    run(ctx, work, rolls_back=False, foreign=True, sentence=_batch_sentence)


def _say_how_far(call: Invocation, done: "Progress") -> None:
    call.say(
        f"stopped after {done.matched} of {done.total} rows, "
        f"{done.changed} changed and committed"
    )
    call.say(f"go on: {call.again(resume=str(done.changeset))}")


def _batch_sentence(progress: "Progress") -> list[str]:
    line = (
        f"{progress.table}: {progress.matched} rows match, {progress.changed} changed"
    )
    return [line, undo_line(progress.changeset)] if progress.changeset else [line]
