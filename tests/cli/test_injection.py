"""Every option and argument of the commands on rows, given what it never should be.

Whatever is typed, it is a value or a mistake: nothing of the database changes, no
statement becomes another one, no command runs, and the answer is short and plain.
"""

import asyncio
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.harness.bulk import sql
from tests.harness.command import Cli, Result
from tuxdb.cli.main import command
from tuxdb.urls import DatabaseUrl

VALUES = (
    "'; DROP TABLE canary; --",
    '"; DROP TABLE canary; --',
    "1; DROP TABLE canary",
    "1) OR (1=1",
    "username = '' OR 1=1; --",
    "id = (SELECT 1 FROM canary)",
    "$$; DROP TABLE canary; $$",
    "\\'; DROP TABLE canary; --",
    "pg_sleep(20)",
    "canary",
    "%s %(x)s {0} :x $1",
    "{{7*7}}${jndi:ldap://x}",
    "$(touch pwned)`touch pwned`",
    "| touch pwned",
    "../../../../etc/passwd",
    "/dev/zero",
    "-",
    "",
    " ",
    "[/]",
    "\x1b[2J\x1b]0;x\x07\u202e\u2028",
    "x\ny",
    "\u0663",
    "-9223372036854775809",
    "9" * 400,
    "a" * 100_000,
    "NaN",
    "\udcff",
)
CHANGESET = "00000000-0000-4000-8000-000000000000"
MEMBER = ("--guild", "1", "--user", "11")
WORKING = {
    "bulk-update": ("users", "--set", "username=x", "--where", "id > 0"),
    "changes list": (),
    "changes show": (CHANGESET,),
    "changes undo": (CHANGESET,),
    "users list": ("--guild", "1"),
    "users show": MEMBER,
    "users add": ("--guild", "1", "--user", "13", "--name", "cy"),
    "users set": (*MEMBER, "--name", "x"),
    "users export": ("--user", "11"),
    "users forget": ("--user", "11"),
    "users merge": ("--guild", "1", "--from", "11", "--to", "12"),
    "guilds list": (),
    "guilds show": ("1",),
    "guilds add": ("2",),
    "guilds purge": ("1",),
    "guilds stats": (),
    "guilds config get": ("1",),
    "guilds config set": ("1", "prefix", "?"),
    "points transfer": ("--guild", "1", "--from", "11", "--to", "12", "--amount", "1"),
    "points grant": (*MEMBER, "--amount", "1"),
    "points deduct": (*MEMBER, "--amount", "1"),
    "points set": (*MEMBER, "--to-balance", "1"),
    "points reverse": ("1",),
    "points freeze": MEMBER,
    "points unfreeze": MEMBER,
    "points balance": MEMBER,
    "points history": ("--guild", "1"),
    "points leaderboard": ("--guild", "1"),
    "points supply": ("--guild", "1"),
    "points export": ("--guild", "1"),
    "points verify": (),
}
"""Every command of these groups, with arguments that it would accept."""
ANSWERS = {0, 2, 3, 4, 5, 6, 7, 9}
ONE_IN = 9
LONGEST_ANSWER = 20_000
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028]")
ELSEWHERE = {"--url", "--url-file", "--profile", "--config", "--wait"}
"""What leads to another database, or waits for one, is tested with the settings."""


def commands(found: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """The commands below a group, by the words that are typed."""
    if not hasattr(found, "list_commands"):
        yield " ".join(path), found
        return
    for name in found.list_commands(None):
        yield from commands(found.get_command(None, name), *path, name)


def commands_on_rows() -> dict[str, Any]:
    """Those of the groups that are tested here."""
    groups = {name.split()[0] for name in WORKING}
    return {
        name: found for name, found in commands(command()) if name.split()[0] in groups
    }


def tries(name: str) -> Iterator[list[str]]:
    """Arguments that work but for one value, each option and argument in turn."""
    working = list(WORKING[name])
    places = [n for n, word in enumerate(working) if not word.startswith("--")]
    for place, value in itertools.product(places, VALUES):
        yield [*working[:place], value, *working[place + 1 :]]
    for param in commands_on_rows()[name].params:
        option = param.opts[-1]
        plain = param.param_type_name == "option" and not param.is_flag
        if plain and option not in {*ELSEWHERE, *working}:
            for value in VALUES:
                yield [*working, f"{option}={value}"]


@pytest.fixture
def rows(database_url: str) -> str:
    """Two members of guild 1, and a table that nobody has any business with."""
    sql(
        database_url,
        "INSERT INTO guilds (id) VALUES (1);"
        "INSERT INTO users (guild_id, discord_id, username)"
        " VALUES (1, 11, 'ann'), (1, 12, 'bob');"
        "CREATE TABLE canary (id int PRIMARY KEY); INSERT INTO canary VALUES (1)",
    )
    return database_url


def everything(url: str) -> list[list[str]]:
    """Every row of every table."""

    async def read() -> list[list[str]]:
        connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
        try:
            tables = await connection.fetch(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace ORDER BY 1"
            )
            return [
                [row[0] for row in await connection.fetch(f"SELECT t::text FROM {n} t")]
                for (n,) in tables
            ]
        finally:
            await connection.close()

    return asyncio.run(read())


def assert_plain(result: Result, arguments: list[str]) -> None:
    """The answer is one of the contract's, and fit for a terminal."""
    told = (arguments, result.exit_code, result.stderr[-500:])
    assert result.exit_code in ANSWERS, told
    assert len(result.stdout) + len(result.stderr) < LONGEST_ANSWER, told
    assert "Traceback" not in result.stderr, told
    assert not RAW.search(result.stderr), told


def assert_harmless(cli: Cli, url: str, folder: Path, some: list[list[str]]) -> None:
    """Run a command in many ways without consent, and see that nothing happened."""
    before = everything(url)
    folder.mkdir()
    for arguments in some:
        assert_plain(cli(*arguments, cwd=folder), arguments)
    assert everything(url) == before
    assert {path.name for path in folder.iterdir()} <= set(VALUES)  # of --plan-out


def unconfirmed(name: str, arguments: list[str]) -> list[str]:
    """The same without an effect, where it would need no consent."""
    writes = any("--dry-run" in p.opts for p in commands_on_rows()[name].params)
    return [*name.split(), *arguments, *(["--dry-run"] if writes else [])]


def test_every_command_on_rows_is_tried() -> None:
    assert set(commands_on_rows()) == set(WORKING)


@pytest.mark.slow
@pytest.mark.parametrize("name", WORKING)
def test_a_hostile_value_is_a_value_or_a_mistake(
    cli: Cli, rows: str, tmp_path: Path, name: str
) -> None:
    """Each option gets some of the values, others than the option before it."""
    every = list(tries(name))
    start = list(WORKING).index(name)
    some = [
        arguments
        for number, arguments in enumerate(every)
        if (number + number // len(VALUES) + start) % ONE_IN == 0
    ]

    assert_harmless(
        cli, rows, tmp_path / "here", [unconfirmed(name, each) for each in some]
    )
