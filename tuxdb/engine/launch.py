"""Starting and stopping the embedded server, one process at a time."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tuxdb.engine import places, processes
from tuxdb.engine.accounts import Account
from tuxdb.engine.binaries import SYSTEM, Binaries
from tuxdb.engine.handover import executable_by
from tuxdb.engine.handshake import SOCKET_NAME, Answer
from tuxdb.engine.initialise import ENVIRONMENT, SUPERUSER, configure, initialise
from tuxdb.errors import ConfigurationError, DatabaseUnavailable

if TYPE_CHECKING:
    from tuxdb.engine.embedded import Cluster

SUPERVISOR = Path(__file__).with_name(processes.SUPERVISOR)
LOCK_SECONDS = 60.0
SETTLE_SECONDS = 20.0
UNREACHABLE_SECONDS = 3.0
STOP_SECONDS = 60.0
QUICK_STOP_SECONDS = 10.0
POLL_SECONDS = 0.02
STILL_STARTING = "the embedded server is still starting or stopping"
LARGEST_LOG = 10_000_000
LOG_TAIL = 4096


def start(cluster: "Cluster") -> None:
    """Start the server unless it runs; returns when it accepts clients."""
    account = cluster.account
    places.make_home(cluster.home, account)
    try:
        with places.locked(cluster.lock, account, LOCK_SECONDS) as lock:
            if not _settles(cluster):
                _start(cluster, account, lock)
    except OSError as error:
        raise DatabaseUnavailable(
            f"cannot start the embedded server: {error.filename}: {error.strerror}",
            hint="tuxdb db logs",
        ) from error


def stop(cluster: "Cluster") -> bool:
    """Stop the server and its supervisor; False if none was running."""
    cluster.release()
    if not os.access(cluster.home, os.X_OK):
        return False
    with places.locked(cluster.lock, cluster.account, LOCK_SECONDS):
        server = processes.postmaster(cluster.home)
        _end(cluster.home, server)
        for data in cluster.home.glob("pg[0-9][0-9]"):
            _end_orphans(data)
        if server and places.run_folder(cluster.home) is None:
            with contextlib.suppress(OSError):
                cluster.socket_dir.rmdir()
        return server is not None


def _start(cluster: "Cluster", account: Account, lock: int) -> None:
    data = _data_folder(cluster)
    log = _open_log(cluster.log, account)
    try:
        binaries = executable_by(account, cluster.binaries, cluster.home)
        if not data.exists():
            initialise(data, binaries, account, lock=lock, log=log)
        _end_orphans(data)
        _clear_remains(data, cluster.socket_dir)
        configure(data, binaries, account)
        _launch(cluster, data, binaries, account, lock=lock, log=log)
    finally:
        os.close(log)


def _settles(cluster: "Cluster") -> bool:
    """Whether a server runs; waits for one that is starting or stopping."""
    began = time.monotonic()
    while True:
        found = cluster.greet(SUPERUSER)
        if found.answer in (Answer.READY, Answer.NO_DATABASE):
            return True
        if found.answer is Answer.REFUSED:
            raise found.refusal(cluster.home)
        server = processes.postmaster(cluster.home)
        if server is None:
            return False
        waited = time.monotonic() - began
        if waited > SETTLE_SECONDS:
            raise DatabaseUnavailable(STILL_STARTING, hint="tuxdb db logs")
        reachable = (cluster.socket_dir / SOCKET_NAME).exists()
        if not reachable and waited > UNREACHABLE_SECONDS:
            _end(cluster.home, server)  # its socket was removed from under it
        time.sleep(POLL_SECONDS)


def _data_folder(cluster: "Cluster") -> Path:
    """The folder to serve; refuses one of another major version, or of nothing."""
    binaries = cluster.binaries
    data = cluster.home / f"pg{binaries.major}"
    others = sorted(cluster.home.glob("pg[0-9][0-9]/PG_VERSION"))
    if data.exists():
        version = data / "PG_VERSION"
        found = version.read_text().strip() if version.exists() else None
        if found is None:
            raise ConfigurationError(
                f"{data} is not a PostgreSQL data folder", hint="move it away"
            )
    elif others:
        data, found = others[-1].parent, others[-1].read_text().strip()
    else:
        return data
    if found != str(binaries.major):
        raise ConfigurationError(
            f"{data} holds data of PostgreSQL {found}, "
            f"and the programs found are of {binaries.version} ({binaries.bindir})",
            hint=f"go on with TUXDB_PG_BINDIR={_programs_of(found)}; to upgrade, "
            f"dump with them (pg_dump -Fc -f tuxdb.dump "
            f'"{cluster.url()}"), move {data} away and restore',
        )
    return data


def _programs_of(major: str) -> str:
    """Where the programs of a version are, or what to put there."""
    folder = SYSTEM / major / "bin"
    return str(folder) if folder.exists() else f"<folder of {major}'s programs>"


def _open_log(path: Path, account: Account) -> int:
    log = places.open_private(path, os.O_WRONLY | os.O_APPEND, account)
    if os.fstat(log).st_size <= LARGEST_LOG:
        return log
    os.close(log)
    path.replace(path.with_name(f"{path.name}.1"))
    return places.open_private(path, os.O_WRONLY | os.O_APPEND, account)


def _end_orphans(data: Path) -> None:
    """Wait for what a killed server left running: it ends as soon as it notices."""
    for process in processes.orphans(data):
        with processes.watched(process) as orphan:
            if not orphan.wait(QUICK_STOP_SECONDS):
                orphan.send(signal.SIGKILL)
                orphan.wait(QUICK_STOP_SECONDS)


def _clear_remains(data: Path, sockets: Path) -> None:
    """Remove files of a killed server; that none lives, the caller has seen.

    PostgreSQL itself would take a zombie, or another program with the same number,
    for the server that wrote them.
    """
    (data / "postmaster.pid").unlink(missing_ok=True)
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (sockets / name).unlink(missing_ok=True)


def _launch(
    cluster: "Cluster",
    data: Path,
    binaries: Binaries,
    account: Account,
    *,
    lock: int,
    log: int,
) -> None:
    folder = cluster.socket_dir
    places.make_private(folder, account)
    places.is_private(folder, account.uid)
    places.write_private(cluster.idle_file, f"{cluster.idle_seconds:g}\n", account)
    begin = os.fstat(log).st_size
    command: list[str | Path] = [sys.executable, "-I", "-S", SUPERVISOR]
    command += [binaries.program("postgres"), data, folder]
    command += [cluster.lock, cluster.idle_file, str(account.uid), str(account.gid)]
    command += ["kept" if places.run_folder(cluster.home) else "temporary"]
    reader, writer = os.pipe()
    try:
        try:
            subprocess.run(
                command,
                stdin=lock,
                stdout=writer,
                stderr=log,
                check=True,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise DatabaseUnavailable(
                "the embedded server's supervisor did not start", hint="tuxdb db logs"
            ) from error
        finally:
            os.close(writer)
        report = _read(reader)
    finally:
        os.close(reader)
    if report == b"slow":
        raise DatabaseUnavailable(STILL_STARTING, hint="tuxdb db logs")
    if report != b"ready":
        raise DatabaseUnavailable(
            f"the embedded server did not start: {_last_words(cluster.log, begin)}",
            hint="tuxdb db logs",
        )


def _read(reader: int) -> bytes:
    """What the supervisor reports; it closes its end when it knows."""
    poll = select.poll()
    poll.register(reader, select.POLLIN | select.POLLHUP)
    return os.read(reader, 64) if poll.poll(SETTLE_SECONDS * 1000) else b"slow"


def _end(home: Path, server: processes.Process | None) -> None:
    """Stop the server, cleanly if it can be; then its supervisor ends by itself."""
    above = processes.supervisor(home)
    if server:
        with processes.watched(server) as watch:
            watch.send(signal.SIGINT)
            if not watch.wait(STOP_SECONDS):
                watch.send(signal.SIGQUIT)
            if not watch.wait(QUICK_STOP_SECONDS):
                raise DatabaseUnavailable(
                    f"the embedded server (process {server.pid}) does not stop"
                )
    if above:
        with processes.watched(above) as watch:
            watch.wait(QUICK_STOP_SECONDS)


def _last_words(path: Path, begin: int) -> str:
    """The last lines that the server wrote since a point of its log, on one line."""
    opened = os.open(path, os.O_RDONLY | places.OLD_FILE)
    with os.fdopen(opened, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(begin, end - LOG_TAIL))
        text = file.read().decode(errors="replace")
    wanted = [line for line in text.splitlines() if "FATAL" in line or "PANIC" in line]
    words = (wanted or text.splitlines() or ["it left no message"])[-1]
    return "".join(letter for letter in words if letter.isprintable())
