"""What is left when a client or the server is killed half-way, or Ctrl-C is pressed."""

import asyncio
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.harness.command import Cli
from tests.harness.servers import server_of, until
from tuxdb.engine.embedded import Cluster
from tuxdb.errors import ExitCode
from tuxdb.urls import DatabaseUrl

ROWS = 200
SLOW = """
    CREATE TABLE slow (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
    INSERT INTO slow SELECT g FROM generate_series(1, 200) g;
    CREATE FUNCTION tuxdb_slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON slow
    FOR EACH ROW EXECUTE FUNCTION tuxdb_slow();
"""
INCREASE = ("bulk-update", "slow", "--set", "n=n+1", "--all-rows", "--yes")
IN_BATCHES = (*INCREASE, "--batch", "20")


def sql(url: str, statement: str) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
        try:
            if statement.lstrip().startswith("SELECT"):
                return list(await connection.fetch(statement))
            await connection.execute(statement)
            return []
        finally:
            await connection.close()

    return asyncio.run(run())


def changed(url: str) -> dict[int, int]:
    """How many rows have each number."""
    rows = sql(url, "SELECT n, count(*) FROM slow GROUP BY n")
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def slow(database_url: str) -> str:
    """A database in which an update of the 200 rows of `slow` takes two seconds."""
    sql(database_url, SLOW)
    return database_url


def started(cli: Cli, url: str, *arguments: str) -> "subprocess.Popen[str]":
    """A command whose change of `slow` is under way."""
    process = cli.start(*arguments)
    busy = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%UPDATE%slow%' AND state = 'active' AND pid <> pg_backend_pid()"
    until(lambda: sql(url, busy) or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def until_over(url: str) -> None:
    """Wait until no session of tuxdb is left on the server."""
    left = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tuxdb'"
    until(lambda: not sql(url, left))


def test_a_client_killed_half_way_has_changed_nothing(cli: Cli, slow: str) -> None:
    process = started(cli, slow, *INCREASE)

    process.kill()
    process.communicate()
    until_over(slow)

    assert changed(slow) == {0: ROWS}
    assert cli(*INCREASE).exit_code == ExitCode.OK
    assert changed(slow) == {1: ROWS}


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, ExitCode.TERMINATED)],
)
def test_a_signal_rolls_it_back_and_leaves_no_session(
    cli: Cli, slow: str, number: signal.Signals, code: ExitCode
) -> None:
    process = started(cli, slow, *INCREASE)

    process.send_signal(number)
    _, stderr = process.communicate(timeout=5)

    assert process.returncode == code
    assert "Traceback" not in stderr
    assert changed(slow) == {0: ROWS}
    until_over(slow)


def test_batches_of_a_killed_client_are_gone_on_with(cli: Cli, slow: str) -> None:
    process = started(cli, slow, *IN_BATCHES)
    until(lambda: changed(slow).get(1, 0) >= 60)

    process.kill()
    _, stderr = process.communicate()
    until_over(slow)
    done = changed(slow)[1]
    (found,) = re.findall(r"change set (\S+)", stderr)
    listed = cli("changes", "list", "--json").data[0]
    shown = cli("changes", "list", "--json").stdout

    assert done % 20 == 0
    assert 60 <= done < ROWS
    assert (listed["id"], listed["rows"], listed["complete"]) == (found, done, False)
    assert "slow" in shown
    result = cli(*IN_BATCHES, "--resume", found, "--json")
    assert result.data == {
        "changeset": found,
        "table": "slow",
        "total": ROWS,
        "matched": ROWS,
        "changed": ROWS,
        "complete": True,
    }
    assert changed(slow) == {1: ROWS}
    assert cli("changes", "undo", found, "--yes").exit_code == ExitCode.OK
    assert changed(slow) == {0: ROWS}


def test_ctrl_c_says_how_far_batches_came_and_how_to_go_on(cli: Cli, slow: str) -> None:
    process = started(cli, slow, *IN_BATCHES)
    until(lambda: changed(slow).get(1, 0) >= 40)

    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=5)

    done = changed(slow)[1]
    (resume,) = re.findall(r"^go on: tuxdb (.*)$", stderr, re.MULTILINE)
    assert process.returncode == ExitCode.INTERRUPTED
    assert f"stopped after {done} of 200 rows, {done} changed and committed" in stderr
    assert cli(*resume.split()).exit_code == ExitCode.OK
    assert changed(slow) == {1: ROWS}


def test_a_session_that_is_ended_is_an_outage_and_batches_go_on(
    cli: Cli, slow: str
) -> None:
    process = started(cli, slow, *IN_BATCHES)
    until(lambda: changed(slow).get(1, 0) >= 40)

    sql(slow, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tuxdb'")  # fmt: skip
    _, stderr = process.communicate(timeout=30)

    (resume,) = re.findall(r"^go on: tuxdb (.*)$", stderr, re.MULTILINE)
    assert process.returncode in (ExitCode.UNREACHABLE, ExitCode.UNKNOWN_OUTCOME)
    assert "Traceback" not in stderr
    assert cli(*resume.split()).exit_code == ExitCode.OK
    assert changed(slow) == {1: ROWS}


def test_a_server_killed_half_way_loses_no_batch_and_doubles_none(
    bare_cli: Cli, home: Path, bindir: Path | None
) -> None:
    cluster = Cluster(home, bindir=bindir)
    if bindir is not None:
        bare_cli.environ["TUXDB_PG_BINDIR"] = str(bindir)
    url = cluster.ensure("tuxdb")
    assert bare_cli("migrate").exit_code == ExitCode.OK
    sql(url, SLOW)
    process = started(bare_cli, url, *IN_BATCHES)
    until(lambda: changed(url).get(1, 0) >= 40)

    os.kill(server_of(home), signal.SIGKILL)
    _, stderr = process.communicate(timeout=30)

    (resume,) = re.findall(r"^go on: tuxdb (.*)$", stderr, re.MULTILINE)
    assert process.returncode in (ExitCode.UNREACHABLE, ExitCode.UNKNOWN_OUTCOME)
    result = bare_cli(*resume.split(), "--json")
    assert result.exit_code == ExitCode.OK, result.stderr
    assert result.data["changed"] == ROWS
    assert changed(cluster.ensure("tuxdb")) == {1: ROWS}


def test_a_silent_pipe_can_be_given_up_with_ctrl_c(cli: Cli, slow: str) -> None:
    process = cli.start("bulk-update", "slow", "--from", "-", "--key", "id", "--yes")
    reading = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tuxdb' AND state = 'idle in transaction'"
    until(lambda: sql(slow, reading))

    process.send_signal(signal.SIGINT)
    process.wait(timeout=3)

    assert process.returncode == ExitCode.INTERRUPTED
    process.communicate()
    until_over(slow)


def test_a_pipe_that_ends_early_changes_nothing(cli: Cli, slow: str) -> None:
    process = cli.start("bulk-update", "slow", "--from", "-", "--key", "id", "--yes")

    _, stderr = process.communicate("id,n\n1,5\n2,")

    assert process.returncode == ExitCode.USAGE
    assert "standard input:3: n: must have a value" in stderr
    assert changed(slow) == {0: ROWS}
