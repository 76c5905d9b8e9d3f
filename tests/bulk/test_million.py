"""A million rows: in little memory, all or nothing when killed, or in exact batches."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.bulk.test_kills import sql
from tests.harness.command import Cli
from tests.harness.servers import until
from tuxdb.errors import ExitCode

pytestmark = pytest.mark.slow

ROWS = 1_000_000
MEMORY_AT_MOST = 200 << 20
CHANGE = ("--key", "id", "--yes", "--max-rows", str(ROWS), "-q")
COUNTED = (
    "SELECT count(*) FILTER (WHERE n = -id), count(*) FILTER (WHERE n = id) FROM many"
)


@pytest.fixture
def many(database_url: str, tmp_path: Path) -> Path:
    """A table of a million rows, and a file with another number for each."""
    sql(
        database_url,
        "CREATE TABLE many (id int PRIMARY KEY, name text, n int);"
        f"INSERT INTO many SELECT g, 'thing ' || g, g FROM generate_series(1, {ROWS}) g;"
        "ANALYZE many",
    )
    path = tmp_path / "many.csv"
    with path.open("w") as file:
        file.write("id,name,n\n")
        file.writelines(f"{n},renamed {n},{-n}\n" for n in range(1, ROWS + 1))
    return path


def highest_memory(process: "subprocess.Popen[str]") -> int:
    """The most memory that a process has had, watched until it ends."""
    highest = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        highest = max(highest, int(found[1]) << 10 if found else 0)
        time.sleep(0.05)
    return highest


def test_a_million_rows_take_little_memory_and_are_all_changed(
    cli: Cli, database_url: str, many: Path
) -> None:
    process = cli.start("bulk-update", "many", "--from", many, *CHANGE)

    memory = highest_memory(process)
    _, stderr = process.communicate()

    assert process.returncode == ExitCode.OK, stderr
    assert memory < MEMORY_AT_MOST
    assert tuple(sql(database_url, COUNTED)[0]) == (ROWS, 0)


def test_killed_half_way_nothing_is_changed(
    cli: Cli, database_url: str, many: Path
) -> None:
    process = cli.start("bulk-update", "many", "--from", many, *CHANGE)
    busy = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%UPDATE%many%' AND pid <> pg_backend_pid()"
    until(lambda: sql(database_url, busy), 120)
    time.sleep(2)

    process.kill()
    process.communicate()

    assert tuple(sql(database_url, COUNTED)[0]) == (0, ROWS)


def test_in_batches_it_is_gone_on_with_to_the_exact_end(
    cli: Cli, database_url: str, many: Path
) -> None:
    arguments = ("bulk-update", "many", "--from", many, *CHANGE, "--batch", "50000")
    process = cli.start(*arguments)
    until(lambda: sql(database_url, COUNTED)[0][0] >= 200_000, 240)
    process.kill()
    process.communicate()
    listed = cli("changes", "list", "--json").data[0]
    done = sql(database_url, COUNTED)[0][0]

    again = cli.start(*arguments, "--resume", listed["id"], "--json")
    memory = highest_memory(again)
    stdout, _ = again.communicate()

    assert done % 50_000 == 0
    assert listed["rows"] == done
    assert memory < MEMORY_AT_MOST
    assert f'"changed":{ROWS}' in stdout
    assert tuple(sql(database_url, COUNTED)[0]) == (ROWS, 0)
