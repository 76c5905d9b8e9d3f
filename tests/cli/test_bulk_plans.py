"""Plans, batches, and what other databases are told."""

from pathlib import Path

import pytest

from tests.harness.bulk import EVERY, SOME, USERS, masked, named, sql
from tests.harness.command import Cli
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl


@pytest.fixture(autouse=True)
def users(database_url: str) -> None:
    """Members 1 to 150 of guild 1."""
    sql(database_url, "INSERT INTO guilds (id) VALUES (1)")
    sql(
        database_url,
        "INSERT INTO users (guild_id, discord_id, username) "
        f"SELECT 1, g, 'member' || g FROM generate_series(1, {USERS}) g",
    )


def test_a_plan_is_written_and_applied(cli: Cli, tmp_path: Path) -> None:
    plan = tmp_path / "my plan"

    written = cli(*SOME, "--plan-out", plan, "--reason", "tidy")
    applied = cli("bulk-update", "--apply", plan, "--yes")

    assert f"apply: tuxdb bulk-update --apply '{plan}'" in written.stderr
    assert written.stdout.endswith("nothing was changed\n")
    assert "users: 3 rows changed" in applied.stdout
    assert cli("changes", "list", "--json").data[0]["reason"] == "tidy"
    again = cli("bulk-update", "--apply", plan, "--yes")
    assert again.exit_code == ExitCode.CONFLICT
    assert masked(again.stderr) == (
        f"error: rows of users were changed since {plan} was made; "
        "nothing was changed\n"
        "  id 1: changed\n  id 2: changed\n  id 3: changed\n"
        "hint: make a new plan with --plan-out\n"
    )


def test_batches_say_their_change_set_before_the_first_row(cli: Cli) -> None:
    result = cli(*EVERY, "--batch", "40", "--yes")

    assert masked(result.stderr) == "change set ID\n"
    assert masked(result.stdout) == (
        "users: 150 rows match, 150 changed\n"
        "change set ID  undo: tuxdb changes undo ID\n"
    )
    assert named(cli) == USERS


def test_batches_are_agreed_to_beforehand(cli: Cli) -> None:
    result = cli(*EVERY, "--batch", "40")

    assert result.exit_code == ExitCode.REFUSED
    assert masked(result.stderr).startswith(
        "error: this commits changes to 150 rows of users in DB, after every 40; "
        "refusing without consent\n"
    )
    assert named(cli) == 0


def test_on_a_protected_database_more_than_100_rows_take_its_name_and_a_reason(
    cli: Cli, database_url: str
) -> None:
    name = DatabaseUrl.parse(database_url).database
    cli("db", "protect", "--environment", "production", "--yes")
    why = ("--reason", "because")

    few = cli(*SOME, "--yes")
    for case in ((*EVERY, "--yes"), (*EVERY, "--batch", "50", "--yes")):
        nameless = cli(*case, *why)
        wrong = cli(*case, *why, "--confirm", "other")
        silent = cli(*case, "--confirm", name)
        codes = {nameless.exit_code, wrong.exit_code, silent.exit_code}
        assert codes == {ExitCode.REFUSED}
        assert f"rerun with --confirm {name}" in nameless.stderr
        assert "--reason TEXT" in silent.stderr
    assert named(cli) == 3

    confirmed = cli(*EVERY, "--confirm", name, *why)

    assert (few.exit_code, confirmed.exit_code) == (ExitCode.OK, ExitCode.OK)
    assert named(cli) == USERS


def test_on_another_bots_database_no_migration_is_asked_for(
    cli: Cli, empty_database_url: str
) -> None:
    sql(empty_database_url, "CREATE TABLE things (id int PRIMARY KEY, n int)")
    sql(empty_database_url, "INSERT INTO things VALUES (1, 1)")
    cli.environ["TUXDB_DATABASE_URL"] = empty_database_url

    changed = cli("bulk-update", "things", "--set", "n=n+1", "--all-rows", "--yes")
    listed = cli("changes", "list", "--json").data
    undone = cli("changes", "undo", listed[0]["id"], "--yes")

    assert (changed.exit_code, undone.exit_code) == (ExitCode.OK, ExitCode.OK)
    assert [row["tables"] for row in listed] == ["things"]


def test_a_table_that_migrations_make_is_a_schema_behind(
    cli: Cli, empty_database_url: str
) -> None:
    cli.environ["TUXDB_DATABASE_URL"] = empty_database_url

    result = cli(*EVERY, "--yes")

    assert result.exit_code == ExitCode.FOUND
    assert result.stderr.endswith(
        "error: there is no table users\nhint: tuxdb migrate\n"
    )
