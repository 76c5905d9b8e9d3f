"""`tuxdb guilds`."""

import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode

HIGHEST = str(2**63 - 1)


def test_a_guild_is_added_listed_and_shown(cli: Cli) -> None:
    added = cli("guilds", "add", HIGHEST, "--name", "Tux [red]", "--json")
    listed = cli("guilds", "list", "--json")
    shown = cli("guilds", "show", HIGHEST, "--json")

    assert added.exit_code == ExitCode.OK
    assert [guild["id"] for guild in listed.data] == [HIGHEST]
    assert shown.data["name"] == "Tux [red]"


def test_no_guilds_is_a_header_only(cli: Cli) -> None:
    result = cli("guilds", "list")

    assert (result.exit_code, result.stdout) == (
        0,
        "id\tname\tcase_count\tcreated_at\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [("show", "99"), ("config", "get", "99"), ("config", "set", "99", "prefix", "!")],
)
def test_an_unknown_guild_is_not_found(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = cli("guilds", *arguments)

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stderr.endswith("error: no guild 99\nhint: tuxdb guilds list\n")


def test_a_guild_without_configuration_shows_the_defaults(cli: Cli) -> None:
    cli("guilds", "add", "1")

    result = cli("guilds", "config", "get", "1", "--json")

    assert result.data["prefix"] == "$"
    assert result.data["settings"] == {}
    assert result.data["created_at"] is None


@pytest.mark.parametrize(
    ("key", "typed", "stored"),
    [
        ("prefix", "!", "!"),
        ("mod_log_id", "<#12>", "12"),
        ("jail_role_id", "<@&13>", "13"),
        ("settings", '{"a": [1]}', {"a": [1]}),
    ],
)
def test_a_setting_is_changed(cli: Cli, key: str, typed: str, stored: object) -> None:
    cli("guilds", "add", "1")

    changed = cli("guilds", "config", "set", "1", key, typed)
    shown = cli("guilds", "config", "get", "1", key, "--json")

    assert changed.exit_code == ExitCode.OK
    assert shown.data == {"guild_id": "1", key: stored}


def test_an_id_is_cleared_with_none(cli: Cli) -> None:
    cli("guilds", "add", "1")
    cli("guilds", "config", "set", "1", "mod_log_id", "5")

    cli("guilds", "config", "set", "1", "mod_log_id", "none")

    shown = cli("guilds", "config", "get", "1", "mod_log_id", "--json")
    assert shown.data["mod_log_id"] is None


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("prefx", "!", "KEY: 'prefx' is no setting of a guild; did you mean 'prefix'?"),
        ("prefix", "", "prefix must not be blank"),
        ("prefix", "x" * 11, "prefix is longer than 10 characters"),
        ("mod_log_id", "general", "mod_log_id: 'general' is not a Discord ID"),
        ("settings", "[1]", "settings: this is not a JSON object"),
        ("settings", "{", "settings: this is not JSON"),
    ],
)
def test_a_bad_setting_is_refused(cli: Cli, key: str, value: str, error: str) -> None:
    cli("guilds", "add", "1")

    result = cli("guilds", "config", "set", "1", key, value)

    assert result.exit_code == ExitCode.USAGE
    assert f"error: {error}" in result.stderr
