"""`tuxdb guilds`: guilds and their configuration."""

from typing import Annotated

import typer

from tuxdb.cli.edits import author_of, kept
from tuxdb.cli.groups import App
from tuxdb.cli.guild_config import Guild
from tuxdb.cli.guild_config import app as config
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import GUARDED, RECORDED, After, All, Limit, Paging
from tuxdb.cli.parsers import snowflake
from tuxdb.cli.removals import Agreement, said
from tuxdb.cli.run import run, run_pages

app = App(help="Guilds: their settings, their sizes, and purging them.")

COLUMNS = ("id", "name", "case_count", "created_at")
STATS = (
    "guild_id",
    "name",
    "users",
    "active",
    "supply",
    "entries",
    "cases",
    "messages",
    "users_7d",
    "users_30d",
    "messages_7d",
    "messages_30d",
)
MORE_STATS = ("entries_7d", "entries_30d")


@app.command("list")
def list_guilds(
    ctx: typer.Context,
    *,
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List the guilds, a page at a time."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.guild.page_after(cursor, limit=size),
        Paging(limit, after, all_pages),
        columns=COLUMNS,
        known=("updated_at",),
    )


@app.command()
def show(ctx: typer.Context, *, guild: Guild) -> None:
    """Show one guild."""
    run(ctx, lambda db: db.guild.require(guild), columns=(*COLUMNS, "updated_at"))


@app.command(writes=RECORDED)
def add(
    ctx: typer.Context,
    *,
    guild: Guild,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", show_default=False, help="Its name.")
    ] = None,
) -> None:
    """Add a guild; most come with their first member."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: kept(
            call,
            db.edits.guild(
                guild,
                author_of(call, "guilds add"),
                lambda: db.guild.create(id=guild, name=name),
            ),
        ),
        columns=COLUMNS,
    )


@app.command(writes=GUARDED)
def purge(ctx: typer.Context, *, guild: Guild) -> None:
    """Delete all rows of a guild but its ledger; shows how many that is first."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.removals.purge(
            guild,
            author_of(call, "guilds purge"),
            Agreement(call, f"delete all rows of guild {guild} but its ledger"),
            commit=not call.dry_run,
        ),
        **said(call, "deleted", undoable=True),
    )


@app.command()
def stats(
    ctx: typer.Context,
    *,
    guild: Annotated[
        int | None,
        typer.Argument(
            metavar="[GUILD]",
            parser=snowflake,
            show_default=False,
            help="This one only, with all that is counted.",
        ),
    ] = None,
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """Count members, points, entries, cases and messages; what 7 and 30 days added."""
    if guild is not None:
        run(ctx, lambda db: db.guild.stats(guild), columns=STATS, known=MORE_STATS)
        return
    run_pages(
        ctx,
        lambda db, cursor, size: db.guild.page_of_stats(cursor, limit=size),
        Paging(limit, after, all_pages),
        columns=STATS,
        known=MORE_STATS,
    )


app.add_typer(config, name="config")
