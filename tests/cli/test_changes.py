"""`tuxdb changes`."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

pytestmark = pytest.mark.usefixtures("members")

RENAME = ("bulk-update", "users", "--set", "username=x", "--all-rows", "--yes")


@pytest.fixture
def changeset(cli: Cli) -> str:
    """A change of both members by ann."""
    made = cli(*RENAME, "--actor", "ann", "--reason", "tidy", "--json")
    return str(made.data["changeset"])


def names(cli: Cli) -> set[str]:
    rows = cli("users", "list", "--guild", "1", "--json").data
    return {row["username"] for row in rows}


def test_change_sets_are_listed_newest_first(cli: Cli, changeset: str) -> None:
    cli("changes", "undo", changeset, "--yes", "--actor", "bob")

    undo, change = cli("changes", "list", "--json").data

    assert change == {
        "id": changeset,
        "created_at": change["created_at"],
        "command": "bulk-update",
        "tables": "users",
        "rows": 2,
        "actor": "ann",
        "reason": "tidy",
        "undoes": None,
        "undone_by": undo["id"],
        "complete": True,
    }
    assert (undo["command"], undo["undoes"]) == ("changes undo", changeset)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--actor", "ann"), 1),
        (("--actor", "bob"), 0),
        (("--table", "users"), 1),
        (("--table", "cases"), 0),
        (("--since", "2020-01-01"), 1),
        (("--since", "2999-01-01"), 0),
    ],
)
def test_they_can_be_looked_for(
    cli: Cli, changeset: str, options: tuple[str, ...], found: int
) -> None:
    assert len(cli("changes", "list", *options, "--json").data) == found


def test_pages_follow_each_other(cli: Cli, changeset: str) -> None:
    cli("changes", "undo", changeset, "--yes")

    first = cli("changes", "list", "--limit", "1", "--json").json()
    second = cli("changes", "list", "--after", first["next"], "--json").json()

    assert (first["data"][0]["undoes"], second["data"][0]["id"]) == (
        changeset,
        changeset,
    )
    assert second["next"] is None


def test_the_rows_are_shown_before_and_after(cli: Cli, changeset: str) -> None:
    shown = cli("changes", "show", changeset)
    rows: list[dict[str, Any]] = cli("changes", "show", changeset, "--json").data

    assert shown.stdout == (
        "row\tchange\nid 1\tusername alice → x\nid 2\tusername bob → x\n"
    )
    assert [row["before"]["username"] for row in rows] == ["alice", "bob"]
    assert [row["row_key"] for row in rows] == [{"id": "1"}, {"id": "2"}]


def test_an_undo_is_seen_first(cli: Cli, changeset: str) -> None:
    looked = cli("changes", "undo", changeset, "--dry-run")
    refused = cli("changes", "undo", changeset)

    assert looked.stdout == (
        f"undo of {changeset}: 2 rows go back\n"
        "  id 1  username x → alice\n"
        "  id 2  username x → bob\n"
        "nothing was changed\n"
    )
    assert refused.exit_code == ExitCode.REFUSED
    assert "this would change 2 rows in" in refused.stderr
    assert names(cli) == {"x"}


def test_and_done_with_its_own_undo(cli: Cli, changeset: str) -> None:
    done = cli("changes", "undo", changeset, "--yes")

    assert re.fullmatch(
        r"2 rows put back\nchange set (\S+)  undo: tuxdb changes undo \1\n", done.stdout
    )
    assert names(cli) == {"alice", "bob"}


def test_rows_that_were_changed_since_are_named(cli: Cli, changeset: str) -> None:
    cli("users", "set", "--guild", "1", "--user", "222", "--name", "bert")

    refused = cli("changes", "undo", changeset, "--yes")
    document = cli("-q", "changes", "undo", changeset, "--yes", "--json")
    partial = cli("changes", "undo", changeset, "--yes", "--partial")

    assert refused.exit_code == ExitCode.CONFLICT
    assert refused.stderr.partition("\n")[2] == (
        f"error: 1 rows of change set {changeset} were changed since; "
        "nothing was undone\n"
        "  users id 2: changed\n"
        "hint: --partial undoes the others\n"
    )
    assert '"rows": [{"table": "users", "key": {"id": "2"}' in document.stderr
    assert partial.stdout.startswith("1 rows put back, 1 left alone\n")
    assert names(cli) == {"alice", "bert"}


@pytest.mark.parametrize("command", ["show", "undo"])
def test_an_unknown_change_set_is_not_found(cli: Cli, command: str) -> None:
    unknown = uuid4()

    result = cli("changes", command, unknown)

    assert result.exit_code == ExitCode.NOT_FOUND
    assert f"error: no change set {unknown}" in result.stderr


def test_what_is_no_id_is_a_mistake(cli: Cli) -> None:
    result = cli("changes", "show", "latest")

    assert result.exit_code == ExitCode.USAGE
    assert "'latest' is not the id of a change set" in result.stderr


def test_where_nothing_was_ever_changed_the_list_is_empty(
    cli: Cli, empty_database_url: str
) -> None:
    cli.environ["TUXDB_DATABASE_URL"] = empty_database_url

    result = cli("changes", "list", "--json")

    assert (result.exit_code, result.data) == (ExitCode.OK, [])
