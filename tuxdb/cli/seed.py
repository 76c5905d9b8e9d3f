"""`tuxdb seed`: rows from files, and made-up ones."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tuxdb import seed as seeding
from tuxdb.cli.edits import author_of
from tuxdb.cli.groups import App, Group
from tuxdb.cli.invocation import invocation
from tuxdb.cli.parsers import whole
from tuxdb.cli.progress import shown
from tuxdb.cli.run import run, run_with_settings

if TYPE_CHECKING:
    from tuxdb.seed import FakeReport, SeedReport, SeedStatus

DEFAULT = "apply"
COUNTS = ("seed", "table", "inserted", "updated", "unchanged")
STATES = ("name", "state", "rows", "applied_at", "source")
MOST_CHANGES_SHOWN = 20
RECORDED_AS = ("dry_run", "actor", "reason", "lock_timeout")


class SeedGroup(Group):
    """A group in which a word that is no command names a seed set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.subcommand_metavar = "[NAME]... | COMMAND [ARGS]..."

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the commands, and the options for seed sets."""
        self.format_commands(ctx, formatter)
        self.commands[DEFAULT].format_options(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Put `apply` before the first seed set, or before the options alone."""
        if not {"-h", "--help"} & set(args) and self._first_word(args) not in (
            self.list_commands(ctx)
        ):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def _first_word(self, args: list[str]) -> str | None:
        """The first argument that is neither an option nor the value of one."""
        params: tuple[Any, ...] = (*self.commands[DEFAULT].params, *self.params)
        valued = {
            name
            for param in params
            if param.param_type_name == "option" and not param.is_flag
            for name in param.opts
        }
        words = iter(args)
        for word in words:
            if word in valued:
                next(words, None)
            elif not word.startswith("-"):
                return word
        return None


app = App(
    help="Fill the database. `tuxdb seed NAME...` applies these seed sets, "
    "`tuxdb seed` all of the project's, or the built-in ones if it has none.",
    cls=SeedGroup,
)


@app.command(DEFAULT, writes=RECORDED_AS, hidden=True)
def apply(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", show_default=False, help="Seed sets."),
    ] = None,
    *,
    only_changed: Annotated[
        bool,
        typer.Option("--only-changed", help="Pass over files applied as they are."),
    ] = False,
    random_seed: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="For sets in Python: rows(random)."),
    ] = 1,
) -> None:
    """Apply seed sets: insert rows, and change those that differ."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: db.seeds.apply(
            names or (),
            author_of(call, "seed"),
            only_changed=only_changed,
            random_seed=random_seed,
        ),
        columns=COUNTS,
        notes=_changes,
        schema="tuxdb.seed/1",
    )


@app.command("list")
def list_sets(ctx: typer.Context) -> None:
    """List the seed sets that can be applied."""
    run_with_settings(
        ctx,
        lambda settings: seeding.Library.of(settings).listing(),
        columns=("name", "tables", "rows", "source"),
    )


@app.command()
def status(ctx: typer.Context) -> None:
    """Show which seeds were applied; exit 3 if `tuxdb seed` has something to do."""
    run(
        ctx,
        seeding.status,
        columns=STATES,
        known=("actor",),
        found=_is_due,
    )


def _count(name: str, text: str) -> Any:  # noqa: ANN401 - Typer's class is private
    lowest, highest = seeding.LIMITS[name]
    return typer.Option(metavar="N", parser=whole(lowest, highest), help=text)


@app.command(writes=RECORDED_AS)
def fake(
    ctx: typer.Context,
    *,
    guilds: Annotated[int, _count("guilds", "Guilds; the first is the largest.")] = 5,
    users: Annotated[int, _count("users", "Members, over all guilds.")] = 1000,
    messages: Annotated[int, _count("messages", "Messages of members.")] = 0,
    transfers: Annotated[int, _count("transfers", "Transfers of points.")] = 0,
    cases: Annotated[int, _count("cases", "Moderation cases.")] = 0,
    random_seed: Annotated[
        int, _count("random_seed", "The same number makes the same data.")
    ] = 1,
) -> None:
    """Make up guilds, members and what they do; balances satisfy the ledger."""
    call = invocation(ctx)
    run(
        ctx,
        lambda db: shown(
            call,
            lambda told: db.seeds.fake(
                author_of(call, "seed fake"),
                guilds=guilds,
                users=users,
                messages=messages,
                transfers=transfers,
                cases=cases,
                random_seed=random_seed,
                progress=told,
            ),
        ),
        columns=COUNTS[1:],
        known=COUNTS[:1],
        notes=_what_next,
    )


def _changes(reports: "list[SeedReport]") -> Iterator[str]:
    """Say what was there before, as far as fits a screen."""
    changes = [change for report in reports for change in report.changes]
    yield from changes[:MOST_CHANGES_SHOWN]
    if len(changes) > MOST_CHANGES_SHOWN:
        yield f"… and {len(changes) - MOST_CHANGES_SHOWN} more changes"
    if not reports:
        yield "nothing to do"
    elif not any(report.inserted or report.updated for report in reports):
        yield "unchanged"


def _is_due(states: "list[SeedStatus]") -> bool:
    return any(state.due for state in states)


def _what_next(report: "FakeReport") -> Iterator[str]:
    """Say that nothing was loaded, and where to look."""
    if report.unchanged:
        yield f"unchanged: {report.name} was loaded before"
    yield f"largest guild: tuxdb users list --guild {report.guild_ids[0]}"
