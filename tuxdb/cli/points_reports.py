"""Commands of `tuxdb points` that change nothing: balances, entries, the proof."""

from typing import TYPE_CHECKING, Annotated

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.options import After, All, GuildId, Limit, Paging, UserId
from tuxdb.cli.parsers import one_of, snowflake
from tuxdb.cli.run import run, run_pages

if TYPE_CHECKING:
    from tuxdb.controllers.points_reports import Mismatch, VerifyReport

app = App(help="Look at points.")

KINDS = ("transfer", "grant", "deduct", "set", "reverse", "seed")
ENTRY = (
    "id",
    "created_at",
    "kind",
    "from_user",
    "to_user",
    "amount",
    "from_balance",
    "to_balance",
    "reason",
    "actor",
)
MORE = ("idempotency_key", "reverses", "from_row_id", "to_row_id")
STANDING = ("rank", "discord_id", "username", "points")


@app.command()
def balance(ctx: typer.Context, *, guild: GuildId, user: UserId) -> None:
    """Show the balance of a member, and whether it is frozen."""
    run(
        ctx,
        lambda db: db.points.account(guild, user),
        guild=guild,
        columns=("guild_id", "discord_id", "username", "points", "frozen"),
    )


@app.command()
def history(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: Annotated[
        int | None,
        typer.Option(
            "--user",
            metavar="ID",
            parser=snowflake,
            show_default=False,
            help="Entries of this member only.",
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="|".join(KINDS),
            parser=one_of(*KINDS),
            show_default=False,
            help="Entries of this kind only.",
        ),
    ] = None,
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List the entries of the ledger, newest first."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.points.history(
            guild, user, kind=kind, after=cursor, limit=size
        ),
        Paging(limit, after, all_pages),
        guild=guild,
        columns=ENTRY,
        known=MORE,
    )


@app.command()
def leaderboard(
    ctx: typer.Context,
    *,
    guild: GuildId,
    limit: Limit = 10,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List active members by points; equal balances share a rank."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.points.leaderboard(guild, after=cursor, limit=size),
        Paging(limit, after, all_pages),
        guild=guild,
        columns=STANDING,
    )


@app.command()
def supply(ctx: typer.Context, *, guild: GuildId) -> None:
    """Show how many points were minted and burned, and how many members hold."""
    run(ctx, lambda db: db.points.supply(guild), known_guild=guild)


@app.command()
def export(ctx: typer.Context, *, guild: GuildId) -> None:
    """Write every entry of a guild in the order of their ids, as of one instant.

    A CSV file is safe to open in a spreadsheet: a quote stands before each text that
    would be a formula. A side without a row id is the outside world; one with a row id
    and no user is a member who is gone.
    """
    run(
        ctx,
        lambda db: db.points.export(guild),
        known_guild=guild,
        columns=(*ENTRY, *MORE),
    )


@app.command()
def verify(
    ctx: typer.Context,
    *,
    guild: Annotated[
        int | None,
        typer.Option(
            "--guild",
            metavar="ID",
            parser=snowflake,
            show_default=False,
            help="This guild only.",
        ),
    ] = None,
) -> None:
    """Prove that every balance is the sum of its entries; repairs nothing."""
    run(
        ctx,
        lambda db: db.points.verify(guild),
        known_guild=guild,
        sentence=_verdict,
        found=lambda report: bool(report.mismatches),
    )


def _verdict(report: "VerifyReport") -> list[str]:
    checked = f"{report.accounts} accounts, {report.entries} entries"
    if not report.mismatches:
        return [f"ok  {checked}: every balance is the sum of its entries"]
    count = len(report.mismatches)
    broken = "1 mismatch" if count == 1 else f"{count} mismatches"
    return [f"{broken} in {checked}", *map(_mismatch, report.mismatches)]


def _mismatch(found: "Mismatch") -> str:
    who = "" if found.username is None else f"  {found.username} ({found.discord_id})"
    entry = "" if found.entry_id is None else f"  entry {found.entry_id}"
    sums = f"recorded {found.recorded}, computed {found.computed}"
    return f"{found.code}  guild {found.guild_id}{who}{entry}  {sums}"
