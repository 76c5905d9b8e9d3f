"""`tuxdb run-bot --playground`."""

import re
import signal

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

FORGED = "/points transfer @bob 1 \x1b[2J\u202enothing"


def test_the_bot_is_tried_from_a_file(cli: Cli) -> None:
    lines = "/points transfer @bob 50\nas bob\n/points balance\nquit\n/points ?\n"

    result = cli("run-bot", "--playground", input=lines)

    assert result.exit_code == ExitCode.OK
    assert "alice #general> /points transfer @bob 50" in result.stdout
    assert "only alice sees this" in result.stdout
    assert "@bob has 150 points." in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr.startswith("target: ")


def test_nothing_that_is_typed_steers_the_terminal(cli: Cli) -> None:
    result = cli("run-bot", "--playground", input=f"{FORGED}\nsay {FORGED}\n")

    assert result.exit_code == ExitCode.OK
    assert r"1 \x1b[2J\u202enothing" in result.stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stdout)


def test_lines_are_typed_into_a_terminal(cli: Cli) -> None:
    result = cli.terminal("run-bot", "--playground", typed="/points balance\nquit\n")

    assert result.exit_code == ExitCode.OK
    assert "@alice has 100 points." in result.stdout


def test_a_new_account_has_a_playground_of_its_own(bare_cli: Cli) -> None:
    result = bare_cli("run-bot", "--playground", input="/points balance\n")
    listed = bare_cli("db", "status", "--json")

    assert result.exit_code == ExitCode.OK
    assert "@alice has 100 points." in result.stdout
    assert listed.exit_code in (ExitCode.OK, ExitCode.FOUND)


def test_a_protected_database_is_no_playground(cli: Cli) -> None:
    assert cli("db", "protect", "--environment", "production").exit_code == 0

    result = cli("run-bot", "--playground", input="/points balance\n")

    assert result.exit_code == ExitCode.REFUSED
    assert "the playground is not for a protected database" in result.stderr
    assert result.stdout == ""


def test_an_interrupt_ends_it(cli: Cli) -> None:
    running = cli.start("run-bot", "--playground")
    assert running.stdout is not None
    while "help shows" not in running.stdout.readline():
        assert running.poll() is None

    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=20)

    assert running.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in stderr
