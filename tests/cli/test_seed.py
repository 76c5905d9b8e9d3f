"""`tuxdb seed` as typed."""

import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest

from tests.harness.command import Cli
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl

COUNTS = ["seed", "table", "inserted", "updated", "unchanged"]
FAKE = ("seed", "fake", "--guilds", "2", "--users", "20", "--transfers", "9")


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A project folder in which `tuxdb` is typed, with a folder for seed sets."""
    (tmp_path / "seeds").mkdir()
    return tmp_path / "seeds"


def test_seed_prints_counts_per_table(cli: Cli) -> None:
    first, second = cli("seed"), cli("seed")

    assert first.exit_code == second.exit_code == ExitCode.OK
    header, *rows = second.stdout.splitlines()
    assert header == "seed\ttable\tinserted\tupdated\tunchanged"
    assert "demo\tusers\t0\t0\t4" in rows
    assert second.stderr.splitlines()[-1] == "unchanged"


@pytest.mark.parametrize("form", ["table", "tsv", "csv"])
def test_nothing_to_do_is_a_header_alone(cli: Cli, form: str) -> None:
    cli("seed")

    result = cli("seed", "--only-changed", "--format", form)

    assert re.split(r"[\s,]+", result.stdout.strip()) == COUNTS
    assert result.stderr.splitlines()[-1] == "nothing to do"


def test_seed_takes_names_and_options_in_any_order(cli: Cli) -> None:
    result = cli("seed", "--only-changed", "--format", "json", "demo", "-n")

    assert result.exit_code == ExitCode.OK
    document = json.loads(result.stdout)
    assert document["schema"] == "tuxdb.seed/1"
    assert document["data"][0] == {
        "seed": "demo",
        "table": "guilds",
        "inserted": 1,
        "updated": 0,
        "unchanged": 0,
    }
    assert "dry run: nothing was changed" in result.stderr
    assert cli("seed", "status").exit_code == ExitCode.FOUND


def test_unknown_set_is_not_found(cli: Cli) -> None:
    result = cli("seed", "dmeo")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.stdout == ""
    assert "error: no seed set dmeo\nhint: did you mean 'demo'?" in result.stderr


def test_own_sets_come_from_the_seeds_folder(cli: Cli, seeds: Path) -> None:
    (seeds / "mine.csv").write_text("# table=guilds key=id\nid,name\n7,Own\n")

    result = cli("seed", "--no-headers", cwd=seeds.parent)

    assert result.stdout == "mine\tguilds\t1\t0\t0\n"


def test_bad_file_is_refused_with_file_and_line(cli: Cli, seeds: Path) -> None:
    (seeds / "mine.csv").write_text("# table=guilds key=id\nid,name\n7,a\nx,b\n")

    result = cli("seed", cwd=seeds.parent)

    assert result.exit_code == ExitCode.USAGE
    assert "error: seeds/mine.csv:4: guilds.id is not a whole number" in result.stderr


def test_dangling_row_is_a_conflict(cli: Cli, seeds: Path) -> None:
    (seeds / "mine.csv").write_text(
        "# table=users key=guild_id,discord_id\n"
        "guild_id,discord_id,username\n7,8,alice\n"
    )

    result = cli("seed", cwd=seeds.parent)

    assert result.exit_code == ExitCode.CONFLICT
    assert (
        "error: seeds/mine.csv:3: users: guild_id 7 is in no row of guilds"
        in result.stderr
    )


def test_changes_are_shown_without_steering_the_terminal(cli: Cli, seeds: Path) -> None:
    (seeds / "mine.csv").write_text("# table=guilds key=id\nid,name\n7,a\n")
    cli("seed", cwd=seeds.parent)
    (seeds / "mine.csv").write_text("# table=guilds key=id\nid,name\n7,\x1b[31m[red]\n")

    result = cli("seed", cwd=seeds.parent)

    assert "guilds id=7: name a → \\x1b[31m[red]" in result.stderr
    assert "\x1b" not in result.stderr


def test_list_needs_no_database(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/none"

    result = bare_cli("seed", "list", "--no-headers")

    assert result.exit_code == ExitCode.OK
    assert result.stdout.startswith("demo\tguilds,guild_configs,users,")


def test_status_tells_what_is_due(cli: Cli) -> None:
    before = cli("seed", "status")
    cli("seed")
    after = cli("seed", "status", "--json")

    assert before.exit_code == ExitCode.FOUND
    assert "demo\tpending\t" in before.stdout
    assert after.exit_code == ExitCode.OK
    assert [row["state"] for row in after.data] == ["applied"]


def test_fake_data_is_loaded_once(cli: Cli) -> None:
    first = cli(*FAKE)
    second = cli(*FAKE)

    assert "users\t20\t0\t0" in first.stdout
    assert "users\t0\t0\t20" in second.stdout
    assert "unchanged: fake --guilds 2 --users 20" in second.stderr
    assert cli("points", "verify").exit_code == ExitCode.OK


def test_fake_says_which_guild_to_look_at(cli: Cli) -> None:
    hint = cli(*FAKE).stderr.splitlines()[-1]

    command = hint.removeprefix("largest guild: tuxdb ").split()
    assert len(cli(*command, "--no-headers").stdout.splitlines()) > 10


def test_dry_run_of_fake_leaves_nothing(cli: Cli) -> None:
    assert "users\t20\t0\t0" in cli(*FAKE, "--dry-run").stdout

    assert "users\t20\t0\t0" in cli(*FAKE).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--users", "0"), "--users: '0' is not a whole number from 1 to 10000000"),
        (("--users", "1e3"), "--users: '1e3' is not a whole number"),
        (("--users", "5", "--transfers", "1"), "transfers need more users than guilds"),
        (("--random-seed", "x"), "--random-seed: 'x' is not a whole number"),
    ],
)
def test_impossible_numbers_are_usage_errors(
    cli: Cli, arguments: tuple[str, ...], message: str
) -> None:
    result = cli("seed", "fake", *arguments)

    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr


async def mark_as_production(database_url: str) -> None:
    arguments = DatabaseUrl.parse(database_url).connect_args()
    connection = await asyncpg.connect(**arguments)
    await connection.execute(
        "INSERT INTO tuxdb_meta VALUES ('environment', 'production')"
    )
    await connection.close()


def test_production_refuses_seeds(cli: Cli, database_url: str) -> None:
    asyncio.run(mark_as_production(database_url))

    for command in (("seed",), FAKE):
        result = cli(*command)
        assert result.exit_code == ExitCode.REFUSED
        assert "protected: production" in result.stderr


def test_help_shows_commands_and_the_options_for_sets(bare_cli: Cli) -> None:
    result = bare_cli("seed", "--help")

    assert result.exit_code == ExitCode.OK
    for word in ("[NAME]...", "fake", "list", "status", "--only-changed", "--dry-run"):
        assert word in result.stdout
