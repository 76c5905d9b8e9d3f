"""What needs consent is asked for, on a terminal, and refused without one."""

import contextlib
import os
import signal
from typing import Any

import pytest

from tests.harness.command import Cli
from tuxdb.cli.invocation import Invocation
from tuxdb.errors import ExitCode, Refused

DOWN = ("migrate", "down", "base")


def call(**given: object) -> Invocation:
    made = Invocation([])
    made.given.update(given)
    return made


def test_without_a_terminal_nothing_is_done() -> None:
    with pytest.raises(Refused) as caught:
        call(profile="prod").consent("this would change 1 204 rows")

    assert str(caught.value) == (
        "this would change 1 204 rows; refusing without consent"
    )
    assert caught.value.hint == "rerun with --yes --profile prod"


def test_yes_is_consent_given_beforehand() -> None:
    call(yes=True).consent("this would change 1 204 rows")


def test_where_a_name_is_wanted_yes_is_not_enough() -> None:
    with pytest.raises(Refused) as caught:
        call(yes=True).consent("this drops a table", name="tux prod")

    assert caught.value.hint == "rerun with --confirm 'tux prod'"


def test_the_right_name_is_consent_and_another_is_not() -> None:
    call(confirm="tux").consent("this drops a table", name="tux")

    with pytest.raises(Refused, match="is not the database 'tux'"):
        call(confirm="tux2").consent("this drops a table", name="tux")


def asked(cli: Cli, answer: str | signal.Signals) -> tuple[int, str]:
    """Run a command on a terminal; answer its question, or send a signal at it."""
    ours, theirs = os.openpty()
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with cli.start(*DOWN, **streams) as process:
        os.close(theirs)
        shown = ""
        while "[y/N] " not in shown:
            shown += os.read(ours, 65536).decode()
        if isinstance(answer, str):
            os.write(ours, answer.encode())
        else:
            process.send_signal(answer)
        code = process.wait(timeout=60)
    with contextlib.suppress(OSError):  # EIO: everything was read
        shown += os.read(ours, 65536).decode()
    os.close(ours)
    return code, shown


@pytest.mark.parametrize("answer", ["n\n", "\n", "yess\n", "\x04"])
def test_anything_but_yes_declines(cli: Cli, answer: str) -> None:
    code, shown = asked(cli, answer)

    assert code == ExitCode.REFUSED
    assert "declined; nothing was changed" in shown
    assert cli("guilds", "list").exit_code == ExitCode.OK


def test_yes_goes_on(cli: Cli) -> None:
    code, _ = asked(cli, "y\n")

    assert code == ExitCode.OK
    assert cli("guilds", "list").exit_code == ExitCode.FOUND


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_question(cli: Cli, number: signal.Signals) -> None:
    code, shown = asked(cli, number)

    assert code == 128 + number
    assert "Traceback" not in shown
