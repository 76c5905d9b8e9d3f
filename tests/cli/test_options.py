"""The options of every command."""

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

PASSWORD = "hunter2-S3cret"

pytestmark = pytest.mark.usefixtures("members")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "users", "list", "--guild", "1"),
        ("users", "--json", "list", "--guild", "1"),
        ("users", "list", "--json", "--guild", "1"),
        ("users", "list", "--guild", "1", "--json"),
        ("users", "list", "--guild", "1", "--format", "json"),
        ("--format", "csv", "users", "list", "--guild", "1", "--format=json"),
    ],
)
def test_they_stand_before_and_after_the_command(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    assert [row["username"] for row in cli(*arguments).data] == ["alice", "bob"]


def test_columns_are_chosen_and_put_in_order(cli: Cli) -> None:
    result = cli("users", "list", "--guild", "1", "--columns", "points,username,id")

    assert result.stdout == "points\tusername\tid\n100\talice\t1\n0\tbob\t2\n"


def test_an_unknown_column_is_refused_before_anything_changes(cli: Cli) -> None:
    arguments = ["--guild", "1", "--user", "111", "--name", "x"]

    result = cli("users", "set", *arguments, "--columns", "usrname")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: --columns: there is no column 'usrname'\n"
        "hint: did you mean 'username'?\n"
    )
    assert "alice" in cli("users", "list", "--guild", "1").stdout


def test_headers_can_be_left_out(cli: Cli) -> None:
    for form in ("tsv", "csv"):
        result = cli("guilds", "list", "--no-headers", "--format", form)

        assert result.stdout.startswith("1")


def test_quiet_leaves_errors_only(cli: Cli) -> None:
    arguments = ["--guild", "1", "--user", "111", "--amount", "1", "-q"]

    assert cli("points", "grant", *arguments).stderr == ""
    assert cli("users", "list", "--guild", "9", "-q").stderr.startswith("error: ")


def test_an_unknown_format_is_answered_with_the_nearest(cli: Cli) -> None:
    result = cli("guilds", "list", "--format", "jsonl")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: --format: 'jsonl' is not one of table, tsv, csv, json, ndjson; "
        "did you mean 'json'?\n"
    )


def test_a_password_on_the_command_line_is_warned_of(cli: Cli) -> None:
    url = f"postgresql://bot:{PASSWORD}@127.0.0.1:1/tux"

    result = cli("guilds", "list", "--url", url)

    assert result.exit_code == ExitCode.UNREACHABLE
    assert result.stderr.startswith("warning: --url holds a password")
    assert len(result.stderr.splitlines()) <= 3
    assert PASSWORD not in result.stderr


def test_the_url_may_come_on_stdin(cli: Cli, database_url: str) -> None:
    unset = {"TUXDB_DATABASE_URL": None}

    result = cli("guilds", "list", "--url-file", "-", input=database_url, env=unset)

    assert result.exit_code == ExitCode.OK
    assert result.stdout.splitlines()[1].startswith("1\t")


def test_two_urls_are_one_too_many(cli: Cli) -> None:
    result = cli("guilds", "list", "--url", "postgresql://h/x", "--url-file", "-")

    assert result.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("wait", ["--wait=300ms", "--wait"])
def test_waiting_for_a_server_that_is_there_takes_no_time(cli: Cli, wait: str) -> None:
    assert cli("guilds", "list", wait).exit_code == ExitCode.OK


def test_waiting_for_a_server_that_is_not_there_ends(cli: Cli) -> None:
    url = "postgresql://bot@127.0.0.1:1/tux"

    result = cli("guilds", "list", "--wait=600ms", "--url", url)

    assert result.exit_code == ExitCode.UNREACHABLE
    assert result.stderr.startswith("error: cannot reach bot@127.0.0.1:1/tux")


@pytest.mark.parametrize("option", ["--wait=soon", "--connect-timeout=1d"])
def test_a_bad_duration_is_refused(cli: Cli, option: str) -> None:
    result = cli("guilds", "list", option)

    assert result.exit_code == ExitCode.USAGE
    assert "is not a duration such as 250ms, 2s or 1m" in result.stderr


def test_text_that_is_not_utf8_is_refused(cli: Cli) -> None:
    arguments = ["--guild", "1", "--user", "5", "--name", "a\udcff"]

    process = cli.start("users", "add", *arguments)
    _, stderr = process.communicate(timeout=60)

    assert process.returncode == ExitCode.USAGE
    assert stderr == "error: --name: is not valid UTF-8\n"


def test_the_timeouts_of_a_change_reach_the_session(cli: Cli) -> None:
    arguments = ["--guild", "1", "--user", "111", "--amount", "1"]

    result = cli("points", "grant", *arguments, "--statement-timeout", "0.5parsecs")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr.startswith("error: --statement-timeout: '0.5parsecs' is not")


def test_a_password_option_does_not_exist(cli: Cli) -> None:
    result = cli("guilds", "list", f"--password={PASSWORD}")

    assert result.exit_code == ExitCode.USAGE
    assert PASSWORD not in result.stderr


def test_columns_cannot_be_chosen_of_what_is_one_thing(cli: Cli) -> None:
    arguments = ["--guild", "1", "--user", "111", "--amount", "1"]

    result = cli("points", "grant", *arguments, "--columns", "amount")

    assert result.exit_code == ExitCode.USAGE
    assert cli("points", "balance", *arguments[:4], "--json").data["points"] == 100
