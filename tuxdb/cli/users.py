"""`tuxdb users`: the members of guilds."""

from typing import Annotated, Any, NamedTuple

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.options import CHANGES, After, All, GuildId, Limit, Paging, UserId
from tuxdb.cli.parsers import amount_or_zero, closest
from tuxdb.cli.run import run, run_pages

app = App(help="List, show, add and change members of a guild.")

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


Name = Annotated[
    str, typer.Option("--name", metavar="TEXT", help="User name, 1 to 100 characters.")
]


@app.command("list")
def list_users(
    ctx: typer.Context,
    *,
    guild: GuildId,
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


@app.command(writes=CHANGES)
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
    run(
        ctx,
        lambda db: db.user.create_user(
            guild_id=guild, discord_id=user, username=name, points=points
        ),
        columns=COLUMNS,
        known=DETAILS,
    )


@app.command("set", writes=CHANGES)
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
    run(
        ctx,
        lambda db: db.user.update_member(guild, user, **changes),
        guild=guild,
        columns=COLUMNS,
        known=DETAILS,
    )
