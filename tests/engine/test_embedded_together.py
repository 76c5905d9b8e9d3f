"""Several processes at once: one cluster, one server, everybody served."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.harness.command import CHECKOUT
from tests.harness.servers import processes_of, server_of
from tuxdb.engine.embedded import Cluster

PROGRAM = """
import sys
from pathlib import Path
from tuxdb.engine.embedded import Cluster
home, bindir, database = sys.argv[1:]
cluster = Cluster(Path(home), bindir=Path(bindir) if bindir else None)
print(cluster.ensure(database))
"""


def start(home: Path, bindir: Path | None, database: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, home, bindir or "", database],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def test_six_first_uses_at_once_make_one_server(
    home: Path, bindir: Path | None
) -> None:
    processes = [start(home, bindir, "tuxdb") for _ in range(6)]

    answers = {process.communicate()[0] for process in processes}

    assert answers == {f"{Cluster(home, bindir=bindir).url()}\n"}
    assert [process.returncode for process in processes] == [0] * 6
    assert server_of(home)


def test_six_who_want_the_same_new_database(home: Path, bindir: Path | None) -> None:
    Cluster(home, bindir=bindir).ensure()
    processes = [start(home, bindir, "wanted") for _ in range(6)]

    for process in processes:
        process.communicate()

    assert [process.returncode for process in processes] == [0] * 6


def test_threads_of_one_process(home: Path, bindir: Path | None) -> None:
    cluster = Cluster(home, bindir=bindir)
    with ThreadPoolExecutor(6) as pool:
        urls = list(pool.map(lambda _: cluster.ensure(), range(6)))

    assert set(urls) == {cluster.url()}
    assert server_of(home)


def test_starts_and_stops_at_once_end_in_one_or_the_other(
    home: Path, bindir: Path | None
) -> None:
    cluster = Cluster(home, bindir=bindir)
    cluster.ensure()
    with ThreadPoolExecutor(4) as pool:
        work = [
            pool.submit(cluster.ensure if n % 2 else cluster.stop) for n in range(8)
        ]
        for future in work:
            future.result()

    cluster.ensure()
    assert server_of(home)
    assert cluster.stop()
    assert processes_of(home) == {}
