"""The embedded server: started, used, stopped; what it leaves, what it opens."""

import contextlib
import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.harness.command import CHECKOUT
from tests.harness.servers import (
    listening_sockets,
    modes_of,
    processes_of,
    server_of,
)
from tuxdb.engine.embedded import Cluster
from tuxdb.errors import ConfigurationError, DatabaseUnavailable
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


async def fetch(url: str, statement: str) -> object:
    """The value that a statement has on a server."""
    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture
def own(home: Path, bindir: Path | None) -> Cluster:
    """A cluster of the test's own, not started."""
    return Cluster(home, bindir=bindir)


@pytest.fixture
def lasting(cluster: Cluster) -> Cluster:
    """The server of the whole run, for tests that only look at it."""
    cluster.ensure()
    return cluster


async def test_the_first_use_makes_a_cluster_and_its_database(own: Cluster) -> None:
    url = own.ensure()

    assert url == f"postgresql://tuxdb@/tuxdb?host={own.home}/run"
    assert await fetch(url, "SELECT current_user || ' ' || current_database()") == (
        "tuxdb tuxdb"
    )


def test_a_second_use_finds_the_same_server(own: Cluster) -> None:
    own.ensure()
    first = server_of(own.home)

    own.ensure()

    assert server_of(own.home) == first


def test_stop_leaves_no_process_and_says_whether_one_ran(own: Cluster) -> None:
    own.ensure()

    assert own.stop() is True
    assert processes_of(own.home) == {}
    assert own.stop() is False


async def test_data_is_there_after_a_stop(own: Cluster) -> None:
    await fetch(own.ensure(), "SELECT 1 FROM pg_notification_queue_usage()")
    await fetch(own.url(), "CREATE TABLE kept (id int)")
    own.stop()

    own.ensure()

    assert await fetch(own.url(), "SELECT to_regclass('kept')::text") == "kept"


def test_nothing_is_open_to_other_accounts(own: Cluster) -> None:
    own.ensure()

    assert modes_of(own.home) == {("folder", "0o700"), ("file", "0o600")} | {
        ("file", "0o700")  # the socket
    }


def test_there_is_no_tcp_listener(lasting: Cluster) -> None:
    found = [listening_sockets(pid) for pid in processes_of(lasting.home)]

    assert found
    assert not any(found)


def test_no_account_is_added_and_no_parent_changes_its_mode(own: Cluster) -> None:
    parents = list(own.home.parents)
    before = [path.stat().st_mode for path in parents], pwd.getpwall()

    own.ensure()

    assert before == ([path.stat().st_mode for path in parents], pwd.getpwall())


def test_missing_parents_are_made(home: Path, bindir: Path | None) -> None:
    cluster = Cluster(home / "a" / "b", bindir=bindir)

    cluster.ensure()

    assert cluster.stop()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen_addresses", ""),
        ("shared_preload_libraries", "pg_stat_statements"),
        ("track_io_timing", "on"),
        ("compute_query_id", "on"),
        ("client_connection_check_interval", "2s"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ],
)
async def test_the_server_is_set_up(lasting: Cluster, name: str, value: str) -> None:
    assert await fetch(lasting.url("postgres"), f"SHOW {name}") == value


async def test_text_sorts_by_code_point_and_has_case_beyond_ascii(
    lasting: Cluster,
) -> None:
    url = lasting.url("postgres")

    assert await fetch(url, "SELECT lower('ÅNGSTRÖM')") == "ångström"
    assert await fetch(url, "SELECT 'Z' < 'a'") is True


async def test_both_roles_of_the_owner_can_log_in(lasting: Cluster) -> None:
    url = DatabaseUrl.parse(lasting.url())
    as_superuser = {**url.connect_args(), "user": "postgres", "database": "postgres"}

    connection = await asyncpg.connect(**as_superuser)

    assert await connection.fetchval("SELECT current_user") == "postgres"
    await connection.close()


