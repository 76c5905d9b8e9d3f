"""`tuxdb points grant --from FILE` and its like: many members at once, previewed."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tuxdb.cli.consent import undo_line
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.parsers import amount, snowflake
from tuxdb.cli.run import run
from tuxdb.errors import UsageError

if TYPE_CHECKING:
    from tuxdb.controllers.guard import Protection
    from tuxdb.controllers.payout_lines import Line
    from tuxdb.controllers.payouts import Payout
    from tuxdb.database import Database

PAID = (
    "line",
    "discord_id",
    "username",
    "amount",
    "before",
    "after",
    "entry_id",
    "replayed",
)
SHOWN = 10

OneUser = Annotated[
    int | None,
    typer.Option(
        "--user",
        metavar="ID",
        parser=snowflake,
        show_default=False,
        help="Discord user.",
    ),
]
ManyUsers = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE|-",
        show_default=False,
        help="Rows with discord_id and amount, in place of --user.",
    ),
]
AmountEach = Annotated[
    int | None,
    typer.Option(
        "--amount",
        metavar="N",
        parser=amount,
        show_default=False,
        help="Points, 1 or more; to each, if the file has no amounts.",
    ),
]


class Batch(NamedTuple):
    """What was typed about a file of members."""

    file: str
    user: int | None
    amount: int | None
    key: str | None
    partial: bool = False


def single(user: int | None, points: int | None) -> tuple[int, int]:
    """The one member that is meant; UsageError if this was not said."""
    if user is None:
        raise UsageError("who? --user ID, or --from FILE for many")
    if points is None:
        raise UsageError("how many points? --amount N")
    return user, points


def pay(ctx: typer.Context, kind: str, guild: int, batch: Batch) -> None:
    """Carry a file out: all of its lines, or none."""
    if batch.user is not None:
        raise UsageError("--user and --from do not go together")
    if batch.partial:
        raise UsageError("--allow-partial is for one member")
    call = invocation(ctx)
    run(
        ctx,
        lambda db: _paid(db, call, kind, guild, batch),
        known_guild=guild,
        rolls_back=False,
        columns=PAID,
        notes=lambda payout: _notes(call, payout),
    )


async def _paid(
    db: "Database", call: Invocation, kind: str, guild: int, batch: Batch
) -> "Payout":
    from tuxdb.bulk.changesets import Author
    from tuxdb.controllers.payout_lines import read_lines
    from tuxdb.models import EntryKind

    found: list[Line] = await read_lines(batch.file, batch.amount, batch.key)
    author = Author(f"points {kind}", call.actor, call.reason)

    def agree(payout: "Payout", protection: "Protection") -> None:
        for line in _preview(payout):
            call.say(line)
        call.consent(
            f"this would {kind} {payout.total} points in {protection.place}",
            name=protection.database if payout.guarded(protection) else None,
            recorded=True,
        )

    return await db.payouts.pay(
        guild, EntryKind(kind), found, author, agree, commit=not call.dry_run
    )


def _preview(payout: "Payout") -> Iterator[str]:
    yield (
        f"{payout.kind} of {payout.total} points in guild {payout.guild_id}, "
        f"{payout.changed} lines"
    )
    new = (paid for paid in payout.items if not paid.replayed)
    for paid in islice(new, SHOWN):
        yield f"  line {paid.line}  {paid.username} {paid.before} → {paid.after}"
    if payout.changed > SHOWN:
        yield f"  … {payout.changed - SHOWN} more (--dry-run shows all)"


def _notes(call: Invocation, payout: "Payout") -> Iterator[str]:
    if payout.replayed:
        yield f"{payout.replayed} lines were carried out before and passed over"
    if call.dry_run:
        yield "dry run: nothing was changed"
    elif payout.changeset is not None:
        yield undo_line(payout.changeset)
    else:
        yield "nothing to do"
