"""The group `tuxdb audit`, whose usual command need not be named."""

from typing import Any

from tuxdb.cli.groups import Group

SCAN = "scan"
_SWITCHES = ("--json", "--quiet", "-q", "--verbose", "-v", "--debug", "--no-input")


class AuditGroup(Group):
    """A group whose usual command need not be named: `tuxdb audit PATH…`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        """Put the usual command in front, unless another one is named."""
        words = [arg for arg in args if not arg.startswith("-")]
        named = bool(words) and words[0] in self.commands
        flags = args[: args.index(words[0])] if named else args
        plain = all("=" in flag or flag in _SWITCHES for flag in flags)
        asks = not ctx.resilient_parsing and args in (["-h"], ["--help"])
        if not asks and not (named and plain):
            args = [SCAN, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write how the usual command is called."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [PATH]...")

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """Write the options of the usual command, and the other commands."""
        self.format_commands(ctx, formatter)
        scan_command = self.commands[SCAN]
        inner = scan_command.make_context(SCAN, [], parent=ctx, resilient_parsing=True)
        scan_command.format_options(inner, formatter)
