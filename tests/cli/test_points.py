"""`tuxdb points`."""

import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import ALICE, BOB
from tests.harness.command import Cli
from tuxdb.errors import ExitCode

pytestmark = pytest.mark.usefixtures("members")

TRANSFER = ("points", "transfer", "--guild", "1", "--from", ALICE, "--to", BOB)


def balances(cli: Cli) -> dict[str, int]:
    rows = cli("users", "list", "--guild", "1", "--json").data
    return {row["username"]: row["points"] for row in rows}


def test_a_transfer_is_said_in_one_line_with_its_entry_and_key(cli: Cli) -> None:
    result = cli(*TRANSFER, "--amount", "50")

    assert result.exit_code == ExitCode.OK
    assert re.fullmatch(
        r"guild 1  alice 100 → 50   bob 0 → 50   \(50 points, entry \d+\)\n",
        result.stdout,
    )
    assert re.fullmatch(r"target: .*\nidempotency key: cli:[-0-9a-f]+\n", result.stderr)
    assert balances(cli) == {"alice": 50, "bob": 50}


def test_a_transfer_in_json_has_both_sides(cli: Cli) -> None:
    given = ["--amount", "50", "--reason", "lunch", "--actor", "ann"]

    result = cli(*TRANSFER, *given, "--json")

    data = result.data
    assert result.json()["schema"] == "tuxdb.points.transfer/1"
    assert data["guild_id"] == "1"
    assert data["from"] == {
        "user_id": "111",
        "username": "alice",
        "before": 100,
        "after": 50,
    }
    assert data["to"]["after"] == 50
    assert (data["amount"], data["reason"], data["actor"]) == (50, "lunch", "ann")
    assert data["replayed"] is False


def test_the_same_key_applies_once_and_answers_the_same(cli: Cli) -> None:
    arguments = [*TRANSFER, "--amount", "50", "--idempotency-key", "k1", "--json"]

    first, second = cli(*arguments).data, cli(*arguments).data

    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["entry_id"] == second["entry_id"]
    assert balances(cli) == {"alice": 50, "bob": 50}


def test_the_same_key_for_something_else_is_a_conflict(cli: Cli) -> None:
    key = ["--idempotency-key", "k1"]
    cli(*TRANSFER, "--amount", "50", *key)

    result = cli(*TRANSFER, "--amount", "40", *key)

    assert result.exit_code == ExitCode.CONFLICT
    assert "idempotency key 'k1' was used" in result.stderr
    assert balances(cli) == {"alice": 50, "bob": 50}


def test_a_transfer_beyond_the_balance_is_refused(cli: Cli) -> None:
    result = cli(*TRANSFER, "--amount", "101")

    assert result.exit_code == ExitCode.CONFLICT
    assert result.stdout == ""
    assert result.stderr.endswith("error: alice has 100 points in guild 1, needs 101\n")


def test_a_refusal_in_json_is_one_object_on_stderr(cli: Cli) -> None:
    result = cli("-q", *TRANSFER, "--amount", "101", "--json")

    assert result.stdout == ""
    assert result.stderr == (
        '{"error": {"code": "insufficient_points", "exit": 6, "message": '
        '"alice has 100 points in guild 1, needs 101", "hint": null, '
        '"details": {"balance": 100, "wanted": 101}}}\n'
    )


@pytest.mark.parametrize(
    "typed",
    ["0", "-5", "1.5", "1e3", "٣", "1_000", "", "9007199254740992", "9" * 40],
)
def test_a_bad_amount_is_refused_before_anything_is_opened(
    cli: Cli, typed: str
) -> None:
    result = cli(*TRANSFER, f"--amount={typed}")

    assert result.exit_code == ExitCode.USAGE
    assert result.stderr == (
        f"error: --amount: {typed!r} is not a whole number from 1 to 9007199254740991\n"
    )


def test_a_transfer_to_oneself_is_refused(cli: Cli) -> None:
    result = cli(*TRANSFER[:-1], ALICE, "--amount", "1")

    assert result.exit_code == ExitCode.USAGE
    assert balances(cli) == {"alice": 100, "bob": 0}


@pytest.mark.parametrize(
    ("guild", "to", "missing"), [("1", "5", "no user 5"), ("9", "222", "no guild 9")]
)
def test_whoever_is_unknown_is_named(
    cli: Cli, guild: str, to: str, missing: str
) -> None:
    who = ["--guild", guild, "--from", "111", "--to", to]

    result = cli("points", "transfer", *who, "--amount", "1")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert f"error: {missing}" in result.stderr


def test_a_dry_run_moves_nothing(cli: Cli) -> None:
    result = cli(*TRANSFER, "--amount", "50", "--dry-run")

    assert "alice 100 → 50" in result.stdout
    assert result.stderr.endswith("dry run: nothing was changed\n")
    assert balances(cli) == {"alice": 100, "bob": 0}


def test_points_are_granted_and_deducted(cli: Cli) -> None:
    who = ["--guild", "1", "--user", str(BOB)]

    granted = cli("points", "grant", *who, "--amount", "5")
    deducted = cli("points", "deduct", *who, "--amount", "2")

    assert re.match(r"guild 1  bob 0 → 5   \(5 points, entry", granted.stdout)
    assert re.match(r"guild 1  bob 5 → 3   \(2 points, entry", deducted.stdout)
    assert cli("points", "balance", *who, "--json").data["points"] == 3


def test_the_history_is_newest_first_and_names_users(cli: Cli) -> None:
    cli(*TRANSFER, "--amount", "50", "--reason", "lunch")

    every = cli("points", "history", "--guild", "1", "--json").data
    of_bob = cli("points", "history", "--guild", "1", "--user", BOB, "--json").data

    assert [entry["kind"] for entry in every] == ["transfer", "grant"]
    assert (every[0]["from_user"], every[0]["to_user"]) == ("111", "222")
    assert [entry["reason"] for entry in of_bob] == ["lunch"]


def test_equal_balances_share_a_rank(cli: Cli) -> None:
    cli(*TRANSFER, "--amount", "50")

    result = cli("points", "leaderboard", "--guild", "1")

    assert result.stdout == (
        "rank\tdiscord_id\tusername\tpoints\n1\t111\talice\t50\n1\t222\tbob\t50\n"
    )


def test_a_ledger_that_is_right_is_said_to_be(cli: Cli) -> None:
    result = cli("points", "verify")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith("ok  2 accounts, 1 entries: ")


def test_a_ledger_that_is_wrong_names_the_account(
    cli: Cli, falsify: Callable[[str], None]
) -> None:
    falsify("UPDATE users SET points = 90 WHERE discord_id = 111")

    text = cli("points", "verify")
    document = cli("points", "verify", "--json")

    assert text.exit_code == document.exit_code == ExitCode.FOUND
    assert "alice (111)" in text.stdout
    assert "recorded 90, computed 100" in text.stdout
    assert document.data["mismatches"][0]["discord_id"] == "111"


def test_an_unknown_guild_has_no_ledger_to_verify(cli: Cli) -> None:
    for command in ("verify", "leaderboard", "history"):
        result = cli("points", command, "--guild", "99")

        assert result.exit_code == ExitCode.NOT_FOUND
        assert (result.stdout, result.stderr[:19]) == ("", "error: no guild 99\n")
