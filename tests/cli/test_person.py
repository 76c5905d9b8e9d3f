"""`tuxdb users export`, `forget`, `merge`; and lists by a condition."""

import json
import re
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, BOB, add_users
from tests.harness.command import Cli, Result
from tuxdb.errors import ExitCode

LIST = ("users", "list", "--guild", "1")
EXPORT = ("users", "export", "--user", ALICE)
FORGET = ("users", "forget", "--user", ALICE)
MERGE = ("users", "merge", "--guild", "1", "--from", ALICE, "--to", BOB)


def names(result: Result) -> list[str]:
    return [line.split("\t")[1] for line in result.stdout.splitlines()[1:]]


# -- conditions ---------------------------------------------------------------------


@pytest.fixture
def seven(database_url: str) -> None:
    """Members 1 to 7 with as many points; one more in another guild."""
    add_users(database_url, [(n, f"user{n}", n) for n in range(1, 8)])
    add_users(database_url, [(1, "elsewhere", 5)], guild=2)


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("points > 5", ["user6", "user7"]),
        ("points in (1, 3) or username = 'user7'", ["user1", "user3", "user7"]),
        ("not points between 2 and 6", ["user1", "user7"]),
        ("username like '%5' and is_active", ["user5"]),
        ("last_active is null and discord_id < 2", ["user1"]),
        ("created_at > '2999-01-01'", []),
        ("username = 'elsewhere' or guild_id = 2", []),
    ],
)
def test_a_condition_chooses_among_the_members_of_the_guild(
    cli: Cli, where: str, found: list[str]
) -> None:
    result = cli(*LIST, "--where", where)

    assert result.exit_code == ExitCode.OK
    assert names(result) == found


@pytest.mark.usefixtures("seven")
def test_pages_of_a_condition_follow_each_other(cli: Cli) -> None:
    most = ("--sort", "points:desc")
    first = cli(*LIST, *most, "--where", "points >= 3", "--limit", 3)
    following = re.fullmatch(r"next: tuxdb (.*) --after (\S+)\n", first.stderr)
    assert following
    assert "--where 'points >= 3'" in following[1]

    after = ("--after", following[2])
    second = cli(*LIST, *most, "--where", "points >= 3", *after)
    other = cli(*LIST, *most, "--where", "points >= 4", *after)

    assert names(first) + names(second) == [f"user{n}" for n in (7, 6, 5, 4, 3)]
    assert other.exit_code == ExitCode.USAGE
    assert other.stderr == "error: cursor does not belong to this query\n"


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "pionts > 3",
            (
                "error: users has no column 'pionts'; did you mean 'points'?\n"
                "  pionts > 3\n"
                "  ^\n"
            ),
        ),
        ("points > x", "error: "),
        ("points > 1; DROP TABLE users", "error: "),
        ("points = (SELECT 1)", "error: "),
        ("pg_sleep(9) = 1", "error: "),
        ("", "error: "),
    ],
)
def test_what_is_no_condition_is_refused_with_its_place(
    cli: Cli, where: str, said: str
) -> None:
    result = cli(*LIST, "--where", where)

    assert result.exit_code == ExitCode.USAGE
    assert result.stdout == ""
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") <= 3


# -- export -------------------------------------------------------------------------


@pytest.mark.usefixtures("members")
def test_all_that_is_known_is_one_document(cli: Cli) -> None:
    result = cli(*EXPORT)

    document = result.json()
    assert document["schema"] == "tuxdb.users.export/1"
    assert document["data"]["discord_id"] == str(ALICE)
    (user,) = document["data"]["users"]
    assert (user["discord_id"], user["username"]) == (str(ALICE), "alice")
    assert [entry["kind"] for entry in document["data"]["points_transactions"]] == [
        "grant"
    ]
    assert document["data"]["messages"] == []


