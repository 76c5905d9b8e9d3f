"""Several processes at once: one cluster, one server, everybody served."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.harness.servers import processes_of, server_of, start_client
from tuxdb.engine.embedded import Cluster


def test_six_first_uses_at_once_make_one_server(
    home: Path, bindir: Path | None
) -> None:
    processes = [start_client(home, bindir) for _ in range(6)]

    answers = {process.communicate()[0] for process in processes}

    assert answers == {f"{Cluster(home, bindir=bindir).url()}\n"}
    assert [process.returncode for process in processes] == [0] * 6
    assert server_of(home)


def test_six_who_want_the_same_new_database(home: Path, bindir: Path | None) -> None:
    Cluster(home, bindir=bindir).ensure()
    processes = [start_client(home, bindir, database="wanted") for _ in range(6)]

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
