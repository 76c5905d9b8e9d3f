"""The embedded PostgreSQL server: started when needed, stopped when idle.

One cluster in one data folder, on a Unix socket that no other account can reach.
What is in a function's imports loads only when a server has to be started.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from tuxdb.engine import handshake, places
from tuxdb.engine.accounts import Account, account_for, default_home
from tuxdb.engine.handshake import Answer, Greeting, ServerError
from tuxdb.errors import ConfigurationError, DatabaseUnavailable, EngineMissing
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    from tuxdb.engine.binaries import Binaries

OWNER = "tuxdb"
DATABASE = "tuxdb"
MAINTENANCE_DATABASE = "postgres"
LONGEST_NAME = 63
START_SECONDS = 25.0
DUPLICATE = ("42P04", "23505")
LIST_DATABASES = "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1"


@dataclass(frozen=True)
class ClusterStatus:
    """What the embedded server is doing."""

    running: bool
    pid: int | None
    version: str | None
    data: Path
    socket_dir: Path
    databases: tuple[str, ...]
    idle_seconds: float | None


class Cluster:
    """One embedded PostgreSQL cluster in a data folder."""

    _leases: ClassVar[dict[Path, int]] = {}

    def __init__(
        self,
        home: Path | None = None,
        *,
        bindir: Path | None = None,
        idle_seconds: float = 300.0,
    ) -> None:
        if sys.platform == "win32":
            raise EngineMissing(
                "the embedded server does not run on Windows",
                hint="set TUXDB_DATABASE_URL, or use WSL",
            )
        self.home = (home or default_home()).expanduser().resolve()
        self.idle_seconds = idle_seconds
        self.log = self.home / "server.log"
        self._bindir = bindir
        self.lock = self.home / "lock"
        self.idle_file = self.home / "idle"

    @classmethod
    def of(cls, settings: Settings) -> "Cluster":
        """The cluster that the settings mean."""
        return cls(
            settings.home,
            bindir=settings.pg_bindir,
            idle_seconds=settings.server_idle,
        )

    @cached_property
    def binaries(self) -> "Binaries":
        """PostgreSQL's programs; raises EngineMissing."""
        from tuxdb.engine.binaries import find  # noqa: PLC0415 - see the module

        return find(self._bindir)

    @property
    def data(self) -> Path:
        """The data folder, named after the major version that it is for."""
        there = self._clusters()
        if len(there) == 1:
            return there[0]
        return self.home / f"pg{self.binaries.major}"

    @property
    def account(self) -> Account:
        """Who runs the server: for root, the owner of what is there already."""
        return account_for(*self._clusters(), self.home)

    @property
    def socket_dir(self) -> Path:
        """The folder of the server's socket."""
        run = places.run_folder(self.home)
        return run or places.short_folder(self.home, self.account)

    def url(self, database: str = DATABASE) -> str:
        """The address of a database of this cluster."""
        folder = str(self.socket_dir)
        url = DatabaseUrl(database=database, user=OWNER, hosts=(folder,), ports=(5432,))
        return url.reveal()

    def ensure(self, database: str = DATABASE) -> str:
        """Start the server and create the database if need be; returns its URL.

        With a running server this is one login, a few milliseconds. Raises
        EngineMissing, ConfigurationError, DatabaseUnavailable or Busy.
        """
        _check_name(database)
        deadline = time.monotonic() + START_SECONDS
        while True:
            with self._use_announced():
                found = self.greet(database)
            if found.answer is Answer.READY:
                return self.url(database)
            if found.answer is Answer.NO_DATABASE:
                self._create(database)
            elif found.answer is Answer.REFUSED:
                raise found.refusal(self.home)
            elif time.monotonic() > deadline:
                raise DatabaseUnavailable(
                    f"the embedded server is not ready after {START_SECONDS:g} s",
                    hint="tuxdb db logs",
                )
            else:
                self.start()

    def start(self) -> None:
        """Start the server if it is not running; returns when it accepts clients."""
        from tuxdb.engine.launch import start  # noqa: PLC0415 - see the module

        start(self)

    def stop(self) -> bool:
        """Stop the server and wait for its end; False if it was not running."""
        from tuxdb.engine.launch import stop  # noqa: PLC0415 - see the module

        return stop(self)

    def status(self) -> ClusterStatus:
        """What is running; starts nothing and does not count as use."""
        from tuxdb.engine.processes import postmaster  # noqa: PLC0415 - see the module

        process = postmaster(self.home)
        found = self.greet(MAINTENANCE_DATABASE, LIST_DATABASES)
        running = process is not None or found.answer is not Answer.ABSENT
        return ClusterStatus(
            running=running,
            pid=process.pid if process else None,
            version=found.version.split()[0] if found.version else self._version(),
            data=(process.data if process else None) or self.data,
            socket_dir=self.socket_dir,
            databases=found.rows,
            idle_seconds=self._idle_in_force() if running else self.idle_seconds,
        )

    def greet(self, database: str, statement: str | None = None) -> Greeting:
        """Log in at the server's socket, if its folder is one to be trusted."""
        folder = self.socket_dir
        if not places.is_private(folder, os.geteuid() or self.account.uid):
            return Greeting(Answer.ABSENT)
        return handshake.greet(folder, OWNER, database, statement)

    def _create(self, database: str) -> None:
        name = database.replace('"', '""')
        try:
            found = self.greet(
                MAINTENANCE_DATABASE,
                f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE template0',
            )
        except ServerError as error:
            if error.sqlstate in DUPLICATE:  # another process was faster
                return
            raise DatabaseUnavailable(
                f"cannot create database {database!r}: {error}"
            ) from error
        if found.answer in (Answer.NO_DATABASE, Answer.REFUSED):
            raise DatabaseUnavailable(
                f"cannot create database {database!r}: {found.message}"
            )

    @contextlib.contextmanager
    def _use_announced(self) -> Iterator[None]:
        """Keep the supervisor from stopping the server while a client logs in."""
        try:
            opened = os.open(self.idle_file, os.O_RDWR | places.OLD_FILE)
        except OSError:
            yield  # no server was ever started here
            return
        try:
            places.share(opened)
            wanted = b"%g\n" % self.idle_seconds
            if os.read(opened, 32) != wanted:
                os.ftruncate(opened, 0)
                os.pwrite(opened, wanted, 0)
            os.utime(opened)
            if self.idle_seconds == 0:
                self._take_lease(opened)
            yield
        finally:
            os.close(opened)

    def _take_lease(self, opened: int) -> None:
        """Have this process count as a client for as long as it lives."""
        held = self._leases.get(self.home)
        if held is None or not os.path.samestat(os.fstat(held), os.fstat(opened)):
            self.release()
            self._leases[self.home] = places.reopened(opened)
            places.share(self._leases[self.home])

    def hand_on(self) -> None:
        """Have the program that this process becomes count as a client, too."""
        lease = self._leases.get(self.home)
        if lease is not None:
            os.set_inheritable(lease, True)

    def release(self) -> None:
        """Let a server that stops with its last client stop, for our part."""
        lease = self._leases.pop(self.home, None)
        if lease is not None:
            os.close(lease)

    def _idle_in_force(self) -> float | None:
        try:
            return float(self.idle_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _version(self) -> str | None:
        try:
            return self.binaries.version
        except ConfigurationError:
            return None

    def _clusters(self) -> list[Path]:
        return sorted(self.home.glob("pg[0-9][0-9]"), reverse=True)


def _check_name(database: str) -> None:
    encoded = database.encode(errors="replace")
    if not 1 <= len(encoded) <= LONGEST_NAME or not database.isprintable():
        raise ConfigurationError(
            f"{database!r} cannot be the name of a database: "
            f"1 to {LONGEST_NAME} bytes of printable text"
        )
