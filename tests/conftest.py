"""Fixtures: one real PostgreSQL for the run, a database of its own per test.

With TUXDB_PG_BINDIR set, the server is the one whose programs lie there.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.harness.command import Cli, ForkServer
from tests.harness.databases import Databases
from tests.harness.servers import data_folder, remove_leftovers
from tests.harness.wire import Wire
from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.engine.service import DatabaseService
from tuxdb.migrate import upgrade
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

_BINDIR = os.environ.get("TUXDB_PG_BINDIR")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """Keep the developer's settings, and libpq's, out of every test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("TUXDB_", "PG", "XDG_")) or name == "DATABASE_URL":
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def bindir() -> Path | None:
    """Where the programs of the server under test lie; None is the wheel."""
    return Path(_BINDIR) if _BINDIR else None


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder for a server of the test's own."""
    with data_folder() as home:
        yield home


@pytest.fixture(scope="session")
def cluster(bindir: Path | None) -> Iterator[Cluster]:
    """The server of this run; if the run is killed, it stops by itself."""
    remove_leftovers()
    with data_folder() as home:
        yield Cluster(home, bindir=bindir, idle_seconds=30)


@pytest.fixture(scope="session")
def databases(cluster: Cluster) -> Iterator[Databases]:
    """Databases on the server of this run, with a migrated template."""
    databases = Databases(cluster.ensure("admin"))
    try:
        template = databases.empty()
        asyncio.run(upgrade(template))
        databases.template = DatabaseUrl.parse(template).database
        yield databases
    finally:
        databases.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated database without rows."""
    url = databases.migrated()
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """A database without a schema."""
    url = databases.empty()
    yield url
    databases.drop(url)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The defaults, on the database of this test."""
    return Settings(url=DatabaseUrl.parse(database_url))


@pytest.fixture
async def wire(database_url: str, tmp_path: Path) -> AsyncIterator[Wire]:
    """A proxy before the database of this test, which understands requests."""
    folder = tmp_path / "wire"
    folder.mkdir()
    wire = Wire(folder, DatabaseUrl.parse(database_url))
    await wire.serve()
    yield wire
    await wire.close()


@pytest.fixture
async def db_service(settings: Settings) -> AsyncIterator[DatabaseService]:
    """A service on the database of this test."""
    async with DatabaseService.open(settings) as service:
        yield service


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """The whole toolkit on the database of this test."""
    async with Database.open(settings) as database:
        yield database


@pytest.fixture(scope="session")
def _forks() -> Iterator[ForkServer]:
    with tempfile.TemporaryDirectory(prefix="tuxdb-") as folder:
        server = ForkServer(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def bare_cli(_forks: ForkServer, home: Path, tmp_path: Path) -> Cli:
    """The command line of a new account: no URL, no server, nothing configured."""
    account = tmp_path / "account"
    account.mkdir()
    environ = {
        "HOME": str(account),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "TUXDB_HOME": str(home),
        "XDG_RUNTIME_DIR": str(account),
    }
    return Cli(_forks, environ, account)


@pytest.fixture
def cli(bare_cli: Cli, database_url: str) -> Cli:
    """The command line on the database of this test."""
    bare_cli.environ["TUXDB_DATABASE_URL"] = database_url
    return bare_cli
