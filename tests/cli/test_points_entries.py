"""`tuxdb points set, reverse, freeze, supply, export`, and the limits of a guild."""

import csv
import io
import re

import pytest

from tests.cli.conftest import ALICE, BOB, add_users
from tests.harness.command import Cli
from tuxdb.cli.points_reports import KINDS
from tuxdb.errors import ExitCode
from tuxdb.models import EntryKind

pytestmark = pytest.mark.usefixtures("members")

TO_BOB = ("--guild", "1", "--from", ALICE, "--to", BOB)
TRANSFER = ("points", "transfer", *TO_BOB)
OF_ALICE = ("--guild", "1", "--user", ALICE)


def rule(cli: Cli, name: str, value: object) -> None:
    assert cli("guilds", "config", "set", "1", f"points.{name}", value).exit_code == 0


def entry_of(cli: Cli, *arguments: object) -> str:
    return str(cli(*arguments, "--json").data["entry_id"])


def points_of(cli: Cli, user: int) -> int:
    who = ("--guild", "1", "--user", user)
    return int(cli("points", "balance", *who, "--json").data["points"])


def test_a_balance_is_set_by_an_entry_of_the_difference(cli: Cli) -> None:
    lowered = cli("points", "set", *OF_ALICE, "--to-balance", "30")
    same = cli("points", "set", *OF_ALICE, "--to-balance", "30")

    assert re.fullmatch(
        r"guild 1  alice 100 → 30   \(70 points, entry \d+\)\n", lowered.stdout
    )
    assert same.stdout == "guild 1  alice 30 → 30   (already so, no entry)\n"
    kinds = cli("points", "history", *OF_ALICE, "--kind", "set", "--json").data
    assert [(entry["kind"], entry["amount"]) for entry in kinds] == [("set", 70)]


@pytest.mark.parametrize("typed", ["-1", "1.5", "9007199254740992", "x"])
def test_a_bad_balance_is_refused(cli: Cli, typed: str) -> None:
    result = cli("points", "set", *OF_ALICE, f"--to-balance={typed}")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        f"error: --to-balance: {typed!r} is not a whole number "
        "from 0 to 9007199254740991\n"
    )


def test_an_entry_is_reversed_once(cli: Cli) -> None:
    entry = entry_of(cli, *TRANSFER, "--amount", "40")

    first = cli("points", "reverse", entry, "--reason", "a typo")
    second = cli("points", "reverse", entry)

    assert "alice 60 → 100" in first.stdout
    assert second.exit_code == ExitCode.CONFLICT
    assert re.search(
        rf"error: entry {entry} was reversed by entry \d+\n$", second.stderr
    )


def test_points_that_were_spent_can_be_taken_back_in_part(cli: Cli) -> None:
    entry = entry_of(cli, *TRANSFER, "--amount", "40")
    cli("points", "deduct", "--guild", "1", "--user", BOB, "--amount", "30")

    refused = cli("points", "reverse", entry)
    done = cli("points", "reverse", entry, "--allow-partial")

    assert refused.exit_code == ExitCode.CONFLICT
    assert refused.stderr.endswith("error: bob has 10 points in guild 1, needs 40\n")
    assert "bob 10 → 0   alice 60 → 70   (10 points, entry" in done.stdout


@pytest.mark.parametrize(
    ("typed", "code"), [("99", 4), ("0", 2), ("-1", 2), ("x", 2), ("9" * 20, 2)]
)
def test_an_entry_that_is_not_there_or_none(cli: Cli, typed: str, code: int) -> None:
    assert cli("points", "reverse", "--", typed).exit_code == code


def test_a_frozen_member_is_shown_and_takes_no_part(cli: Cli) -> None:
    frozen = cli("points", "freeze", *OF_ALICE, "--reason", "a dispute")
    again = cli("points", "freeze", *OF_ALICE, "--json")
    refused = cli(*TRANSFER, "--amount", "1")
    shown = cli("points", "balance", *OF_ALICE, "--json")

    assert frozen.stdout == (
        "guild 1  alice is frozen: neither sends nor receives points\n"
    )
    assert (again.data["frozen"], again.data["changed"]) == (True, False)
    assert refused.exit_code == ExitCode.CONFLICT
    assert refused.stderr.endswith("error: the points of alice are frozen\n")
    assert shown.data["frozen"] is True


def test_who_froze_and_thawed_a_member_is_recorded(cli: Cli) -> None:
    cli("points", "freeze", *OF_ALICE, "--reason", "a dispute", "--actor", "mod")
    thawed = cli("points", "unfreeze", *OF_ALICE, "--actor", "boss")

    assert "alice is not frozen: sends and receives points" in thawed.stdout
    unfreeze, freeze = cli("changes", "list", "--json").data
    assert (freeze["command"], freeze["actor"], freeze["reason"]) == (
        "points freeze",
        "mod",
        "a dispute",
    )
    assert (unfreeze["command"], unfreeze["actor"]) == ("points unfreeze", "boss")


def test_a_daily_limit_says_what_is_left_and_when_it_renews(cli: Cli) -> None:
    rule(cli, "daily_send", 50)
    cli(*TRANSFER, "--amount", "40")

    result = cli(*TRANSFER, "--amount", "11")

    assert result.exit_code == ExitCode.CONFLICT
    assert re.search(
        r"error: alice can move 10 more points today \(limit 50\); "
        r"it renews at \d{4}-\d\d-\d\d 00:00 UTC\n$",
        result.stderr,
    )
    assert points_of(cli, ALICE) == 60


