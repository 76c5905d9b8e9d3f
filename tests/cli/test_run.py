"""How a command ends: its errors, its exit code, its signals, its bugs."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.cli.conftest import ALICE, BOB
from tests.harness.command import Cli
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl

PASSWORD = "hunter2-S3cret"
TRANSFER = ("points", "transfer", "--guild", 1, "--from", ALICE, "--to", BOB)
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
POINTS_OF_ALICE = "SELECT points FROM users WHERE discord_id = 111"
FORMS = [
    f"postgresql://bot:{PASSWORD}@127.0.0.1:1/tux",
    f"postgres://bot:{PASSWORD}@127.0.0.1:1/tux",
    f"postgresql+asyncpg://bot:{PASSWORD}@127.0.0.1:1/tux",
    f"postgresql://bot@127.0.0.1:1/tux?password={PASSWORD}",
    f"postgresql://bot:{PASSWORD}@x@127.0.0.1:1/tux",
    f"postgresql://bot:{PASSWORD}@127.0.0.1:{PASSWORD}/tux",
    f"postgresql://bot:{PASSWORD}/x@127.0.0.1:1/tux",
    f"postgresql://bot:{PASSWORD}@[::1]:1/tux",
    f"postgresql://bot:{PASSWORD}@/tux?host=/nowhere",
    f"postgresql://bot:{PASSWORD}@h1.invalid,h2.invalid/tux",
    f"mysql://bot:{PASSWORD}@127.0.0.1/tux",
    f"bot:{PASSWORD}@127.0.0.1/tux",
]


@pytest.mark.parametrize("url", FORMS)
@pytest.mark.parametrize("debug", [(), ("--debug", "-v")], ids=["", "debug"])
def test_no_form_of_a_url_shows_its_password(
    bare_cli: Cli, url: str, debug: tuple[str, ...]
) -> None:
    for result in (
        bare_cli("guilds", "list", *debug, env={"TUXDB_DATABASE_URL": url}),
        bare_cli("guilds", "list", *debug, "--json", "--url", url),
        bare_cli("doctor", *debug, env={"DATABASE_URL": url}),
    ):
        assert result.exit_code in (ExitCode.UNREACHABLE, ExitCode.CONFIGURATION)
        assert PASSWORD not in result.stdout + result.stderr
        assert debug or len(result.stderr.splitlines()) <= 3


def test_a_server_that_is_down_is_two_lines(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://bot@127.0.0.1:1/tux"

    result = bare_cli("users", "list", "--guild", "1")

    assert result.exit_code == ExitCode.UNREACHABLE
    assert result.stdout == ""
    assert result.stderr == (
        "error: cannot reach bot@127.0.0.1:1/tux (connection refused)\n"
        "hint: tuxdb doctor\n"
    )


def test_debug_shows_the_traceback_as_well(bare_cli: Cli) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = "postgresql://bot@127.0.0.1:1/tux"

    result = bare_cli("guilds", "list", "--debug")

    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.endswith("hint: tuxdb doctor\n")


@pytest.mark.parametrize("command", ["users list --guild 1", "guilds add 1"])
def test_a_database_without_tables_names_the_next_command(
    bare_cli: Cli, empty_database_url: str, command: str
) -> None:
    bare_cli.environ["TUXDB_DATABASE_URL"] = empty_database_url

    result = bare_cli(*command.split(), "-q")

    assert result.exit_code == ExitCode.FOUND
    assert re.fullmatch(
        r"error: database is \d+ revisions behind \(at base\)\nhint: tuxdb migrate\n",
        result.stderr,
    )


def test_the_hint_names_the_profile(bare_cli: Cli, empty_database_url: str) -> None:
    profile = f'[profiles.prod]\nurl = "{empty_database_url}"\n'
    (bare_cli.cwd / "tuxdb.toml").write_text(profile)

    result = bare_cli("users", "list", "--guild", "1", "--profile", "prod")

    assert result.stderr.endswith("hint: tuxdb migrate --profile prod\n")


def test_errors_of_usage_are_json_too(bare_cli: Cli) -> None:
    for arguments in (["users", "lst"], ["users", "list", "--foo"], ["guilds", "show"]):
        result = bare_cli("-q", *arguments, "--json")

        assert result.exit_code == ExitCode.USAGE
        assert result.stderr.startswith('{"error": {"code": "usage_error", "exit": 2')


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    try:
        yield connection
    finally:
        await connection.close()


async def until_waiting(
    connection: "asyncpg.Connection[asyncpg.Record]", count: int, seconds: float
) -> None:
    """Return once so many sessions wait for a lock."""
    deadline = time.monotonic() + seconds
    while await connection.fetchval(WAITING) != count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_waiting_transfer_and_its_session(
    cli: Cli, database_url: str, number: signal.Signals
) -> None:
    async with connected(database_url) as holder, connected(database_url) as watcher:
        await holder.execute("BEGIN; SELECT 1 FROM users FOR UPDATE")
        with cli.start(*TRANSFER, "--amount", 1) as process:
            await until_waiting(watcher, 1, 60)
            began = time.monotonic()
            process.send_signal(number)
            stdout, stderr = await asyncio.to_thread(process.communicate, timeout=60)

        assert process.returncode == 128 + number
        assert time.monotonic() - began < 5
        assert stdout == ""
        assert "Traceback" not in stderr
        await until_waiting(watcher, 0, 5)
        assert await watcher.fetchval(POINTS_OF_ALICE) == 100


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.4])
def test_ctrl_c_at_any_moment_shows_no_traceback(cli: Cli, delay: float) -> None:
    process = cli.start("users", "list", "--guild", "1")
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)

    assert process.returncode in (130, ExitCode.NOT_FOUND)
    assert "Traceback" not in stderr


BUG = """
import sys
from tuxdb.cli import main, users
def broken(*_, **__):
    raise LookupError("secret data")
users.run_pages = broken
sys.argv = ["tuxdb", "users", "list", "--guild", "1", "--url", sys.argv[1]]
sys.argv += sys.argv[0:0] + DEBUG
sys.exit(main())
"""


def bug(cli: Cli, *debug: str) -> "subprocess.CompletedProcess[str]":
    url = f"postgresql://bot:{PASSWORD}@h/tux"
    return subprocess.run(
        [sys.executable, "-c", BUG.replace("DEBUG", repr([*debug])), url],
        env=cli.environ,
        cwd=cli.cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bug_is_one_line_and_a_private_report(bare_cli: Cli) -> None:
    done = bug(bare_cli)

    line = done.stderr.splitlines()[-1]
    assert done.returncode == ExitCode.UNEXPECTED
    assert "secret data" not in done.stderr
    assert line.startswith("error: unexpected LookupError; report: ")
    path = Path(line.partition("report: ")[2])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    report = path.read_text()
    assert 'raise LookupError("secret data")' in report or "LookupError" in report
    assert PASSWORD not in report


def test_a_bug_shows_its_traceback_with_debug(bare_cli: Cli) -> None:
    done = bug(bare_cli, "--debug")

    assert "Traceback (most recent call last):" in done.stderr
    assert PASSWORD not in done.stderr


def test_every_file_that_is_written_is_private(bare_cli: Cli) -> None:
    os.umask(0o022)
    bug(bare_cli)

    folder = Path(bare_cli.environ["HOME"]) / ".local" / "state" / "tuxdb"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
