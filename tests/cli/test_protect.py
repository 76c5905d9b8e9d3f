"""`tuxdb db protect`, and what a protected database asks for."""

import re

import pytest

from tests.cli.conftest import ALICE, BOB, add_users
from tests.harness.command import Cli
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl

GRANT = ("points", "grant", "--guild", "1", "--user", ALICE, "--amount", "1")
FORGET = ("users", "forget", "--user", ALICE)
PURGE = ("guilds", "purge", "1")
MANY = 120


@pytest.fixture
def name(database_url: str) -> str:
    """The name of the database, which has to be typed."""
    return str(DatabaseUrl.parse(database_url).database)


@pytest.fixture
def production(cli: Cli, database_url: str) -> Cli:
    """The command line on a protected database with two members."""
    add_users(database_url, [(ALICE, "alice", 100), (BOB, "bob", 0)])
    assert cli("db", "protect", "--environment", "production").exit_code == 0
    return cli


def test_a_database_says_what_it_is(cli: Cli, name: str) -> None:
    before = cli("db", "status", "--json").data["protected"]
    result = cli("db", "protect", "--environment", "staging")

    assert result.stdout == f"{name} is protected: staging\n"
    assert before is None
    assert cli("db", "status", "--json").data["protected"] == "staging"


def test_the_target_is_shown_with_its_mark(production: Cli) -> None:
    first = production(*GRANT).stderr.splitlines()[0]
    migrate = production("migrate").stderr.splitlines()[0]

    assert re.fullmatch(r"target: \S+ \[protected: production\]", first)
    assert migrate == first


@pytest.mark.parametrize("typed", ["", "a b", "x" * 64])
def test_a_bad_name_of_an_environment_is_refused(cli: Cli, typed: str) -> None:
    result = cli("db", "protect", "--environment", typed)

    assert result.exit_code == ExitCode.USAGE
    assert "error: environment is not 1 to 63 letters, digits" in result.stderr


@pytest.mark.parametrize("command", [["fake", "--users", "1"], []])
def test_seeds_are_refused_outright(
    production: Cli, command: list[str], name: str
) -> None:
    result = production("seed", *command)

    assert result.exit_code == ExitCode.REFUSED
    assert "protected: production" in result.stderr


@pytest.mark.parametrize("command", [FORGET, PURGE])
def test_removals_want_the_name_and_a_reason(
    production: Cli, command: tuple[object, ...], name: str
) -> None:
    for consent in (
        ["--yes"],
        ["--yes", "--reason", "asked"],
        ["--confirm", name],
        ["--confirm", "other", "--reason", "asked"],
    ):
        result = production(*command, *consent)
        assert result.exit_code == ExitCode.REFUSED, consent
        assert result.stdout == ""

    done = production(*command, "--confirm", name, "--reason", "asked")

    assert done.exit_code == ExitCode.OK


def test_many_grants_at_once_want_the_name_and_a_reason(
    production: Cli, database_url: str, name: str
) -> None:
    add_users(database_url, [(1000 + n, f"user{n}", 0) for n in range(MANY)])
    rows = "".join(f"{1000 + n}\n" for n in range(MANY))
    batch = ("points", "grant", "--guild", "1", "--amount", "1", "--from", "-")

    refused = production(*batch, "-y", "--reason", "x", input=f"discord_id\n{rows}")
    few = production(*batch, "-y", input="discord_id\n111\n")
    done = production(
        *batch, "--confirm", name, "--reason", "x", input=f"discord_id\n{rows}"
    )

    assert refused.exit_code == ExitCode.REFUSED
    assert few.exit_code == ExitCode.OK
    assert done.exit_code == ExitCode.OK, done.stderr


@pytest.mark.parametrize("consent", [["-y"], ["--confirm", "other"], []])
def test_the_mark_is_not_taken_away_without_the_name(
    production: Cli, consent: list[str]
) -> None:
    result = production("db", "unprotect", *consent)

    assert result.exit_code == ExitCode.REFUSED
    assert production("db", "status", "--json").data["protected"] == "production"


def test_the_mark_is_taken_away_by_name_and_that_is_recorded(
    production: Cli, name: str
) -> None:
    given = ("--confirm", name, "--actor", "ann", "--reason", "moved")
    result = production("db", "unprotect", *given)

    assert result.stdout == f"{name} is not protected\n"
    assert production("db", "status", "--json").data["protected"] is None
    change = production("changes", "list", "--json").data[0]
    assert (change["command"], change["actor"], change["reason"]) == (
        "db unprotect",
        "ann",
        "moved",
    )
    assert production("changes", "undo", change["id"], "-y").exit_code == (
        ExitCode.REFUSED
    )
    assert production("seed", "fake", "--users", "1").exit_code == ExitCode.OK


def test_what_is_not_marked_needs_no_consent_to_stay_so(cli: Cli, name: str) -> None:
    result = cli("db", "unprotect")

    assert (result.exit_code, result.stdout) == (0, f"{name} is not protected\n")


def test_a_dry_run_leaves_the_mark(production: Cli, name: str) -> None:
    production("db", "unprotect", "--confirm", name, "--dry-run")

    assert production("db", "status", "--json").data["protected"] == "production"


def test_small_changes_go_on_as_usual(production: Cli) -> None:
    assert production(*GRANT).exit_code == ExitCode.OK
    merge = ("users", "merge", "--guild", "1", "--from", BOB, "--to", ALICE)
    assert production(*merge, "-y").exit_code == ExitCode.OK
    where = ("--set", "username=al", "--where", "discord_id = 111")
    assert production("bulk-update", "users", *where, "-y").exit_code == ExitCode.OK
