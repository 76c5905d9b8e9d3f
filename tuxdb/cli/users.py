"""`tuxdb users`: the members of guilds."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from tuxdb.cli.edits import author_of, kept
from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import (
    GUARDED,
    RECORDED,
    After,
    All,
    GuildId,
    Limit,
    Paging,
    UserId,
)
from tuxdb.cli.parsers import amount_or_zero, closest, snowflake
from tuxdb.cli.person import export_person
from tuxdb.cli.removals import Agreement, said
from tuxdb.cli.run import run, run_pages
from tuxdb.errors import UsageError

app = App(help="List, add and change members; export, forget and merge them.")

COLUMNS = ("discord_id", "username", "points", "is_active", "created_at")
DETAILS = ("id", "guild_id", "message_count", "last_active", "updated_at")
EVERYTHING = ("id", "guild_id", *COLUMNS, "message_count", "last_active", "updated_at")


class Sort(NamedTuple):
    """A column to sort by."""

    column: str
    descending: bool


def _sort(text: str) -> Sort:
    column, _, direction = text.partition(":")
    if column not in EVERYTHING:
        near = closest(column, EVERYTHING)
        also = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"users has no column {column!r}{also}")
    if direction not in ("", "asc", "desc"):
        raise ValueError(f"{direction!r} is neither asc nor desc")
    return Sort(column, direction == "desc")


SomeGuild = Annotated[
    int | None,
    typer.Option(
        "--guild",
        metavar="ID",
        parser=snowflake,
        show_default=False,
        help="In this guild only.",
    ),
]
Name = Annotated[
    str, typer.Option("--name", metavar="TEXT", help="User name, 1 to 100 characters.")
]


@app.command("list")
def list_users(
    ctx: typer.Context,
    *,
    guild: GuildId,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="EXPR",
            show_default=False,
            help='Which: "points > 3 and is_active".',
        ),
    ] = None,
    sort: Annotated[
        Sort,
        typer.Option(metavar="COL[:desc]", parser=_sort, help="Order of the rows."),
    ] = Sort("id", descending=False),  # noqa: B008 - immutable
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List the members of a guild, a page at a time."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.user.page_by_guild(
            guild,
            where=where,
            sort=sort.column,
            descending=sort.descending,
            after=cursor,
            limit=size,
        ),
        Paging(limit, after, all_pages),
        guild=guild,
        columns=COLUMNS,
        known=DETAILS,
    )


@app.command()
def show(ctx: typer.Context, *, guild: GuildId, user: UserId) -> None:
    """Show everything known of one member."""
    run(
        ctx,
        lambda db: db.user.require_member(guild, user),
        guild=guild,
        columns=EVERYTHING,
    )


@app.command(writes=RECORDED)
def add(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: UserId,
    name: Name,
    points: Annotated[
        int,
        typer.Option(
            metavar="N", parser=amount_or_zero, help="Opening balance, granted."
        ),
    ] = 0,
) -> None:
    """Add a member; the guild too, if it is unseen."""
    call = invocation(ctx)
    values: dict[str, Any] = {
        "guild_id": guild,
        "discord_id": user,
        "username": name,
        "points": points,
        "actor": call.actor,
    }
    run(
        ctx,
        lambda db: kept(
            call,
            db.edits.member(
                guild,
                user,
                author_of(call, "users add"),
                lambda: db.user.create_user(**values),
            ),
        ),
        columns=COLUMNS,
        known=DETAILS,
    )


@app.command("set", writes=RECORDED)
def set_user(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: UserId,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", show_default=False, help="New name.")
    ] = None,
    active: Annotated[
        bool | None,
        typer.Option(
            "--active/--inactive", show_default=False, help="Whether still a member."
        ),
    ] = None,
) -> None:
    """Change a member; for points see `tuxdb points`."""
    given: dict[str, Any] = {"username": name, "is_active": active}
    changes = {column: value for column, value in given.items() if value is not None}
    if not changes:
        raise UsageError("nothing to change", hint="--name, --active or --inactive")
    call = invocation(ctx)
    run(
        ctx,
        lambda db: kept(
            call,
            db.edits.member(
                guild,
                user,
                author_of(call, "users set"),
                lambda: db.user.update_member(guild, user, **changes),
            ),
        ),
        guild=guild,
        columns=COLUMNS,
        known=DETAILS,
    )


@app.command()
def export(
    ctx: typer.Context,
    *,
    user: UserId,
    guild: SomeGuild = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            show_default=False,
            help="A new file, that only you can read.",
        ),
    ] = None,
) -> None:
    """Write all that is known of a person, as JSON: rows of every table."""
    export_person(ctx, user, guild, file)


@app.command(writes=GUARDED)
def forget(ctx: typer.Context, *, user: UserId, guild: SomeGuild = None) -> None:
    """Delete all that is known of a person, for good; shows what that is first.

    Entries of the ledger stay, under a row id that then says nothing.
    """
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.removals.forget(
            user,
            author_of(call, "users forget"),
            Agreement(call, f"delete all that is known of user {user} for good"),
            guild_id=guild,
            commit=not call.dry_run,
        ),
        known_guild=guild,
        **said(call, "deleted", undoable=False),
    )


@app.command(writes=GUARDED)
def merge(
    ctx: typer.Context,
    *,
    guild: GuildId,
    source: Annotated[
        int,
        typer.Option("--from", metavar="ID", parser=snowflake, help="Who goes."),
    ],
    target: Annotated[
        int,
        typer.Option("--to", metavar="ID", parser=snowflake, help="Who stays."),
    ],
) -> None:
    """Make one member of two: points, cases and messages counted go to the other."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.removals.merge(
            guild,
            source,
            target,
            author_of(call, "users merge"),
            Agreement(call, f"merge user {source} into {target}", guarded=False),
            commit=not call.dry_run,
        ),
        guild=guild,
        **said(call, "changed", undoable=True),
    )