async def test_another_database_is_created_on_demand(own: Cluster) -> None:
    name = 'with "quotes" & spaces, ünd mehr'

    url = own.ensure(name)

    assert await fetch(url, "SELECT current_database()") == name
    assert own.ensure(name) == url


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "two\nlines"])
def test_a_name_that_no_database_can_have_is_refused(own: Cluster, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name"):
        own.ensure(name)

    assert not own.home.exists()


def test_variables_of_libpq_change_nothing(
    own: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGUSER", "nobody")
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=1")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")

    own.ensure()

    environment = Path(f"/proc/{server_of(own.home)}/environ").read_bytes()
    names = [entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry]
    assert sorted(names) == [b"LANG", b"PATH", b"TZ"]


def test_the_server_has_nothing_of_its_caller(own: Cluster, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        own.ensure()

    pid = server_of(own.home)
    handles = [str(h.readlink()) for h in Path(f"/proc/{pid}/fd").iterdir()]
    assert str(tmp_path / "open") not in handles
    assert [h for h in handles if "lock" in h or "idle" in h] == []


def test_supervisor_and_server_leave_the_callers_folder_and_session(
    own: Cluster,
) -> None:
    own.ensure()

    for pid, command in processes_of(own.home).items():
        if "supervisor.py" in command:
            assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
        with contextlib.suppress(ProcessLookupError):  # of a client that has left
            assert os.getsid(pid) != os.getsid(0)


def test_a_running_server_is_found_without_starting_any_program(own: Cluster) -> None:
    own.ensure()
    program = (
        "import sys; from pathlib import Path\n"
        "from tuxdb.engine.embedded import Cluster\n"
        f"Cluster(Path({str(own.home)!r})).ensure()\n"
        "print(sorted({'subprocess', 'asyncio', 'ssl', 'json'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={},
    )

    assert done.stdout == "[]\n"


@pytest.fixture
def long_home(home: Path, bindir: Path | None) -> Iterator[Path]:
    """A data folder whose path is too long for a socket."""
    folder = home / ("long" * 20) / ("path" * 20)
    yield folder
    Cluster(folder, bindir=bindir).stop()


async def test_a_long_path_gets_a_private_short_folder(
    long_home: Path, bindir: Path | None
) -> None:
    cluster = Cluster(long_home, bindir=bindir)

    url = cluster.ensure()

    assert await fetch(url, "SELECT 1") == 1
    found = cluster.socket_dir.lstat()
    assert oct(found.st_mode) == "0o40700"
    assert len(str(cluster.socket_dir)) < 60
    cluster.stop()
    assert not cluster.socket_dir.exists()


def test_a_short_folder_that_others_can_enter_is_refused(
    long_home: Path, bindir: Path | None
) -> None:
    cluster = Cluster(long_home, bindir=bindir)
    cluster.ensure()
    cluster.socket_dir.chmod(0o755)

    with pytest.raises(ConfigurationError, match="can be entered by other accounts"):
        cluster.ensure()

    cluster.socket_dir.chmod(0o700)


def test_a_link_in_place_of_the_short_folder_is_refused(
    long_home: Path, bindir: Path | None, tmp_path: Path
) -> None:
    cluster = Cluster(long_home, bindir=bindir)
    cluster.socket_dir.symlink_to(tmp_path)
    try:
        with pytest.raises(ConfigurationError, match="made by another account"):
            cluster.ensure()
    finally:
        cluster.socket_dir.unlink()


def test_a_comma_in_the_path_is_no_second_folder(
    home: Path, bindir: Path | None
) -> None:
    cluster = Cluster(home / "one,two", bindir=bindir)

    cluster.ensure()

    assert "," not in str(cluster.socket_dir)
    assert cluster.stop()


def test_status_starts_nothing(own: Cluster) -> None:
    status = own.status()

    assert (status.running, status.pid, status.databases) == (False, None, ())
    assert not own.home.exists()


def test_status_of_a_running_server(own: Cluster) -> None:
    own.ensure("other")

    status = own.status()

    assert status.running
    assert status.pid == server_of(own.home)
    assert status.version == own.binaries.version
    assert status.databases == ("other", "postgres", "tuxdb")
    assert (status.data, status.idle_seconds) == (own.data, 300.0)


def test_the_cluster_of_the_settings(home: Path) -> None:
    settings = Settings(home=home, server_idle=7.0)

    cluster = Cluster.of(settings)

    assert (cluster.home, cluster.idle_seconds) == (home.resolve(), 7.0)


def test_data_of_another_major_version_is_refused(own: Cluster) -> None:
    major = own.binaries.major
    other = own.home / "pg14"
    other.mkdir(parents=True, mode=0o700)
    own.home.chmod(0o755)
    (other / "PG_VERSION").write_text("14\n")

    with pytest.raises(ConfigurationError) as caught:
        own.ensure()

    assert f"{other} holds data of PostgreSQL 14" in caught.value.message
    assert own.binaries.version in caught.value.message
    assert "pg_dump -Fc" in str(caught.value.hint)
    assert not (own.home / f"pg{major}").exists()


def test_what_a_torn_initdb_left_is_made_anew(own: Cluster) -> None:
    own.ensure()
    own.stop()
    own.data.rename(own.home / f"{own.data.name}.new")
    (own.home / f"pg{own.binaries.major}.new" / "PG_VERSION").unlink()

    own.ensure()

    assert [path.name for path in own.home.glob("pg*")] == [own.data.name]


def test_a_folder_that_is_no_cluster_is_left_alone(own: Cluster) -> None:
    own.ensure()
    own.stop()
    (own.data / "PG_VERSION").unlink()

    with pytest.raises(ConfigurationError, match="not a PostgreSQL data folder"):
        own.ensure()


def test_a_setting_that_stops_the_server_is_named(own: Cluster) -> None:
    own.ensure()
    own.stop()
    with (own.data / "postgresql.conf").open("a") as file:
        file.write("max_connections = many\n")

    with pytest.raises(DatabaseUnavailable, match=r"did not start: .*FATAL") as caught:
        own.ensure()

    assert caught.value.hint == "tuxdb db logs"
    assert 'invalid value for parameter "max_connections"' in own.log.read_text()


async def test_a_setting_of_the_operator_wins(own: Cluster) -> None:
    own.ensure()
    own.stop()
    with (own.data / "postgresql.conf").open("a") as file:
        file.write("random_page_cost = 3\n")

    assert await fetch(own.ensure(), "SHOW random_page_cost") == "3"


def test_a_home_that_others_can_write_to_is_refused(
    home: Path, bindir: Path | None
) -> None:
    home.mkdir()
    home.chmod(0o777)

    with pytest.raises(ConfigurationError, match="others can write to it"):
        Cluster(home, bindir=bindir).ensure()


def test_a_home_that_cannot_be_made_is_named(bindir: Path | None) -> None:
    with pytest.raises(ConfigurationError, match="/proc/tuxdb") as caught:
        Cluster(Path("/proc/tuxdb"), bindir=bindir).ensure()

    assert "TUXDB_HOME" in str(caught.value.hint)