@pytest.mark.usefixtures("members")
def test_a_file_of_it_is_for_its_owner_alone(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "alice.json"

    result = cli(*EXPORT, "-o", path)
    again = cli(*EXPORT, "-o", path)

    assert (result.stdout, result.stderr) == ("", f"wrote {path}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == cli(*EXPORT).json()
    assert again.exit_code == ExitCode.USAGE
    assert again.stderr == f"error: {path}: cannot be written (file exists)\n"


@pytest.mark.usefixtures("members")
def test_lines_name_their_table(cli: Cli) -> None:
    result = cli(*EXPORT, "--format", "ndjson")

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["table"] for line in lines] == ["points_transactions", "users"]
    assert lines[1]["row"]["username"] == "alice"


@pytest.mark.usefixtures("members")
def test_of_a_stranger_nothing_is_written(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "nobody.json"

    result = cli("users", "export", "--user", "5", "-o", path)
    elsewhere = cli(*EXPORT, "--guild", "9")

    assert result.exit_code == elsewhere.exit_code == ExitCode.NOT_FOUND
    assert result.stderr == "error: no user 5 anywhere\n"
    assert not path.exists()
    assert elsewhere.stderr.startswith("error: no guild 9\n")


@pytest.mark.usefixtures("members")
def test_a_table_of_tables_is_refused(cli: Cli) -> None:
    result = cli(*EXPORT, "--format", "csv")

    assert result.exit_code == ExitCode.USAGE
    assert "are json or ndjson, not csv" in result.stderr


@pytest.mark.usefixtures("members")
def test_where_a_file_cannot_be_none_is_left(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")

    for path in (tmp_path, tmp_path / "no" / "folder", tmp_path / "link"):
        result = cli(*EXPORT, "-o", path)

        assert result.exit_code == ExitCode.USAGE
        assert "cannot be written" in result.stderr
    assert not (tmp_path / "target").exists()


# -- forget -------------------------------------------------------------------------


@pytest.mark.usefixtures("members")
def test_forgetting_shows_what_goes_and_wants_consent(cli: Cli) -> None:
    refused = cli(*FORGET)
    done = cli(*FORGET, "--yes", "--reason", "asked for it")

    assert refused.exit_code == ExitCode.REFUSED
    assert "user 111 everywhere:\n  users  1 row\n" in refused.stderr
    assert refused.stdout == ""
    assert re.fullmatch(
        r"user 111 everywhere: 1 row deleted\n"
        r"change set [-0-9a-f]+, which cannot be undone\n",
        done.stdout,
    )
    assert cli(*EXPORT).exit_code == ExitCode.NOT_FOUND
    assert cli("points", "verify").exit_code == ExitCode.OK


@pytest.mark.usefixtures("members")
def test_a_dry_run_forgets_nobody(cli: Cli) -> None:
    result = cli(*FORGET, "--dry-run", "--json")

    assert result.data == {
        "what": "user 111 everywhere",
        "rows": 1,
        "tables": [{"table": "users", "rows": 1}],
        "changeset": None,
    }
    assert names(cli(*LIST)) == ["alice", "bob"]


@pytest.mark.usefixtures("members")
def test_a_stranger_cannot_be_forgotten(cli: Cli) -> None:
    anywhere = cli("users", "forget", "--user", "5", "-y")
    here = cli("users", "forget", "--user", "5", "--guild", "1", "-y")

    assert anywhere.exit_code == here.exit_code == ExitCode.NOT_FOUND
    assert anywhere.stderr.endswith("error: no user 5 anywhere\n")
    assert here.stderr.endswith("error: no user 5 in guild 1\n")


# -- merge --------------------------------------------------------------------------


@pytest.mark.usefixtures("members")
def test_two_members_become_one_and_can_be_two_again(cli: Cli) -> None:
    merged = cli(*MERGE, "-y", "--reason", "another account", "--json")
    one = names(cli(*LIST))
    points = cli("points", "balance", "--guild", "1", "--user", BOB, "--json").data

    cli("changes", "undo", merged.data["changeset"], "-y")

    assert (one, points["points"]) == (["bob"], 100)
    assert names(cli(*LIST)) == ["alice", "bob"]
    assert cli("points", "verify").exit_code == ExitCode.OK


@pytest.mark.usefixtures("members")
def test_a_merge_wants_consent_and_two_members(cli: Cli) -> None:
    refused = cli(*MERGE)
    same = cli(*MERGE[:-1], ALICE, "-y")
    unknown = cli(*MERGE[:-1], "5", "-y")

    assert refused.exit_code == ExitCode.REFUSED
    assert "error: this would merge user 111 into 222: " in refused.stderr
    assert (same.exit_code, unknown.exit_code) == (
        ExitCode.USAGE,
        ExitCode.NOT_FOUND,
    )
    assert names(cli(*LIST)) == ["alice", "bob"]


# -- who did it ---------------------------------------------------------------------


@pytest.mark.usefixtures("members")
def test_a_change_of_one_member_is_recorded_and_taken_back(cli: Cli) -> None:
    who = ("--actor", "ann", "--reason", "a typo")
    result = cli(
        *("users", "set", "--guild", "1", "--user", ALICE, "--name", "al"), *who
    )

    found = re.search(r"^change set (\S+)  undo: ", result.stderr, re.MULTILINE)
    assert found
    change = cli("changes", "list", "--json").data[0]
    assert (change["id"], change["command"]) == (found[1], "users set")
    assert (change["actor"], change["reason"]) == ("ann", "a typo")
    cli("changes", "undo", found[1], "-y")
    assert names(cli(*LIST)) == ["alice", "bob"]


def test_a_new_member_and_guild_are_recorded_with_the_grant(cli: Cli) -> None:
    cli("guilds", "add", "1", "--actor", "ann")
    cli(
        *("users", "add", "--guild", "1", "--user", "5", "--name", "eve"),
        *("--points", "3", "--actor", "ann"),
    )

    added, guild = cli("changes", "list", "--json").data
    assert (added["command"], added["actor"]) == ("users add", "ann")
    assert (guild["command"], guild["actor"]) == ("guilds add", "ann")
    (entry,) = cli("points", "history", "--guild", "1", "--json").data
    assert (entry["amount"], entry["actor"]) == (3, "ann")
