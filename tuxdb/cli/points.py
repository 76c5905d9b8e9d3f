"""`tuxdb points`: moving points, and the proof that none got lost."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import (
    RECORDED,
    After,
    All,
    Amount,
    GuildId,
    Key,
    Limit,
    Paging,
    UserId,
)
from tuxdb.cli.parsers import snowflake
from tuxdb.cli.run import run, run_pages

if TYPE_CHECKING:
    from tuxdb.controllers.movements import Movement, Side
    from tuxdb.controllers.points import Mismatch, VerifyReport

app = App(help="Move points between users, and prove that none got lost.")

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
STANDING = ("rank", "discord_id", "username", "points")

Sender = Annotated[
    int, typer.Option("--from", metavar="ID", parser=snowflake, help="Who gives.")
]
Receiver = Annotated[
    int, typer.Option("--to", metavar="ID", parser=snowflake, help="Who gets.")
]


def _row(moved: "Movement") -> dict[str, Any]:
    """The movement as JSON has it; users by their Discord ids."""
    return {
        "entry_id": moved.entry_id,
        "guild_id": moved.guild_id,
        "kind": moved.kind,
        "from": _side(moved.sender),
        "to": _side(moved.receiver),
        "amount": moved.amount,
        "actor": moved.actor,
        "reason": moved.reason,
        "created_at": moved.created_at,
        "idempotency_key": moved.idempotency_key,
        "replayed": moved.replayed,
    }


def _side(side: "Side | None") -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "user_id": side.discord_id,
        "username": side.username,
        "before": side.before,
        "after": side.after,
    }


def _sentence(moved: "Movement") -> str:
    sides = [side for side in (moved.sender, moved.receiver) if side is not None]
    changes = "   ".join(f"{s.username} {s.before} → {s.after}" for s in sides)
    again = ", replayed" if moved.replayed else ""
    unit = "point" if moved.amount == 1 else "points"
    entry = f"{moved.amount} {unit}, entry {moved.entry_id}{again}"
    return f"guild {moved.guild_id}  {changes}   ({entry})"


RECEIPT: dict[str, Any] = {"row": _row, "sentence": _sentence}


@app.command(writes=RECORDED)
def transfer(
    ctx: typer.Context,
    *,
    guild: GuildId,
    sender: Sender,
    receiver: Receiver,
    amount: Amount,
    key: Key = None,
) -> None:
    """Move points from one member to another, all or none."""
    call = invocation(ctx)
    known: dict[str, Any] = {
        "actor": call.actor,
        "reason": call.reason,
        "key": call.key(key),
    }
    run(
        ctx,
        lambda db: db.points.transfer(guild, sender, receiver, amount, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command(writes=RECORDED)
def grant(
    ctx: typer.Context, *, guild: GuildId, user: UserId, amount: Amount, key: Key = None
) -> None:
    """Give a member new points."""
    call = invocation(ctx)
    known: dict[str, Any] = {
        "actor": call.actor,
        "reason": call.reason,
        "key": call.key(key),
    }
    run(
        ctx,
        lambda db: db.points.grant(guild, user, amount, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command(writes=RECORDED)
def deduct(
    ctx: typer.Context, *, guild: GuildId, user: UserId, amount: Amount, key: Key = None
) -> None:
    """Take points from a member, out of circulation."""
    call = invocation(ctx)
    known: dict[str, Any] = {
        "actor": call.actor,
        "reason": call.reason,
        "key": call.key(key),
    }
    run(
        ctx,
        lambda db: db.points.deduct(guild, user, amount, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command()
def balance(ctx: typer.Context, *, guild: GuildId, user: UserId) -> None:
    """Show the balance of a member."""
    run(
        ctx,
        lambda db: db.points.balance(guild, user),
        guild=guild,
        columns=("guild_id", "discord_id", "username", "points"),
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
    limit: Limit = 50,
    after: After = None,
    all_pages: All = False,
) -> None:
    """List the entries of the ledger, newest first."""
    run_pages(
        ctx,
        lambda db, cursor, size: db.points.history(
            guild, user, after=cursor, limit=size
        ),
        Paging(limit, after, all_pages),
        guild=guild,
        columns=ENTRY,
        known=("idempotency_key", "reverses"),
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
