"""`tuxdb users`."""

import re

import pytest

from tests.cli.conftest import add_users
from tests.harness.command import Cli, Result
from tuxdb.errors import ExitCode

HEADER = "discord_id\tusername\tpoints\tis_active\tcreated_at\n"


def names(result: Result) -> list[str]:
    return [line.split("\t")[1] for line in result.stdout.splitlines()[1:]]


@pytest.mark.usefixtures("members")
def test_the_list_is_tsv_when_piped(cli: Cli) -> None:
    result = cli("users", "list", "--guild", "1")

    assert result.exit_code == ExitCode.OK
    assert result.stderr == ""
    assert result.stdout.startswith(HEADER)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
    assert re.search(rf"^111\talice\t100\ttrue\t{time}$", result.stdout, re.MULTILINE)


def test_an_empty_guild_has_a_header_only(cli: Cli) -> None:
    cli("guilds", "add", "1")

    result = cli("users", "list", "--guild", "1")

    assert (result.exit_code, result.stdout) == (ExitCode.OK, HEADER)


def test_an_unknown_guild_is_not_found(cli: Cli) -> None:
    result = cli("users", "list", "--guild", "99")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stdout == ""
    assert result.stderr == "error: no guild 99\nhint: tuxdb guilds list\n"


def test_a_bad_guild_is_named_with_its_range(cli: Cli) -> None:
    result = cli("users", "list", "--guild", "abc")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: --guild: 'abc' is not a Discord ID "
        "(an integer from 1 to 9223372036854775807)\n"
    )


def test_pages_follow_each_other_by_the_command_that_is_printed(
    cli: Cli, database_url: str
) -> None:
    add_users(database_url, [(n, f"user{n}", n % 3) for n in range(1, 8)])
    arguments = ["users", "list", "--guild", "1", "--sort", "points:desc", "--limit=3"]
    seen: list[str] = []

    while arguments:
        page = cli(*arguments)
        seen += names(page)
        following = re.fullmatch(r"next: tuxdb (.*)\n", page.stderr)
        arguments = following[1].split() if following else []

    assert seen == ["user2", "user5", "user1", "user4", "user7", "user3", "user6"]


@pytest.mark.parametrize("form", ["json", "ndjson", "tsv", "csv"])
def test_all_rows_are_those_of_every_page(
    cli: Cli, database_url: str, form: str
) -> None:
    add_users(database_url, [(n, f"user{n}", 0) for n in range(1, 8)])

    result = cli("users", "list", "--guild", "1", "--all", "--format", form)

    assert re.findall(r"user\d", result.stdout) == [f"user{n}" for n in range(1, 8)]
    assert result.stderr == ""


@pytest.mark.usefixtures("members")
def test_json_names_its_schema_and_the_next_page(cli: Cli) -> None:
    first = cli("users", "list", "--guild", "1", "--limit", "1", "--json").json()
    second = cli("users", "list", "--guild", "1", "--after", first["next"], "--json")

    assert list(first) == ["schema", "data", "next"]
    assert first["schema"] == "tuxdb.users.list/1"
    assert [user["username"] for user in first["data"]] == ["alice"]
    assert first["data"][0]["discord_id"] == "111"
    assert first["data"][0]["points"] == 100
    assert [user["username"] for user in second.data] == ["bob"]
    assert second.json()["next"] is None


def test_a_cursor_of_another_list_is_refused(cli: Cli, database_url: str) -> None:
    add_users(database_url, [(1, "a", 0), (2, "b", 0)])
    add_users(database_url, [(1, "a", 0), (2, "b", 0)], guild=2)
    page = cli("users", "list", "--guild", "1", "--limit", "1", "--json").json()

    for arguments in (["--guild", "2"], ["--guild", "1", "--sort", "points"]):
        result = cli("users", "list", *arguments, "--after", page["next"])

        assert result.exit_code == ExitCode.USAGE
        assert result.stderr == "error: cursor does not belong to this query\n"


def test_a_cursor_with_one_character_changed_is_refused(
    cli: Cli, database_url: str
) -> None:
    add_users(database_url, [(1, "a", 0), (2, "b", 0)])
    cursor = cli("users", "list", "--guild", "1", "--limit", "1", "--json").json()
    text = cursor["next"]
    last = "A" if text[-1] != "A" else "B"

    for changed in (text[:-1] + last, text[:-3] + "x" + text[-2:], "x", "", "é"):
        result = cli("users", "list", "--guild", "1", "--after", changed)

        assert result.exit_code == ExitCode.USAGE, changed
        assert result.stderr == "error: cursor does not belong to this query\n"


def test_an_unknown_column_to_sort_by_is_answered_with_the_nearest(cli: Cli) -> None:
    result = cli("users", "list", "--guild", "1", "--sort", "pionts")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: --sort: users has no column 'pionts'; did you mean 'points'?\n"
    )


def test_a_member_is_added_with_a_grant_and_an_unseen_guild(cli: Cli) -> None:
    arguments = ["--guild", "7", "--user", "<@5>", "--name", " ann ", "--points", "3"]

    result = cli("users", "add", *arguments, "--json")

    assert result.exit_code == ExitCode.OK
    assert result.data["username"] == "ann"
    assert result.data["points"] == 3
    assert result.stderr.startswith("target: ")
    assert cli("points", "verify", "--guild", "7").exit_code == ExitCode.OK


@pytest.mark.usefixtures("members")
def test_adding_a_member_twice_is_a_conflict(cli: Cli) -> None:
    result = cli("users", "add", "--guild", "1", "--user", "111", "--name", "x")

    assert result.exit_code == ExitCode.CONFLICT
    assert "already exists" in result.stderr


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_bad_name_is_refused(cli: Cli, name: str) -> None:
    result = cli("users", "add", "--guild", "1", "--user", "1", "--name", name)

    assert result.exit_code == ExitCode.USAGE
    assert "error: username " in result.stderr


@pytest.mark.usefixtures("members")
def test_a_member_is_shown_and_changed(cli: Cli) -> None:
    changed = cli(
        "users", "set", "--guild", "1", "--user", "111", "--name", "ann", "--inactive"
    )
    shown = cli("users", "show", "--guild", "1", "--user", "111", "--json")

    assert changed.exit_code == ExitCode.OK
    assert (shown.data["username"], shown.data["is_active"]) == ("ann", False)
    assert shown.data["points"] == 100


def test_a_change_of_nothing_is_a_mistake(bare_cli: Cli) -> None:
    result = bare_cli("users", "set", "--guild", "1", "--user", "111")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        "error: nothing to change\nhint: --name, --active or --inactive\n"
    )


@pytest.mark.usefixtures("members")
def test_a_dry_run_shows_the_change_and_undoes_it(cli: Cli) -> None:
    arguments = ["users", "set", "--guild", "1", "--user", "111", "--name", "ann"]

    result = cli(*arguments, "--dry-run", "--json")

    assert result.data["username"] == "ann"
    assert "dry run: nothing was changed" in result.stderr
    assert names(cli("users", "list", "--guild", "1")) == ["alice", "bob"]


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize("command", [["show"], ["set", "--name", "x"]])
def test_an_unknown_member_is_not_found(cli: Cli, command: list[str]) -> None:
    result = cli("users", *command, "--guild", "1", "--user", "5")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stderr.endswith(
        "error: no user 5 in guild 1\nhint: tuxdb users list --guild 1\n"
    )
