"""`tuxdb guilds config set GUILD points.…`, `guilds stats`, `guilds purge`."""

import re

import pytest

from tests.cli.conftest import ALICE, BOB, add_users
from tests.harness.command import Cli
from tuxdb.errors import ExitCode
from tuxdb.guild_keys import RULES
from tuxdb.models.bot_settings import BOT_RULES
from tuxdb.models.guild_settings import POINTS_RULES

SET = ("guilds", "config", "set", "1")
GET = ("guilds", "config", "get", "1")


@pytest.fixture(autouse=True)
def _guild(cli: Cli) -> None:
    cli("guilds", "add", "1", "--name", "Tux")


def test_the_rules_are_those_of_the_model() -> None:
    assert RULES == {"points": POINTS_RULES, "bot": BOT_RULES}


@pytest.mark.parametrize(
    ("rule", "typed", "stored"),
    [
        ("manager_roles", "123,<@&456> 789", ["123", "456", "789"]),
        ("confirm_from", "500", 500),
        ("ping_receiver", "on", True),
        ("ping_receiver", "off", False),
        ("locale", "de", "de"),
        ("cogs_off", "gallery, stats", ["gallery", "stats"]),
    ],
)
def test_a_rule_for_the_bot_is_set_shown_and_cleared(
    cli: Cli, rule: str, typed: str, stored: object
) -> None:
    cli(*SET, "points.daily_send", "5")
    changed = cli(*SET, f"bot.{rule}", typed, "--json")
    shown = cli(*GET, f"bot.{rule}", "--json")
    cleared = cli(*SET, f"bot.{rule}", "none", "--json")

    assert changed.data[f"bot.{rule}"] == stored
    assert shown.data == {"guild_id": "1", f"bot.{rule}": stored}
    assert cleared.data[f"bot.{rule}"] is None
    assert cli(*GET, "settings", "--json").data["settings"] == {
        "points": {"daily_send": 5}
    }


