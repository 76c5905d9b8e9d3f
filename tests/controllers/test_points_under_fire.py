"""P1 to P7 together: processes and servers are killed while points move."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col

from tests.harness.command import CHECKOUT
from tests.harness.economy import join
from tests.harness.servers import processes_of, server_of
from tests.harness.transferring import ACCOUNTS, GUILD
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.errors import Conflict, DatabaseOperationError
from tuxdb.migrate import upgrade
from tuxdb.models import PointsTransaction

pytestmark = pytest.mark.slow

SEEDS = 10
CLIENTS = 3
FIRE_SECONDS = 9.0
LONGEST_SECONDS = 60.0
BETWEEN_SECONDS = (0.4, 1.6)
OPENING = 1000
TRANSFERS_AT_LEAST = 300
SETTLED_AT_MOST = 25

SUM = text("SELECT sum(points) FROM users")
WRONG = text(
    """
    SELECT count(*) FROM users WHERE points < 0 OR points <> (
        SELECT coalesce(sum(CASE to_user WHEN users.id THEN amount ELSE -amount END), 0)
        FROM points_transactions WHERE users.id IN (from_user, to_user)
    )
    """
)


class Clients:
    """Processes that transfer, and all that they have ever said."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self.url = url
        self.folder = folder
        self.names = (f"{seed}.{number}" for number in count(1))
        self.running: list[subprocess.Popen[bytes]] = []
        self.logs: list[Path] = []
        self.died: list[int] = []

    def start(self) -> None:
        name = next(self.names)
        self.logs.append(self.folder / name)
        command = [sys.executable, "-m", "tests.harness.transferring", self.url, name]
        with self.logs[-1].open("wb") as log:
            self.running.append(subprocess.Popen(command, cwd=CHECKOUT, stdout=log))

    def kill(self, client: subprocess.Popen[bytes]) -> None:
        self.running.remove(client)
        if client.poll() is not None:
            self.died.append(client.returncode)
        client.kill()
        client.wait()

    def kill_all(self) -> None:
        for client in list(self.running):
            self.kill(client)

    def said(self) -> tuple[dict[str, tuple[int, int, int]], dict[str, str]]:
        """What was asked by key, and what was answered; the last line may be torn."""
        asked: dict[str, tuple[int, int, int]] = {}
        answered: dict[str, str] = {}
        for log in self.logs:
            for line in log.read_bytes().splitlines():
                with contextlib.suppress(json.JSONDecodeError):
                    key, answer, *particulars = json.loads(line)
                    if answer == "asked":
                        asked[key] = tuple(particulars)
                    else:
                        answered[key] = answer
        return asked, answered


class Fire:
    """What happens to clients and server, one thing after the other."""

    def __init__(self, cluster: Cluster, clients: Clients, dice: random.Random) -> None:
        self.cluster = cluster
        self.clients = clients
        self.dice = dice

    async def shoot(self) -> None:
        shot = self.dice.choice(
            (self.client, self.server, self.backend, self.freeze, self.restart)
        )
        await asyncio.to_thread(shot)

    def client(self) -> None:
        self.clients.kill(self.dice.choice(self.clients.running))
        self.clients.start()

    def server(self) -> None:
        os.kill(server_of(self.cluster.home), signal.SIGKILL)
        self.cluster.ensure()

    def backend(self) -> None:
        """A killed backend makes the server start anew, with all others ended."""
        backends = [p for p, c in processes_of(self.cluster.home).items() if "[" in c]
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(self.dice.choice(backends), signal.SIGKILL)

    def freeze(self) -> None:
        pids = list(processes_of(self.cluster.home))
        for signum, pause in ((signal.SIGSTOP, 0.8), (signal.SIGCONT, 0.0)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
            time.sleep(pause)

    def restart(self) -> None:
        self.cluster.stop()
        self.cluster.ensure()


@pytest.fixture
async def cluster(home: Path, bindir: Path | None) -> Cluster:
    """A server of this test's own, with six accounts."""
    cluster = Cluster(home, bindir=bindir)
    url = await asyncio.to_thread(cluster.ensure)
    await upgrade(url)
    async with Database.open(url) as db:
        for account in ACCOUNTS:
            await join(db, account, OPENING)
    return cluster


async def look(db: Database) -> None:
    """The sum and every balance are right in this instant, if it can be seen."""
    with contextlib.suppress(DatabaseOperationError):
        async with db.snapshot() as session:
            assert await session.scalar(SUM) == OPENING * len(ACCOUNTS)
            assert await session.scalar(WRONG) == 0


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_points_are_conserved_while_all_is_killed(
    cluster: Cluster, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    clients = Clients(cluster.url(), tmp_path, seed)
    fire = Fire(cluster, clients, dice)
    try:
        for _ in range(CLIENTS):
            clients.start()
        async with Database.open(cluster.url()) as watcher:
            began = time.monotonic()
            while under_fire(time.monotonic() - began, clients):
                await asyncio.sleep(dice.uniform(*BETWEEN_SECONDS))
                await look(watcher)
                await fire.shoot()
                await look(watcher)
    finally:
        clients.kill_all()
    assert clients.died == []
    await asyncio.to_thread(fire.server)  # a last crash

    asked, answered = clients.said()
    async with Database.open(cluster.url()) as db:
        await assert_truthful(db, asked, answered)
        await settle(db, asked, answered)
        report = await db.points.verify()
        await look(db)
    assert report.mismatches == []
    assert report.entries > TRANSFERS_AT_LEAST
    assert b"deadlock detected" not in cluster.log.read_bytes()


def under_fire(seconds: float, clients: Clients) -> bool:
    """Whether to go on: on a busy machine it takes longer to make enough transfers."""
    if seconds < FIRE_SECONDS:
        return True
    made = list(clients.said()[1].values()).count("made")
    return made <= TRANSFERS_AT_LEAST and seconds < LONGEST_SECONDS


async def entries(db: Database, keys: list[str]) -> list[str]:
    """Keys of the entries that there are, as often as there are."""
    rows = await db.points.find_all(col(PointsTransaction.idempotency_key).in_(keys))
    return [str(row.idempotency_key) for row in rows]


async def assert_truthful(
    db: Database, asked: dict[str, tuple[int, int, int]], answered: dict[str, str]
) -> None:
    """What was acknowledged is there, once; what was refused is not."""
    there = await entries(db, list(asked))
    assert len(there) == len(set(there))
    known = set(there)
    lost = [k for k, answer in answered.items() if answer == "made" and k not in known]
    lies = [
        k
        for k, answer in answered.items()
        if answer in ("refused", "not made") and k in known
    ]
    assert (lost, lies) == ([], [])


async def settle(
    db: Database, asked: dict[str, tuple[int, int, int]], answered: dict[str, str]
) -> None:
    """Whatever is in doubt is sent again, twice, and applies once or is refused."""
    doubtful = [key for key in asked if answered.get(key, "unknown") == "unknown"]
    for key in doubtful[:SETTLED_AT_MOST]:
        sender, receiver, amount = asked[key]
        for _ in range(2):
            with contextlib.suppress(Conflict):
                await db.points.transfer(GUILD, sender, receiver, amount, key=key)
    there = await entries(db, doubtful)
    assert len(there) == len(set(there))
