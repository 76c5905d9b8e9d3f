"""Worker processes: in order, and gone when nobody waits for them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from tuxdb.audit.workers import in_workers

FILES = 200
FILE = 'async def f(db, name):\n    await db.execute(f"SELECT {name}")\n' * 200


def double(number: int) -> int:
    return 2 * number


def die(_: int) -> None:
    os._exit(1)


def wait(_: int) -> None:
    time.sleep(60)


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert list(in_workers(double, range(50), 3)) == [2 * n for n in range(50)]
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_is_told() -> None:
    with pytest.raises(BrokenProcessPool):
        list(in_workers(die, [1, 2]))


def test_who_stops_early_waits_for_nobody() -> None:
    began = time.monotonic()
    results = in_workers(wait_after_one, range(8), 2)
    assert next(results) == 0

    results.close()

    assert time.monotonic() - began < 20
    assert multiprocessing.active_children() == []


def wait_after_one(number: int) -> int:
    if number:
        wait(number)
    return number


@pytest.mark.parametrize("delay", [0.4, 1.0])
def test_ctrl_c_in_a_terminal_ends_all_of_a_scan(tmp_path: Path, delay: float) -> None:
    for number in range(FILES):
        (tmp_path / f"cog{number}.py").write_text(FILE)
    command = [sys.executable, "-m", "tuxdb", "audit", str(tmp_path)]
    options = ["--no-db", "--no-cache", "--jobs", "3"]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    time.sleep(delay)

    os.killpg(process.pid, signal.SIGINT)

    _, told = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in told
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