@pytest.mark.parametrize(
    "arguments",
    [
        (*TRANSFER, "--amount", "11"),
        ("points", "grant", "--guild", "1", "--user", BOB, "--amount", "11"),
        ("points", "set", "--guild", "1", "--user", BOB, "--to-balance", "11"),
    ],
)
def test_the_highest_balance_is_a_refusal(
    cli: Cli, arguments: tuple[object, ...]
) -> None:
    rule(cli, "max_balance", 10)

    result = cli(*arguments)

    assert result.exit_code == ExitCode.CONFLICT
    assert result.stderr.endswith(
        "error: bob has 0 points in guild 1 and would go over the limit of 10\n"
    )


def test_a_deduction_takes_what_there_is_if_that_will_do(cli: Cli) -> None:
    deduct = ("points", "deduct", *OF_ALICE, "--amount", "500")

    assert cli(*deduct).exit_code == ExitCode.CONFLICT
    assert "alice 100 → 0   (100 points" in cli(*deduct, "--allow-partial").stdout


def test_an_unseen_receiver_is_added_if_asked_for(cli: Cli) -> None:
    rule(cli, "start_balance", 7)
    to_carol = (*TRANSFER[:-1], "333", "--amount", "1")

    refused = cli(*to_carol)
    done = cli(*to_carol, "--create-missing")

    assert refused.exit_code == ExitCode.NOT_FOUND
    assert "error: no user 333 in guild 1\n" in refused.stderr
    assert "alice 100 → 99   333 7 → 8   (1 point, entry" in done.stdout


def test_a_dry_run_adds_nobody(cli: Cli) -> None:
    cli(*TRANSFER[:-1], "333", "--amount", "1", "--create-missing", "-n")

    assert cli("users", "show", "--guild", "1", "--user", "333").exit_code == 4


def test_a_refused_transfer_adds_nobody(cli: Cli) -> None:
    result = cli(*TRANSFER[:-1], "333", "--amount", "101", "--create-missing")

    assert result.exit_code == ExitCode.CONFLICT
    assert cli("users", "show", "--guild", "1", "--user", "333").exit_code == 4


def test_the_supply_is_what_came_in_less_what_went_out(cli: Cli) -> None:
    cli("points", "deduct", *OF_ALICE, "--amount", "30")

    found = cli("points", "supply", "--guild", "1", "--json").data

    assert found == {"guild_id": "1", "minted": 100, "burned": 30, "held": 70}
    assert cli("points", "supply", "--guild", "9").exit_code == ExitCode.NOT_FOUND


def test_all_entries_are_exported_in_the_order_of_their_ids(cli: Cli) -> None:
    for number in range(3):
        cli(*TRANSFER, "--amount", 1, "--idempotency-key", f"k{number}")

    result = cli("points", "export", "--guild", "1", "--format", "ndjson")
    whole = cli("points", "export", "--guild", "1", "--json")

    assert re.findall(r'"kind":"(\w+)"', result.stdout) == ["grant", *["transfer"] * 3]
    ids = [int(entry["id"]) for entry in whole.data]
    assert ids == sorted(ids)
    assert whole.data[1]["idempotency_key"] == "k0"
    assert (whole.data[0]["from_user"], whole.data[0]["from_row_id"]) == (None, None)


def test_an_export_is_safe_to_open_in_a_spreadsheet(cli: Cli) -> None:
    cli(*TRANSFER, "--amount", 1, "--reason", "=HYPERLINK(1)", "--actor", "@ann")

    result = cli("points", "export", "--guild", "1", "--format", "csv")

    _, row = list(csv.DictReader(io.StringIO(result.stdout, newline="")))
    assert (row["reason"], row["actor"]) == ("'=HYPERLINK(1)", "'@ann")
    assert row["amount"] == "1"


def test_an_export_of_many_entries_is_complete(cli: Cli, database_url: str) -> None:
    add_users(database_url, [(1000 + number, f"u{number}", 1) for number in range(30)])
    cli("seed", "fake", "--users", "50", "--guilds", "1", "--transfers", "2500")
    guild = cli("guilds", "list", "--json").data[1]["id"]

    lines = cli("points", "export", "--guild", guild, "--no-headers").stdout

    count = cli("guilds", "stats", guild, "--json").data["entries"]
    assert lines.count("\n") == count > 2500


def test_an_export_of_no_guild_writes_nothing(cli: Cli) -> None:
    result = cli("points", "export", "--guild", "9")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stdout == ""


def test_entries_can_be_chosen_by_their_kind(cli: Cli) -> None:
    cli(*TRANSFER, "--amount", "5")

    chosen = cli("points", "history", "--guild", "1", "--kind", "transfer", "--json")
    wrong = cli("points", "history", "--guild", "1", "--kind", "transfers")

    assert [entry["kind"] for entry in chosen.data] == ["transfer"]
    assert wrong.exit_code == ExitCode.USAGE
    assert "did you mean 'transfer'?" in wrong.stderr


def test_the_kinds_are_those_of_the_ledger() -> None:
    assert tuple(EntryKind) == KINDS
