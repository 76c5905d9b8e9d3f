"""`tuxdb migrate`: the schema of the database, brought to a revision."""

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb.cli.groups import App, Group
from tuxdb.cli.invocation import Invocation, invocation
from tuxdb.cli.parsers import closest, duration, whole
from tuxdb.cli.run import run_with_settings
from tuxdb.errors import UsageError

if TYPE_CHECKING:
    from tuxdb.migrate import Applied, Downgrade, DownPlan, NewRevision, Note, Upgrade

HEAD = "head"
MOVES = ("dry_run", "actor", "lock_timeout")
REVERTS = (*MOVES, "yes", "confirm", "reason")
MANY = 20
WIDTH = 44
DRY_RUN = "dry run: nothing was changed"
STEPS = re.compile(r"-([0-9]{1,4})")

Revision = Annotated[str, typer.Argument(metavar="REV", show_default=False)]
LockWait = Annotated[
    float,
    typer.Option(
        "--lock-wait",
        metavar="DUR",
        parser=duration,
        help="Longest wait for another migration.",
        show_default="60s",
    ),
]
Retries = Annotated[
    int,
    typer.Option(
        "--retries",
        metavar="N",
        parser=whole(1, MANY),
        help="Attempts at a revision whose lock is not to be had.",
    ),
]


class MigrateGroup(Group):
    """Its commands, and what may have been meant by a revision among them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        """Take `down -1` for a number of steps, and no unknown word for a revision."""
        word, rest = args[0], args[1:]
        if word == "down":
            rest = [
                STEPS.sub(r"--steps=\1", a) if STEPS.fullmatch(a) else a for a in rest
            ]
        unknown = not word.startswith("-") and self.get_command(ctx, word) is None
        if unknown and not ctx.resilient_parsing:
            self._refuse(ctx, word)
        return super().resolve_command(ctx, [word, *rest])

    def _refuse(self, ctx: Any, word: str) -> None:  # noqa: ANN401
        from tuxdb.migrate import History, migrations_folder

        history = History.read(migrations_folder(invocation(ctx).settings))
        revisions = [HEAD, *(one.revision for one in history.revisions)]
        near = closest(word, self.list_commands(ctx))
        meant = closest(word, revisions)
        if near is None and meant is None:
            return
        hint = f"tuxdb migrate {near}" if near else f"tuxdb migrate --to {meant}"
        raise UsageError(f"no such command {word!r}", hint=f"did you mean {hint!r}?")


app = App(help="Bring the database's schema to a revision.", cls=MigrateGroup)


@app.callback(group=MigrateGroup, invoke_without_command=True, writes=MOVES)
def migrate(
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="REV", help="Stop at this revision, not at head."),
    ] = None,
    lock_wait: LockWait = 60.0,
    retries: Retries = 5,
) -> None:
    """Bring the database's schema to the newest revision."""
    from tuxdb.migrate import upgrade

    if ctx.invoked_subcommand is not None:
        return
    call = invocation(ctx)
    work = partial(
        upgrade,
        target=to or HEAD,
        dry_run=call.dry_run,
        report=partial(_say, call),
        **_patience(call, lock_wait, retries),
    )
    run_with_settings(ctx, work, row=_upgrade_row, sentence=_upgraded)


@app.command()
def status(
    ctx: typer.Context,
    check: Annotated[
        bool, typer.Option("--check", help="End with 3 unless all are applied.")
    ] = False,
) -> None:
    """Show each revision: applied, pending, edited, missing or failed."""
    from tuxdb.migrate import is_clean, status

    run_with_settings(
        ctx,
        status,
        columns=("revision", "message", "applied_at", "state"),
        found=lambda found: check and not is_clean(found),
    )


@app.command()
def history(ctx: typer.Context) -> None:
    """List the revisions, newest first; needs no database."""
    from tuxdb.migrate import history

    columns = ("revision", "revises", "message", "head")
    run_with_settings(ctx, history, columns=columns)


@app.command()
def show(ctx: typer.Context, revision: Revision) -> None:
    """Show what is known of a revision; needs no database."""
    from tuxdb.migrate import show

    run_with_settings(ctx, partial(show, revision=revision))


@app.command(writes=REVERTS)
def down(
    ctx: typer.Context,
    revision: Annotated[
        str | None, typer.Argument(metavar="REV|-N", show_default=False)
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", parser=whole(1, 9999), hidden=True)
    ] = None,
    lock_wait: LockWait = 60.0,
    retries: Retries = 5,
) -> None:
    """Take revisions back, down to REV, or base, or the last N; data goes with them."""
    from tuxdb.migrate import down

    if (revision is None) == (steps is None):
        raise UsageError("migrate down needs one REV, base, or -N")
    call = invocation(ctx)
    work = partial(
        down,
        target=revision or f"-{steps}",
        agree=partial(_agree, call),
        confirm=call.confirm,
        reason=call.reason,
        dry_run=call.dry_run,
        report=partial(_say, call),
        **_patience(call, lock_wait, retries),
    )
    run_with_settings(ctx, work, row=_downgrade_row, sentence=_reverted)


