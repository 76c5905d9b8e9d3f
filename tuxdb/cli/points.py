"""`tuxdb points`: moving points, and the proof that none got lost."""

from typing import Annotated, Any

import typer

from tuxdb.cli.groups import App
from tuxdb.cli.invocation import invocation
from tuxdb.cli.options import GUARDED, RECORDED, Amount, GuildId, Key, UserId
from tuxdb.cli.parsers import amount_or_zero, snowflake, whole
from tuxdb.cli.payouts import AmountEach, Batch, ManyUsers, OneUser, pay, single
from tuxdb.cli.points_output import RECEIPT, freeze_sentence
from tuxdb.cli.points_reports import app as reports
from tuxdb.cli.run import run

app = App(help="Move points between users, and prove that none got lost.")

Sender = Annotated[
    int, typer.Option("--from", metavar="ID", parser=snowflake, help="Who gives.")
]
Receiver = Annotated[
    int, typer.Option("--to", metavar="ID", parser=snowflake, help="Who gets.")
]
Partial = Annotated[
    bool,
    typer.Option("--allow-partial", help="Take what is there, if it is not enough."),
]
Entry = Annotated[
    int,
    typer.Argument(
        metavar="ENTRY",
        parser=whole(1, 2**63 - 1),
        show_default=False,
        help="Its id, from `tuxdb points history`.",
    ),
]


@app.command(writes=RECORDED)
def transfer(
    ctx: typer.Context,
    *,
    guild: GuildId,
    sender: Sender,
    receiver: Receiver,
    amount: Amount,
    create_missing: Annotated[
        bool,
        typer.Option(
            "--create-missing",
            help="Add the receiver, if unseen, by its ID for a name.",
        ),
    ] = False,
    key: Key = None,
) -> None:
    """Move points from one member to another, all or none."""
    known = _known(ctx, key)
    run(
        ctx,
        lambda db: db.points.transfer(
            guild, sender, receiver, amount, create_missing=create_missing, **known
        ),
        guild=guild,
        **RECEIPT,
    )


@app.command(writes=GUARDED)
def grant(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: OneUser = None,
    file: ManyUsers = None,
    amount: AmountEach = None,
    key: Key = None,
) -> None:
    """Give new points to a member, or to all those in a file."""
    if file is not None:
        pay(ctx, "grant", guild, Batch(file, user, amount, key))
        return
    (who, points), known = single(user, amount), _known(ctx, key)
    run(
        ctx,
        lambda db: db.points.grant(guild, who, points, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command(writes=GUARDED)
def deduct(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: OneUser = None,
    file: ManyUsers = None,
    amount: AmountEach = None,
    partial: Partial = False,
    key: Key = None,
) -> None:
    """Take points from a member, or all those in a file, out of circulation."""
    if file is not None:
        pay(ctx, "deduct", guild, Batch(file, user, amount, key, partial=partial))
        return
    (who, points), known = single(user, amount), _known(ctx, key)
    run(
        ctx,
        lambda db: db.points.deduct(guild, who, points, partial=partial, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command("set", writes=RECORDED)
def set_balance(
    ctx: typer.Context,
    *,
    guild: GuildId,
    user: UserId,
    balance: Annotated[
        int,
        typer.Option(
            "--to-balance", metavar="N", parser=amount_or_zero, help="0 or more."
        ),
    ],
    key: Key = None,
) -> None:
    """Set a member's balance; the difference is what is entered."""
    known = _known(ctx, key)
    run(
        ctx,
        lambda db: db.points.set_balance(guild, user, balance, **known),
        guild=guild,
        **RECEIPT,
    )


@app.command(writes=RECORDED)
def reverse(
    ctx: typer.Context, entry: Entry, *, partial: Partial = False, key: Key = None
) -> None:
    """Correct an entry by one the other way round, once."""
    known = _known(ctx, key)
    run(
        ctx,
        lambda db: db.points.reverse(entry, partial=partial, **known),
        **RECEIPT,
    )


@app.command(writes=RECORDED)
def freeze(ctx: typer.Context, *, guild: GuildId, user: UserId) -> None:
    """Keep a member from sending and receiving points."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.points.freeze(guild, user, actor=call.actor, reason=call.reason),
        guild=guild,
        sentence=freeze_sentence,
    )


@app.command(writes=RECORDED)
def unfreeze(ctx: typer.Context, *, guild: GuildId, user: UserId) -> None:
    """Let a member send and receive points again."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.points.unfreeze(
            guild, user, actor=call.actor, reason=call.reason
        ),
        guild=guild,
        sentence=freeze_sentence,
    )


app.add_typer(reports)


def _known(ctx: typer.Context, key: str | None) -> dict[str, Any]:
    """Who, why, and the key, which is made and shown if none is given."""
    call = invocation(ctx)
    return {"actor": call.actor, "reason": call.reason, "key": call.key(key)}