@pytest.mark.parametrize(
    ("rule", "typed", "stored"),
    [
        ("max_balance", "1000", 1000),
        ("daily_send", "0", 0),
        ("daily_receive", "9007199254740991", 2**53 - 1),
        ("start_balance", "50", 50),
        ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_a_rule_is_set_shown_and_cleared(
    cli: Cli, rule: str, typed: str, stored: object
) -> None:
    cli(*SET, "settings", '{"welcome": true}')
    changed = cli(*SET, f"points.{rule}", typed, "--json")
    shown = cli(*GET, f"points.{rule}", "--json")
    settings = cli(*GET, "settings", "--json")
    cleared = cli(*SET, f"points.{rule}", "none", "--json")

    assert changed.data[f"points.{rule}"] == stored
    assert shown.data == {"guild_id": "1", f"points.{rule}": stored}
    assert settings.data["settings"] == {"welcome": True, "points": {rule: stored}}
    assert cleared.data[f"points.{rule}"] is None
    assert cli(*GET, "settings", "--json").data["settings"] == {"welcome": True}


@pytest.mark.parametrize(
    ("key", "typed", "error"),
    [
        (
            "points.dayly_send",
            "5",
            (
                "KEY: 'points.dayly_send' is no setting of a guild; "
                "did you mean 'points.daily_send'?"
            ),
        ),
        ("points.daily_send", "many", "settings.points.daily_send is not a whole"),
        ("points.daily_send", "1e3", "settings.points.daily_send is not a whole"),
        ("points.daily_send", "٣", "settings.points.daily_send is not a whole"),
        ("points.max_balance", "0", "settings.points.max_balance is not a whole"),
        (
            "points.timezone",
            "Europe/Berln",
            (
                "settings.points.timezone is not a known time zone; "
                "did you mean 'Europe/Berlin'?"
            ),
        ),
        ("bot.locale", "fr", "settings.bot.locale is not a language of en, de"),
        ("bot.locale", "5", "settings.bot.locale is not a language of en, de"),
        ("bot.confirm_from", "0", "settings.bot.confirm_from is not a whole number"),
        ("bot.ping_receiver", "maybe", "settings.bot.ping_receiver is neither true"),
        ("bot.manager_roles", "mods", "settings.bot.manager_roles is not a list of"),
        ("bot.cogs_off", "config", "settings.bot.cogs_off cannot hold config"),
        ("settings", '{"bot": []}', "settings.bot is not an object with"),
        ("points.timezone", "5", "settings.points.timezone is not a time zone"),
        (
            "settings",
            '{"points": {"daily_send": -1}}',
            "settings.points.daily_send is not a whole number from 0 to ",
        ),
        ("settings", '{"points": 5}', "settings.points is not an object"),
        ("settings", '{"a": NaN}', "settings.a holds nan"),
        ("settings", '{"a": "\\u0000"}', "settings.a holds a NUL character"),
    ],
)
def test_a_bad_rule_is_refused_by_name(
    cli: Cli, key: str, typed: str, error: str
) -> None:
    result = cli(*SET, key, typed)

    assert result.exit_code == ExitCode.USAGE
    assert f"error: {error}" in result.stderr
    assert cli(*GET, "settings", "--json").data["settings"] == {}


def test_a_rule_is_recorded_and_taken_back(cli: Cli) -> None:
    cli(*SET, "points.daily_send", "5")
    result = cli(*SET, "points.daily_send", "6", "--actor", "ann")

    found = re.search(r"^change set (\S+)  undo: ", result.stderr, re.MULTILINE)
    assert found
    cli("changes", "undo", found[1], "-y")
    assert cli(*GET, "points.daily_send", "--json").data["points.daily_send"] == 5


def test_the_size_of_a_guild_is_counted(cli: Cli, database_url: str) -> None:
    add_users(database_url, [(ALICE, "alice", 100), (BOB, "bob", 0)])
    cli("users", "set", "--guild", "1", "--user", BOB, "--inactive")

    one = cli("guilds", "stats", "1", "--json").data
    every = cli("guilds", "stats", "--json").data

    assert one == {
        "guild_id": "1",
        "name": "Tux",
        "users": 2,
        "active": 1,
        "supply": 100,
        "entries": 1,
        "cases": 0,
        "messages": 0,
        "users_7d": 2,
        "users_30d": 2,
        "messages_7d": 0,
        "messages_30d": 0,
    }
    assert every == [one]


def test_sizes_come_in_pages_with_empty_guilds_too(cli: Cli) -> None:
    cli("guilds", "add", "2")

    first = cli("guilds", "stats", "--limit", "1", "--columns", "guild_id,users")
    both = cli("guilds", "stats", "--all", "--columns", "guild_id,entries_7d")

    assert first.stdout == "guild_id\tusers\n1\t0\n"
    assert re.match(r"next: tuxdb guilds stats ", first.stderr)
    assert both.stdout == "guild_id\tentries_7d\n1\t0\n2\t0\n"
    assert cli("guilds", "stats", "9").exit_code == ExitCode.NOT_FOUND


def test_a_guild_is_purged_with_consent_and_comes_back(
    cli: Cli, database_url: str
) -> None:
    add_users(database_url, [(ALICE, "alice", 100), (BOB, "bob", 0)])

    refused = cli("guilds", "purge", "1")
    done = cli("guilds", "purge", "1", "-y", "--json")
    empty = cli("users", "list", "--guild", "1", "--no-headers").stdout
    cli("changes", "undo", done.data["changeset"], "-y")

    assert refused.exit_code == ExitCode.REFUSED
    assert "  users   2 rows\n" in refused.stderr
    assert "this would delete all rows of guild 1 but its ledger: 3 rows in " in (
        refused.stderr
    )
    assert (done.data["rows"], empty) == (3, "")
    assert cli("guilds", "stats", "1", "--json").data["supply"] == 100
    assert cli("points", "verify").exit_code == ExitCode.OK


def test_an_unknown_guild_cannot_be_purged(cli: Cli) -> None:
    result = cli("guilds", "purge", "9", "-y")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert "error: no guild 9\n" in result.stderr
