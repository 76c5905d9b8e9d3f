"""`tuxdb bulk-update`: many rows, seen before they are committed."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.consent import Approval, change_lines, undo_line
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.options import GUARDED
from tuxdb.cli.parsers import changeset_id, names, one_of, whole
from tuxdb.cli.progress import Told, shown
from tuxdb.cli.run import run
from tuxdb.errors import UsageError

if TYPE_CHECKING:
    from uuid import UUID

    from tuxdb.bulk.batches import Progress
    from tuxdb.bulk.update import UpdateRequest
    from tuxdb.controllers.changes import Outcome
    from tuxdb.database import Database

app = App(help="Change many rows of a table, seen before they are committed.")

COMMAND = "bulk-update"
INPUTS = ("csv", "tsv", "json", "ndjson")
MOST = 2**53 - 1
LARGEST_BATCH = 1_000_000


@dataclass(frozen=True)
class _Choices:
    """What the options beside the request say."""

    plan_out: Path | None
    plan: str | None
    batch: int | None
    resume: "UUID | None"


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
    choices = _Choices(plan_out, plan, batch, resume)  # type: ignore[arg-type]
    wanted: dict[str, Any] = {
        "table": table or "",
        "assignments": tuple(assignments or ()),
        "where": where,
        "all_rows": all_rows,
        "file": file,
        "file_kind": input_format,
        "key": tuple(key or ()),
        "skip_missing": missing == "skip",
        "max_rows": max_rows,
        "sample": None if call.format_given else 20,
    }
    _check(wanted, choices)
    if batch is not None:
        run(
            ctx,
            lambda db: _in_batches(db, call, wanted, choices),
            rolls_back=False,
            sentence=_batch_sentence,
        )
        return
    run(
        ctx,
        lambda db: _at_once(db, call, wanted, choices),
        rolls_back=False,
        sentence=_sentence,
    )


def _check(wanted: dict[str, Any], choices: _Choices) -> None:
    if choices.plan is not None:
        others = ("assignments", "where", "all_rows", "file", "key")
        if any(wanted[name] for name in others) or choices.batch or choices.plan_out:
            raise UsageError("--apply goes with no other way to say what changes")
        return
    if not wanted["table"]:
        raise UsageError("which table?", hint="tuxdb bulk-update TABLE --set …")
    if choices.batch is not None and choices.plan_out is not None:
        raise UsageError("--plan-out and --batch do not go together")
    if choices.resume is not None and choices.batch is None:
        raise UsageError("--resume goes with --batch")


def _request(call: Invocation, wanted: dict[str, Any]) -> "UpdateRequest":
    from tuxdb.bulk.changesets import Author
    from tuxdb.bulk.update import UpdateRequest

    return UpdateRequest(author=Author(COMMAND, call.actor, call.reason), **wanted)


async def _at_once(
    db: "Database", call: Invocation, wanted: dict[str, Any], choices: _Choices
) -> object:
    request = _request(call, wanted)
    commit = not call.dry_run
    if choices.plan_out is not None:
        outcome = await db.changes.write_plan(request, choices.plan_out)
        call.say(f"plan: {choices.plan_out}")
        path = shlex.quote(str(choices.plan_out))
        call.say(f"apply: tuxdb bulk-update --apply {path}")
    elif choices.plan is not None:
        outcome = await db.changes.apply_plan(
            choices.plan,
            request.author,
            Approval(call),
            max_rows=request.max_rows,
            sample=request.sample,
            commit=commit,
        )
    else:
        outcome = await db.changes.update(request, Approval(call), commit=commit)
    rows_only = call.format_given and call.format != "json"
    return outcome.sample if rows_only else outcome


def _sentence(outcome: "Outcome") -> list[str]:
    lines = list(change_lines(outcome)) if not outcome.committed else []
    if outcome.committed:
        return [
            f"{outcome.table}: {outcome.changed} rows changed",
            undo_line(outcome.changeset),
        ]
    return [*lines, "nothing was changed"]


async def _in_batches(
    db: "Database", call: Invocation, wanted: dict[str, Any], choices: _Choices
) -> "Progress":
    request = _request(call, wanted)
    if call.dry_run:
        raise UsageError("--batch commits as it goes: leave out --batch for a dry run")
    size = choices.batch or 1
    protection = await db.guard.protection()
    call.consent(
        f"this commits changes to {request.table} after every {size} rows",
        name=protection.database if protection.protected else None,
    )
    last: list[Progress] = []

    async def work(told: Told) -> "Progress":
        def report(progress: "Progress") -> None:
            if not last:
                call.say(f"change set {progress.changeset}")
            last[:] = [progress]
            told(f"{progress.table}", progress.matched, progress.total)

        return await db.changes.update_in_batches(
            request, size, report, resume=choices.resume
        )

    try:
        return await shown(call, work)
    finally:
        if last and not last[-1].complete:
            done = last[-1]
            call.say(
                f"stopped after {done.matched} of {done.total} rows, "
                f"{done.changed} changed and committed"
            )
            call.say(f"go on: {call.again(resume=str(done.changeset))}")


def _batch_sentence(progress: "Progress") -> list[str]:
    return [
        f"{progress.table}: {progress.matched} rows match, {progress.changed} changed",
        undo_line(progress.changeset),
    ]
