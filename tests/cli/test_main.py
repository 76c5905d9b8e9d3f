"""`tuxdb` itself: help, version, unknown words, completion."""

import re

import pytest

from tests.harness.command import Cli
from tuxdb import __version__
from tuxdb.cli.main import GROUPS
from tuxdb.errors import ExitCode


@pytest.mark.parametrize("arguments", [("--version",), ("--json", "--version")])
def test_the_version_is_one_line(bare_cli: Cli, arguments: tuple[str, ...]) -> None:
    result = bare_cli(*arguments)

    assert (result.exit_code, result.stdout) == (0, f"tuxdb {__version__}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",)])
def test_help_goes_to_stdout(bare_cli: Cli, arguments: tuple[str, ...]) -> None:
    result = bare_cli(*arguments)

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith("Usage: tuxdb [OPTIONS] COMMAND")
    assert result.stderr == ""


def test_help_lists_every_group_with_its_purpose(bare_cli: Cli) -> None:
    shown = bare_cli("--help").stdout

    for name, group in GROUPS.items():
        assert re.search(rf"^  {name} +{re.escape(group.text)}$", shown, re.MULTILINE)


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_that_is_listed_can_be_asked_for_help(
    bare_cli: Cli, name: str
) -> None:
    result = bare_cli(name, "-h")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith(f"Usage: tuxdb {name} ")


def test_a_group_alone_prints_its_help(bare_cli: Cli) -> None:
    assert bare_cli("users").stdout == bare_cli("users", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("userz",), "no such command 'userz'", "did you mean 'users'?"),
        (("users", "lst"), "no such command 'lst'", "did you mean 'list'?"),
        (("xyzzy",), "no such command 'xyzzy'", "tuxdb --help"),
        (("--jsno",), "no such option: --jsno", "did you mean --json?"),
        (
            ("guilds", "show", "--guild", "1"),
            "no such option: --guild",
            "GUILD stands without --guild; tuxdb guilds show --help",
        ),
        (
            ("migrate", "down", "--to", "1"),
            "no such option: --to",
            "tuxdb migrate down --help",
        ),
        (
            ("users", "list"),
            "missing option '--guild'",
            "tuxdb users list --help",
        ),
        (
            ("guilds", "show"),
            "missing argument 'GUILD'",
            "tuxdb guilds show --help",
        ),
        (
            ("guilds", "show", "1", "2"),
            "got unexpected extra argument(s) (2)",
            "tuxdb guilds show --help",
        ),
    ],
)
def test_what_was_mistyped_is_named_with_a_way_on(
    bare_cli: Cli, arguments: tuple[str, ...], error: str, hint: str
) -> None:
    result = bare_cli(*arguments)

    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert result.stderr == f"error: {error}\nhint: {hint}\n"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tuxdb us", ["users"]),
        ("tuxdb users se", ["set"]),
        ("tuxdb users list --g", ["--guild"]),
        ("tuxdb users list --no", ["--no-headers", "--no-input"]),
    ],
)
def test_completion(bare_cli: Cli, words: str, found: list[str]) -> None:
    result = bare_cli(
        env={
            "_TUXDB_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
    )

    assert result.stdout.split() == found
