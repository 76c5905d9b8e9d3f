"""The command `tuxdb`: its groups, each in a module that loads when it is named.

To add a group, write `tuxdb/cli/NAME.py` with an `app` (see groups.py) and a line in
`GROUPS`; its text there is what `tuxdb --help` shows without importing the module.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any, NamedTuple

import typer

from tuxdb import __version__
from tuxdb.cli.groups import App, Group, light


class Listed(NamedTuple):
    """Where a group is, and what it is for."""

    module: str
    text: str


GROUPS = {
    "migrate": Listed(
        "tuxdb.cli.migrate", "Bring the database's schema to a revision."
    ),
    "seed": Listed("tuxdb.cli.seed", "Fill the database with known or made-up rows."),
    "users": Listed(
        "tuxdb.cli.users", "List, add and change members; export, forget, merge them."
    ),
    "guilds": Listed("tuxdb.cli.guilds", "Guilds: their settings, sizes, and purging."),
    "points": Listed("tuxdb.cli.points", "Move points, and prove that none got lost."),
    "bulk-update": Listed(
        "tuxdb.cli.bulk_update", "Change many rows, seen before they are committed."
    ),
    "changes": Listed("tuxdb.cli.changes", "See who changed which rows; undo it."),
    "audit": Listed(
        "tuxdb.cli.audit", "Find raw SQL in Python source, and what is wrong with it."
    ),
    "run-bot": Listed("tuxdb.cli.run_bot", "Run the Discord bot, or try it here."),
    "inspect": Listed("tuxdb.cli.inspect", "Look at tables, sizes and indexes."),
    "db": Listed("tuxdb.cli.db", "Run the embedded server; reach the database."),
    "config": Listed(
        "tuxdb.cli.config", "Show the configuration and where it is from."
    ),
    "doctor": Listed("tuxdb.cli.doctor", "Check everything tuxdb needs, step by step."),
}


class Root(Group):
    """`tuxdb` itself; it knows its groups without having imported them."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        """List the groups that are there."""
        return [name for name, listed in GROUPS.items() if find_spec(listed.module)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """Import a group."""
        if cmd_name not in self.commands and cmd_name in self.list_commands(ctx):
            module = import_module(GROUPS[cmd_name].module)
            self.commands[cmd_name] = typer.main.get_command(module.app)
            self.commands[cmd_name].name = cmd_name
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the table above, importing nothing."""
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, GROUPS[name].text) for name in names])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401
        """Complete a group's name, importing nothing; or an option."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from typer._click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=GROUPS[name].text)
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tuxdb {__version__}")
        raise typer.Exit


app = App(
    help="Database administration toolkit of a Discord bot.", cls=Root, completion=True
)


@app.callback(group=Root)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version and end.",
        ),
    ] = False,
) -> None:
    pass


def command() -> Any:  # noqa: ANN401 - Typer's class of it is private
    """Build the command of the whole program."""
    root = typer.main.get_command(app)
    for param in root.params:  # those for completion are added at the end
        light(param)
    return root
