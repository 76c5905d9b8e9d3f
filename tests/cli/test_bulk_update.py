"""`tuxdb bulk-update`."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.harness.bulk import EVERY, SET, SOME, USERS, masked, named, sql
from tests.harness.command import Cli, Result
from tuxdb.errors import ExitCode


@pytest.fixture(autouse=True)
def users(database_url: str) -> None:
    """Members 1 to 150 of guild 1."""
    sql(database_url, "INSERT INTO guilds (id) VALUES (1)")
    sql(
        database_url,
        "INSERT INTO users (guild_id, discord_id, username) "
        f"SELECT 1, g, 'member' || g FROM generate_series(1, {USERS}) g",
    )


def test_a_change_is_shown_made_and_can_be_undone(cli: Cli) -> None:
    result = cli(*SOME, "--set", "is_active=false", "--yes")

    assert masked(result.stdout) == (
        "users: 3 rows changed\nchange set ID  undo: tuxdb changes undo ID\n"
    )
    assert masked(result.stderr) == (
        "users: 3 rows match, 3 change, 0 already so\n"
        "  id 1  username member1 → x  is_active true → false\n"
        "  id 2  username member2 → x  is_active true → false\n"
        "  id 3  username member3 → x  is_active true → false\n"
    )
    assert named(cli) == 3


def test_of_many_rows_the_first_ten_are_shown(cli: Cli) -> None:
    result = cli(*EVERY, "--yes")

    lines = result.stderr.splitlines()
    assert lines[-1] == "  … 140 more (--format ndjson shows all)"
    assert len(lines) == 1 + 1 + 10 + 1


def test_a_dry_run_shows_the_same_and_changes_nothing(cli: Cli) -> None:
    result = cli(*SOME, "--dry-run")

    assert result.exit_code == ExitCode.OK
    assert result.stdout == (
        "users: 3 rows match, 3 change, 0 already so\n"
        "  id 1  username member1 → x\n"
        "  id 2  username member2 → x\n"
        "  id 3  username member3 → x\n"
        "nothing was changed\n"
    )
    assert named(cli) == 0


def test_without_a_terminal_and_without_yes_it_is_refused(cli: Cli) -> None:
    result = cli(*SOME)

    assert result.exit_code == ExitCode.REFUSED
    assert result.stdout == ""
    assert masked(result.stderr).endswith(
        "error: this would change 3 rows in DB; refusing without consent\n"
        'hint: rerun with --yes --reason "…"\n'
    )
    assert named(cli) == 0


@pytest.mark.parametrize(
    ("typed", "code", "changed"),
    [
        ("y\n", ExitCode.OK, 3),
        ("n\n", ExitCode.REFUSED, 0),
        ("\n", ExitCode.REFUSED, 0),
    ],
)
def test_on_a_terminal_it_asks(
    cli: Cli, typed: str, code: ExitCode, changed: int
) -> None:
    shown, done = answered(cli, typed, *SOME)

    assert "  id 1  username member1 → x" in shown
    assert re.search(r"this would change 3 rows in test\d+ at a local socket", shown)
    assert done == code
    assert named(cli) == changed


def answered(cli: Cli, typed: str, *arguments: str) -> tuple[str, int]:
    """Run a command on a terminal and answer its question."""
    ours, theirs = os.openpty()
    streams: Any = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    with cli.start(*arguments, **streams) as process:
        os.close(theirs)
        shown = ""
        while not re.search(r"\[y/N\] |to go on: ", shown):
            shown += os.read(ours, 65536).decode()
        os.write(ours, typed.encode())
        try:
            while more := os.read(ours, 65536).decode():
                shown += more
        except OSError:  # the terminal is closed
            pass
        code = process.wait()
    os.close(ours)
    return shown, code


def test_nothing_to_do_asks_nothing(cli: Cli) -> None:
    result = cli(*SET, "--where", "id = 999")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.endswith("nothing was changed\n")


def test_more_rows_than_allowed_are_refused_with_their_number(cli: Cli) -> None:
    result = cli(*EVERY, "--max-rows", "149", "--yes")

    assert result.exit_code == ExitCode.REFUSED
    assert masked(result.stderr) == (
        "error: this would change 150 rows of users, more than --max-rows 149\n"
        "hint: look at it with --dry-run, then --max-rows 150\n"
    )


def test_they_can_be_looked_at(cli: Cli) -> None:
    result = cli(*EVERY, "--max-rows", "149", "--dry-run")

    assert result.exit_code == ExitCode.OK
    assert "150 change" in result.stdout
    assert result.stderr.endswith(
        "150 rows are more than --max-rows 149: to change them, --max-rows 150\n"
    )


def test_json_has_the_counts_the_place_and_the_rows(cli: Cli) -> None:
    result = cli(*SOME, "--yes", "--json")

    data = result.data
    assert result.json()["schema"] == "tuxdb.bulk-update/1"
    assert (data["table"], data["matched"], data["changed"]) == ("users", 3, 3)
    assert (data["committed"], data["server"]) == (True, "a local socket")
    assert data["database"].startswith("test")
    assert data["sample"][0]["row_key"] == {"id": "1"}
    assert data["sample"][0]["before"]["username"] == "member1"
    assert cli("changes", "show", data["changeset"], "--json").exit_code == ExitCode.OK


def test_a_refusal_in_json_is_one_object_on_stderr(cli: Cli) -> None:
    result = cli("-q", *SOME, "--json")

    assert result.stdout == ""
    assert json.loads(result.stderr)["error"]["exit"] == ExitCode.REFUSED


@pytest.mark.parametrize("options", [("--dry-run",), ("--yes",)])
def test_ndjson_has_every_row(cli: Cli, options: tuple[str, ...]) -> None:
    result = cli(*EVERY, *options, "--format", "ndjson")

    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) == USERS
    assert list(rows[0]) == ["row_key", "before", "after"]
    assert rows[149]["row_key"] == {"id": "150"}
    assert named(cli) == (0 if "--dry-run" in options else USERS)


def test_csv_has_a_line_for_every_row(cli: Cli) -> None:
    result = cli(*SOME, "--dry-run", "--format", "csv")

    assert result.stdout.splitlines()[:2] == ["row,change", "id 1,username member1 → x"]


def test_nobody_reads_on_and_all_is_well(cli: Cli) -> None:
    arguments = (*EVERY, "--dry-run", "--format", "ndjson")
    with cli.start(*arguments, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        code = process.wait()

    assert code == ExitCode.OK
    assert "Traceback" not in said
    assert "Broken" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("users", "--set", "username=x"), ExitCode.USAGE, "error: one of --where and --all-rows is needed\n"),
        (("users", "--all-rows"), ExitCode.USAGE, "error: nothing to change: --set column=value, or --from FILE\n"),
        (("--all-rows",), ExitCode.USAGE, "error: which table?\nhint: tuxdb bulk-update TABLE --set …\n"),
        (("users", "--set", "points=3", "--all-rows"), ExitCode.REFUSED, "error: balances change through the ledger only\nhint: tuxdb points grant, deduct, set or transfer\n"),
        (("users", "--set", "id=3", "--all-rows"), ExitCode.REFUSED, "error: users.id is the primary key\n"),
        (("points_transactions", "--set", "amount=3", "--all-rows"), ExitCode.REFUSED, "error: the points ledger is append-only\nhint: tuxdb points grant, deduct, set or transfer\n"),
        (("tuxdb_change", "--set", "part=3", "--all-rows"), ExitCode.REFUSED, "error: tuxdb_change is bookkeeping and is not changed by hand\n"),
        (("userz", "--set", "username=x", "--all-rows"), ExitCode.NOT_FOUND, "error: no table userz\nhint: did you mean 'users'?\n"),
        (("users", "--set", "username=x", "--where", "pionts > 3"), ExitCode.USAGE, "error: users has no column 'pionts'; did you mean 'points'?\n  pionts > 3\n  ^\n"),
        (("users", "--set", "username=", "--where", "id = 7"), ExitCode.CONFLICT, "error: the row for users breaks a rule of the table (ck_users_username_not_blank); nothing was changed\n  Failing row contains (7, "),
        (("users", "--set", "username=x", "--all-rows", "--resume", "1" * 32), ExitCode.USAGE, "error: --resume goes with --batch\n"),
        (("users", "--set", "username=x", "--all-rows", "--batch", "5", "--plan-out", "p"), ExitCode.USAGE, "error: --batch goes with neither --plan-out nor --apply\n"),
        (("users", "--set", "username=x", "--all-rows", "--batch", "0"), ExitCode.USAGE, "error: --batch: '0' is not a whole number from 1 to 1000000\n"),
        (("users", "--set", "username=x", "--all-rows", "--max-rows", "1e3"), ExitCode.USAGE, "error: --max-rows: '1e3' is not a whole number"),
        (("users", "--from", "absent.csv", "--key", "id"), ExitCode.USAGE, "error: absent.csv: cannot be read (no such file or directory)\n"),
        (("users", "--from", ".", "--key", "id"), ExitCode.USAGE, "error: . is a folder\n"),
        (("users", "--from", "x.csv"), ExitCode.USAGE, "error: --from needs --key: the columns that tell which row\n"),
        (("users", "--apply", "x.plan"), ExitCode.USAGE, "error: --apply goes with no other way to say what changes\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_a_line_with_its_code(
    cli: Cli, arguments: tuple[str, ...], code: ExitCode, said: str
) -> None:
    result = cli("bulk-update", *arguments, "--yes")

    assert (result.exit_code, result.stdout) == (code, "")
    assert masked(result.stderr).startswith(said)


def test_a_file_changes_each_row(cli: Cli, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("id,username\n1,ann\n2,member2\n")

    result = cli("bulk-update", "users", "--from", rows, "--key", "id", "--yes")

    assert "users: 2 rows match, 1 change, 1 already so" in result.stderr
    assert named(cli, "ann") == 1


def test_so_does_standard_input(cli: Cli) -> None:
    arguments = ("bulk-update", "users", "--from", "-", "--key", "id", "--yes")

    result = cli(*arguments, input='[{"id": "5", "username": "ann"}]')

    assert result.exit_code == ExitCode.OK
    assert named(cli, "ann") == 1


def test_our_own_output_goes_in_again(cli: Cli) -> None:
    columns = ("--columns", "discord_id,username")
    listed = cli("users", "list", "--guild", "1", "--limit", "9", "--json", *columns)
    renamed = listed.stdout.replace("member", "m")

    arguments = ("--from", "-", "--key", "discord_id", "--yes")
    result = cli("bulk-update", "users", *arguments, input=renamed)

    assert "users: 9 rows changed" in result.stdout
    assert named(cli, "m9") == 1


def test_everything_wrong_in_a_file_is_told_at_once(cli: Cli) -> None:
    rows = "id,username\nx,ann\n2," + "y" * 101 + "\n3\n"

    result = from_stdin(cli, rows)

    assert result.exit_code == ExitCode.USAGE
    assert masked(result.stderr) == (
        "error: 3 problems in standard input; nothing was changed\n"
        "  standard input:2: id: 'x' is not a whole number in ASCII digits\n"
        "  standard input:3: username: 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…' "
        "is longer than 100 characters\n"
        "  standard input:4: 1 cells, the header has 2\n"
    )


def from_stdin(cli: Cli, content: str | bytes, *more: str) -> Result:
    arguments = ("--from", "-", "--key", "id", "--yes", *more)
    return cli("bulk-update", "users", *arguments, input=content)


def test_missing_rows_are_listed(cli: Cli) -> None:
    result = from_stdin(cli, "id,username\n1,x\n999,y\n")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert masked(result.stderr) == (
        "error: no row of users for 1 of the keys; nothing was changed\n"
        "  line 3: 999\n"
        "hint: --missing skip passes over them\n"
    )
    skipped = from_stdin(cli, "id,username\n1,x\n999,y\n", "--missing", "skip")
    assert "1 keys are in no row and were passed over" in skipped.stderr
    assert named(cli) == 1


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom", "/dev/null"])
def test_a_device_on_standard_input_ends_soon(cli: Cli, device: str) -> None:
    with Path(device).open("rb") as stdin:
        process = cli.start(
            "bulk-update", "users", "--from", "-", "--key", "id", "--yes", stdin=stdin
        )
        _, stderr = process.communicate(timeout=25)

    assert process.returncode == ExitCode.USAGE
    assert len(stderr) < 20_000
    assert "Traceback" not in stderr


def test_no_cell_reaches_the_terminal_raw(cli: Cli) -> None:
    evil = "\x1b[31m[red]:smiley:\u202e\u2028"
    from_stdin(cli, json.dumps([{"id": 1, "username": evil}]))

    shown = cli.terminal(*SOME, "--dry-run", columns=200)
    listed = cli("changes", "list", "--json").data[0]
    told = cli.terminal("changes", "show", listed["id"], columns=200)

    for screen in (shown.stdout, told.stdout):
        assert r"\x1b[31m[red]:smiley:\u202e\u2028" in screen
        assert "\x1b[31m" not in screen
        assert "\u202e" not in screen


def test_an_evil_name_of_a_column_reaches_it_no_more_than_that(cli: Cli) -> None:
    result = from_stdin(cli, '"id","\x1b[2J[red]"\n1,2\n')

    assert r"\x1b[2J[red]: users has no such column" in result.stderr
