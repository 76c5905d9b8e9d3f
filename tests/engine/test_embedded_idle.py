"""The embedded server stops by itself, but never under a client."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.harness.servers import (
    data_folder,
    processes_of,
    server_of,
    start_client,
    until,
)
from tuxdb.engine.embedded import Cluster
from tuxdb.urls import DatabaseUrl

IDLE_SECONDS = 0.5
HANG = """
import socket, struct, sys, time
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
packet = b"user\\0tuxdb\\0database\\0tuxdb\\0\\0"
connection.sendall(struct.pack("!ii", len(packet) + 8, 3 << 16) + packet)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """One data folder for all of these tests: each leaves it without a server."""
    with data_folder() as home:
        yield home


@pytest.fixture
def short(home: Path, bindir: Path | None) -> Iterator[Cluster]:
    """A cluster whose server stops after a short while."""
    cluster = Cluster(home, bindir=bindir, idle_seconds=IDLE_SECONDS)
    yield cluster
    cluster.stop()


async def connect(cluster: Cluster) -> "asyncpg.Connection[asyncpg.Record]":
    arguments = DatabaseUrl.parse(cluster.ensure()).connect_args()
    return await asyncpg.connect(**arguments)


def test_an_unused_server_stops_and_leaves_no_process(short: Cluster) -> None:
    short.ensure()

    until(lambda: processes_of(short.home) == {})
    assert not (short.data / "postmaster.pid").exists()
    assert not short.status().running


async def test_a_client_keeps_the_server(short: Cluster) -> None:
    connection = await connect(short)

    await asyncio.sleep(IDLE_SECONDS * 4)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    until(lambda: processes_of(short.home) == {})


def test_a_client_killed_the_hard_way_counts_no_longer(short: Cluster) -> None:
    short.ensure()
    socket = short.socket_dir / ".s.PGSQL.5432"
    process = subprocess.Popen([sys.executable, "-c", HANG, socket])
    time.sleep(IDLE_SECONDS * 3)
    assert short.status().running

    process.kill()
    process.wait()

    until(lambda: processes_of(short.home) == {})


def test_each_use_begins_the_time_anew(short: Cluster) -> None:
    short.ensure()
    first = server_of(short.home)

    for _ in range(8):
        time.sleep(IDLE_SECONDS / 2)
        short.ensure()

    assert server_of(short.home) == first


def test_the_latest_caller_says_how_long(
    home: Path, bindir: Path | None, short: Cluster
) -> None:
    patient = Cluster(home, bindir=bindir, idle_seconds=300)
    patient.ensure()

    short.ensure()

    assert patient.status().idle_seconds == IDLE_SECONDS
    until(lambda: processes_of(short.home) == {})


def test_uses_at_the_moment_of_stopping_are_all_served(short: Cluster) -> None:
    started = set()
    for pause in (0.45, 0.5, 0.52, 0.55, 0.58, 0.6, 0.62, 0.65, 0.7):
        short.ensure()
        started.add(server_of(short.home))
        time.sleep(pause)

    short.ensure()
    assert len(started) > 1, "the server never stopped in between"


def test_a_stopping_server_is_waited_for_and_started_again(short: Cluster) -> None:
    short.ensure()
    first = server_of(short.home)
    os.kill(first, signal.SIGTERM)  # a smart stop: waits for clients, lets none in

    short.ensure()

    assert server_of(short.home) != first


def client(home: Path, bindir: Path | None) -> "subprocess.Popen[str]":
    """A process for which the server is to stop with its last client."""
    process = start_client(home, bindir, idle_seconds=0)
    assert process.stdout
    assert process.stdout.readline()
    return process


def test_with_no_idle_time_the_server_stops_with_its_last_client(
    home: Path, bindir: Path | None
) -> None:
    first, second = client(home, bindir), client(home, bindir)
    server = server_of(home)

    first.communicate("")
    time.sleep(1)
    assert server_of(home) == server

    second.communicate("")
    until(lambda: processes_of(home) == {}, seconds=5)


def test_with_no_idle_time_a_killed_client_is_no_client(
    home: Path, bindir: Path | None
) -> None:
    process = client(home, bindir)

    process.kill()
    process.communicate()

    until(lambda: processes_of(home) == {}, seconds=5)


async def test_with_no_idle_time_a_connection_outlives_its_caller(
    home: Path, bindir: Path | None
) -> None:
    patient = Cluster(home, bindir=bindir)
    connection = await connect(patient)
    client(home, bindir).communicate()

    await asyncio.sleep(1)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    until(lambda: processes_of(home) == {}, seconds=5)
