"""The embedded server killed, its pid file torn or stale: the next use is served."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.servers import (
    data_folder,
    processes_of,
    server_of,
    start_client,
    supervisor_of,
    until,
)
from tuxdb.engine import handshake, launch
from tuxdb.engine.embedded import Cluster
from tuxdb.errors import DatabaseUnavailable


@pytest.fixture(scope="module")
def mended(bindir: Path | None) -> Iterator[Cluster]:
    """One cluster for all of these tests: each leaves it fit for use."""
    with data_folder() as home:
        yield Cluster(home, bindir=bindir)


@pytest.fixture
def running(mended: Cluster) -> Cluster:
    """A running server."""
    mended.ensure()
    return mended


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that has nothing to do with PostgreSQL."""
    process = subprocess.Popen(["sleep", "600"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_killed_server_is_started_again_at_once(running: Cluster) -> None:
    os.kill(server_of(running.home), signal.SIGKILL)

    running.ensure()

    assert running.status().running


def test_a_killed_server_leaves_nothing_behind(running: Cluster) -> None:
    os.kill(server_of(running.home), signal.SIGKILL)

    until(lambda: processes_of(running.home) == {})


def test_killing_the_supervisor_stops_the_server_cleanly(running: Cluster) -> None:
    os.kill(supervisor_of(running.home), signal.SIGKILL)

    until(lambda: processes_of(running.home) == {})
    assert "database system is shut down" in running.log.read_text()


def test_the_next_use_waits_for_a_server_without_supervisor_to_stop(
    running: Cluster,
) -> None:
    os.kill(supervisor_of(running.home), signal.SIGKILL)

    running.ensure()

    assert server_of(running.home)
    assert running.stop()
    assert processes_of(running.home) == {}


def test_server_and_supervisor_killed_together(running: Cluster) -> None:
    server = server_of(running.home)
    os.kill(supervisor_of(running.home), signal.SIGSTOP)
    os.kill(server, signal.SIGKILL)
    os.kill(supervisor_of(running.home), signal.SIGKILL)

    running.ensure()

    assert server_of(running.home) != server


def test_every_process_killed_together(running: Cluster) -> None:
    os.kill(supervisor_of(running.home), signal.SIGSTOP)
    for pid in processes_of(running.home):
        with contextlib.suppress(ProcessLookupError):  # they follow the server
            os.kill(pid, signal.SIGKILL)

    running.ensure()

    assert "was not properly shut down" in running.log.read_text()


def test_a_supervisor_told_to_stop_stops_the_server(running: Cluster) -> None:
    os.kill(supervisor_of(running.home), signal.SIGTERM)

    until(lambda: processes_of(running.home) == {})
    assert not (running.data / "postmaster.pid").exists()


def test_a_pid_that_means_another_process_by_now(
    running: Cluster, stranger: int
) -> None:
    pid_file = running.data / "postmaster.pid"
    contents = pid_file.read_text().split("\n")
    running.stop()
    pid_file.write_text("\n".join([str(stranger), *contents[1:]]))

    running.ensure()

    assert server_of(running.home) != stranger
    os.kill(stranger, 0)  # and it was left alone


@pytest.mark.parametrize(
    "contents", [b"", b"12", b"\xff\0\n\n", b"-5\n/x\n", b"\n" * 8]
)
def test_a_torn_pid_file(running: Cluster, contents: bytes) -> None:
    running.stop()
    (running.data / "postmaster.pid").write_bytes(contents)

    running.ensure()

    assert server_of(running.home)


def test_a_torn_pid_file_of_a_living_server_starts_no_second_one(
    running: Cluster,
) -> None:
    first = server_of(running.home)
    (running.data / "postmaster.pid").write_bytes(b"")

    running.ensure()

    assert server_of(running.home) == first
    assert running.status().pid == first


def test_a_server_whose_socket_was_removed_is_replaced(running: Cluster) -> None:
    first = server_of(running.home)
    for path in running.socket_dir.iterdir():
        path.unlink()

    running.ensure()

    assert server_of(running.home) != first


def test_a_frozen_server_is_given_up_on_in_time(
    running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(launch, "SETTLE_SECONDS", 0.5)
    os.kill(server_of(running.home), signal.SIGSTOP)
    try:
        with pytest.raises(DatabaseUnavailable, match="still starting or stopping"):
            running.ensure()
    finally:
        os.kill(server_of(running.home), signal.SIGCONT)

    running.ensure()


def test_a_dead_caller_leaves_no_lock(home: Path, bindir: Path | None) -> None:
    """Kill the process that is making the cluster; another one makes it."""
    process = start_client(home, bindir)
    until(lambda: any(home.glob("pg*.new/base")))
    process.kill()
    process.communicate()

    cluster = Cluster(home, bindir=bindir)
    cluster.ensure()

    assert cluster.status().running