@app.command(writes=())
def new(
    ctx: typer.Context,
    message: Annotated[str, typer.Argument(show_default=False)],
    empty: Annotated[
        bool, typer.Option("--empty", help="Compare nothing; write the frame.")
    ] = False,
    rename: Annotated[
        list[str] | None,
        typer.Option("--rename", metavar="T.OLD:NEW", help="OLD of T is NEW now."),
    ] = None,
    allow_drop: Annotated[
        list[str] | None,
        typer.Option("--allow-drop", metavar="T", help="T, or a column T.C, may go."),
    ] = None,
) -> None:
    """Write a revision that takes the head to the models."""
    from tuxdb.migrate import new

    call = invocation(ctx)
    work = partial(
        new,
        message=message,
        empty=empty,
        renames=rename or (),
        allow_drops=allow_drop or (),
        ask=partial(typer.confirm, err=True) if call.interactive else None,
    )
    run_with_settings(ctx, work, sentence=_written)


@app.command(writes=("actor",))
def stamp(
    ctx: typer.Context,
    revision: Revision,
    purge: Annotated[
        bool, typer.Option("--purge", help="Forget versions that have no file here.")
    ] = False,
    lock_wait: LockWait = 60.0,
) -> None:
    """Say that the database is at REV, without running anything."""
    from tuxdb.migrate import stamp

    work = partial(stamp, target=revision, purge=purge, lock_wait=lock_wait)
    run_with_settings(
        ctx,
        work,
        row=lambda found: {"from": found.from_, "to": found.to},
        sentence=lambda found: f"at {found.to}, was {found.from_}",
    )


def _patience(call: Invocation, lock_wait: float, retries: int) -> dict[str, Any]:
    given = call.given.get("lock_timeout")
    timeout = {} if given is None else {"lock_timeout": given}
    return {"lock_wait": lock_wait, "retries": retries, **timeout}


def _say(call: Invocation, event: "Applied | Note") -> None:
    """Tell what has just been done, or what is waited for."""
    if not call.format_given:
        call.say(f"  {getattr(event, 'text', None) or _line(event)}")


def _line(applied: Any) -> str:  # noqa: ANN401 - Applied, which is not imported here
    took = applied.duration_ms
    shown = f"{took} ms" if took < 1000 else f"{took / 1000:.1f} s"  # noqa: PLR2004
    return f"{applied.revision} {_shortened(applied.message):<{WIDTH}} ok {shown:>7}"


def _shortened(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _upgrade_row(found: "Upgrade") -> dict[str, Any]:
    return {
        "from": found.from_,
        "to": found.to,
        "applied": found.applied,
        "head": found.head,
        **({"dry_run": True} if found.dry_run else {}),
    }


def _upgraded(found: "Upgrade") -> str | list[str]:
    place = f"{found.to} (head)" if found.head else found.to
    if not found.applied:
        return f"at {place}, nothing to do"
    if not found.dry_run:
        return f"at {place}, {len(found.applied)} applied"
    lines = [f"  {one.revision} {one.message}" for one in found.applied]
    return [f"at {found.from_}, would apply", *lines, DRY_RUN]


def _agree(call: Invocation, plan: "DownPlan") -> bool:
    """Show what would be lost, and go on only with consent."""
    from tuxdb.migrate import lost

    call.say(f"  {plan.from_} → {plan.to} loses {lost(plan.losses)}")
    call.consent(f"this would lose data of {plan.database}")
    return True


def _downgrade_row(found: "Downgrade") -> dict[str, Any]:
    return {
        "from": found.from_,
        "to": found.to,
        "reverted": found.reverted,
        "losses": found.losses,
        **({"dry_run": True} if found.dry_run else {}),
    }


def _reverted(found: "Downgrade") -> str | list[str]:
    from tuxdb.migrate import lost

    if found.dry_run and found.from_ != found.to:
        would_lose = lost(found.losses)
        return [f"{found.from_} → {found.to} would lose {would_lose}", DRY_RUN]
    if not found.reverted:
        return f"at {found.to}, nothing to do"
    return f"at {found.to}, {len(found.reverted)} taken back"


def _written(found: "NewRevision") -> str:
    return f"wrote {found.file}" if found.file else "no changes"
