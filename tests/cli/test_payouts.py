"""`tuxdb points grant --from FILE`: many members at once, seen before it is done."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, BOB
from tests.harness.command import Cli, Result
from tuxdb.errors import ExitCode

pytestmark = pytest.mark.usefixtures("members")

HEADER = "line\tdiscord_id\tusername\tamount\tbefore\tafter\tentry_id\treplayed\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Five points for Alice, seven for Bob, and one more for Alice."""
    path = tmp_path / "pay.csv"
    path.write_text(f"discord_id,amount\n{ALICE},5\n{BOB},7\n{ALICE},1\n")
    return path


def grant(cli: Cli, file: Path | str, *more: object) -> Result:
    return cli("points", "grant", "--guild", "1", "--from", file, *more)


def balances(cli: Cli) -> dict[str, int]:
    rows = cli("users", "list", "--guild", "1", "--json").data
    return {row["username"]: row["points"] for row in rows}


def test_a_batch_is_shown_carried_out_and_recorded(cli: Cli, file: Path) -> None:
    result = grant(cli, file, "--yes", "--reason", "salary")

    assert result.exit_code == ExitCode.OK
    assert re.fullmatch(
        HEADER
        + r"2\t111\talice\t5\t100\t105\t\d+\tfalse\n"
        + r"3\t222\tbob\t7\t0\t7\t\d+\tfalse\n"
        + r"4\t111\talice\t1\t105\t106\t\d+\tfalse\n",
        result.stdout,
    )
    assert re.fullmatch(
        r"target: .*\n"
        r"grant of 13 points in guild 1, 3 lines\n"
        r"  line 2  alice 100 → 105\n"
        r"  line 3  bob 0 → 7\n"
        r"  line 4  alice 105 → 106\n"
        r"change set ([-0-9a-f]+)  undo: tuxdb changes undo \1\n",
        result.stderr,
    )
    assert balances(cli) == {"alice": 106, "bob": 7}


def test_without_consent_nothing_is_done(cli: Cli, file: Path) -> None:
    result = grant(cli, file)

    assert result.exit_code == ExitCode.REFUSED
    assert result.stdout == ""
    assert "error: this would grant 13 points in " in result.stderr
    assert balances(cli) == {"alice": 100, "bob": 0}


def test_a_dry_run_shows_every_line_and_does_nothing(cli: Cli, file: Path) -> None:
    result = grant(cli, file, "-n")

    assert result.stdout.count("\n") == 4
    assert result.stderr.endswith("dry run: nothing was changed\n")
    assert balances(cli) == {"alice": 100, "bob": 0}


def test_the_same_file_again_pays_nothing_and_answers_the_same(
    cli: Cli, file: Path
) -> None:
    first = grant(cli, file, "-y", "--json").data
    second = grant(cli, file, "-y", "--json")
    piped = cli(
        *("points", "grant", "--guild", "1", "--from", "-", "-y", "--json"),
        input=file.read_bytes(),
    )

    assert second.exit_code == piped.exit_code == ExitCode.OK
    for again in (second.data, piped.data):
        assert [row["entry_id"] for row in again] == [row["entry_id"] for row in first]
        assert all(row["replayed"] for row in again)
    assert "3 lines were carried out before and passed over" in second.stderr
    assert second.stderr.endswith("nothing to do\n")
    assert balances(cli) == {"alice": 106, "bob": 7}


def test_the_same_file_for_something_else_is_a_conflict(cli: Cli, file: Path) -> None:
    grant(cli, file, "-y")

    result = cli("points", "deduct", "--guild", "1", "--from", file, "-y")

    assert result.exit_code == ExitCode.CONFLICT
    assert "with other contents" in result.stderr
    assert balances(cli) == {"alice": 106, "bob": 7}


def test_a_batch_is_taken_back(cli: Cli, file: Path) -> None:
    grant(cli, file, "-y")
    change = cli("changes", "list", "--json").data[0]["id"]

    assert cli("changes", "undo", change, "-y").exit_code == ExitCode.OK

    assert balances(cli) == {"alice": 100, "bob": 0}
    assert cli("points", "verify").exit_code == ExitCode.OK


def test_a_deduction_that_one_cannot_pay_takes_from_nobody(
    cli: Cli, file: Path
) -> None:
    result = cli("points", "deduct", "--guild", "1", "--from", file, "-y")

    assert result.exit_code == ExitCode.CONFLICT
    assert result.stderr.endswith(
        "error: beyond a limit: 1 line; nothing was changed\n"
        "  line 3: bob would have -7\n"
    )
    assert balances(cli) == {"alice": 100, "bob": 0}


def test_unknown_members_are_listed(cli: Cli, file: Path) -> None:
    file.write_text("discord_id\n111\n333\n")

    result = grant(cli, file, "--amount", "5", "-y")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "error: no user in guild 1 for 1 line; nothing was changed\n" in (
        result.stderr
    )
    assert "  line 3: 333\n" in result.stderr


def test_all_that_is_wrong_in_the_file_is_told_at_once(cli: Cli, file: Path) -> None:
    file.write_text("discord_id,amount\n111,1e3\nx,5\n")

    result = grant(cli, file, "-y")

    assert result.exit_code == ExitCode.USAGE
    assert f"error: 2 problems in {file}; nothing was changed\n" in result.stderr
    assert f"  {file}:2: amount: '1e3' is not a whole number from 1" in result.stderr
    assert f"  {file}:3: discord_id: 'x' is not a whole number" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "who? --user ID, or --from FILE for many"),
        (["--user", "111"], "how many points? --amount N"),
        (
            ["--user", "111", "--from", "x.csv"],
            "--user and --from do not go together",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    cli: Cli, arguments: list[str], error: str
) -> None:
    result = cli("points", "grant", "--guild", "1", *arguments)

    assert (result.exit_code, result.stderr) == (ExitCode.USAGE, f"error: {error}\n")


def test_an_unknown_guild_or_file_is_named(cli: Cli, file: Path) -> None:
    unknown = cli("points", "grant", "--guild", "9", "--from", file, "-y")
    missing = grant(cli, "nowhere.csv", "-y")

    assert unknown.exit_code == ExitCode.NOT_FOUND
    assert "error: no guild 9\n" in unknown.stderr
    assert missing.exit_code == ExitCode.USAGE
    assert "error: nowhere.csv: cannot be read" in missing.stderr


def test_names_that_would_steer_a_terminal_are_shown_as_they_are(
    cli: Cli, file: Path
) -> None:
    cli("users", "set", "--guild", "1", "--user", BOB, "--name", "b\x1b[31m\n[red]")

    result = grant(cli, file, "-y")

    assert "\x1b" not in result.stdout + result.stderr
    assert r"  line 3  b\x1b[31m\n[red] 0 → 7" in result.stderr
