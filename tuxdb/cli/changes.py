"""`tuxdb changes`: what was changed, by whom, why; and taking it back."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.consent import approve, change_lines, outcome, row_output, undo_line
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import GUARDED, After, All, Limit, Paging
from tuxdb.cli.parsers import changeset_id, moment
from tuxdb.cli.run import run, run_pages

if TYPE_CHECKING:
    from uuid import UUID

    from tuxdb.database import Database

app = App(help="See who changed which rows and why, and undo it.")

SUMMARY = (
    "id",
    "created_at",
    "command",
    "tables",
    "rows",
    "actor",
    "reason",
    "undoes",
    "undone_by",
    "complete",
)
Id = Annotated[
    str, typer.Argument(metavar="ID", parser=changeset_id, show_default=False)
]


@app.command(name="list")
def list_(
    ctx: typer.Context,
    *,
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="Of this table.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", metavar="NAME", help="By this actor.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", parser=moment, help="From then on."),
    ] = None,
    limit: Limit = 50,
    after: After = None,
    all_: All = False,
) -> None:
    """List change sets, newest first."""
    wanted: dict[str, Any] = {"table": table, "actor": actor, "since": since}
    run_pages(
        ctx,
        lambda db, cursor, size: db.changes.list(**wanted, after=cursor, limit=size),
        Paging(limit, after, all_),
        columns=SUMMARY,
        uncut=("id",),
    )


@app.command()
def show(
    ctx: typer.Context,
    changeset: Id,
    *,
    limit: Limit = 50,
    after: After = None,
    all_: All = False,
) -> None:
    """Show the rows of a change set, before and after."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.changes.rows(
            _id(changeset), after=cursor, limit=size
        ),
        Paging(limit, after, all_),
        **row_output(invocation(ctx).format),
    )


@app.command(writes=GUARDED)
def undo(
    ctx: typer.Context,
    changeset: Id,
    *,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Leave alone the rows that changed since."),
    ] = False,
) -> None:
    """Put the rows of a change set back as they were before it.

    Refuses, and lists them, if rows were changed since. An undo is a change set.
    """
    call = invocation(ctx)

    async def work(db: "Database") -> dict[str, Any]:
        from tuxdb.bulk.changesets import Author

        author = Author("changes undo", call.actor, call.reason)
        undoing = db.changes.undoing(_id(changeset), author, partial=partial)
        async with undoing as pending:
            if not call.dry_run:
                approve(call, pending)
        return outcome(pending, committed=not call.dry_run and pending.done.changed > 0)

    run(ctx, work, rolls_back=False, foreign=True, sentence=_sentence)


def _sentence(change: dict[str, Any]) -> list[str]:
    if not change["committed"]:
        return [*change_lines(change), "nothing was changed"]
    left = f", {len(change['left'])} left alone" if change["left"] else ""
    return [f"{change['changed']} rows put back{left}", undo_line(change["changeset"])]


def _id(changeset: Any) -> "UUID":  # noqa: ANN401
    found: UUID = changeset
    return found
