"""What the system shows of an embedded server: its processes, its folder's modes."""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.harness.command import CHECKOUT
from tests.harness.databases import place
from tuxdb.engine.embedded import Cluster

PATIENCE_SECONDS = 30.0
LEFT_OVER_SECONDS = 3600.0
CLIENT = """
import sys
from pathlib import Path
from tuxdb.engine.embedded import Cluster
home, bindir, idle, database = sys.argv[1:]
bindir = Path(bindir) if bindir else None
cluster = Cluster(Path(home), bindir=bindir, idle_seconds=float(idle))
print(cluster.ensure(database), flush=True)
sys.stdin.read()
"""


def processes_of(home: Path) -> dict[int, str]:
    """Living processes that serve a data folder: started for it, or working in it."""
    return {
        pid: command for pid, command in _commands() if _belongs(pid, command, home)
    }


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """Name a data folder that is not there yet; in the end, stop what runs in it."""
    home = place() / f"tuxdb-{secrets.token_hex(4)}"
    yield home
    if home.exists():
        Cluster(home).stop()
        shutil.rmtree(home)
    assert processes_of(home) == {}


def start_client(
    home: Path,
    bindir: Path | None,
    *,
    database: str = "tuxdb",
    idle_seconds: float = 300.0,
) -> "subprocess.Popen[str]":
    """Start a process that wants a server, prints its URL, and waits for its input."""
    arguments = (home, bindir or "", str(idle_seconds), database)
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )


def remove_leftovers() -> None:
    """Remove the data folders of runs that were killed an hour ago or earlier."""
    for home in place().glob("tuxdb-????????"):
        with contextlib.suppress(OSError):  # another account's, or removed just now
            old = time.time() - home.stat().st_mtime > LEFT_OVER_SECONDS
            if old and not processes_of(home):
                shutil.rmtree(home)


def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def server_of(home: Path) -> int:
    """The process id of the server."""
    found = {
        pid for pid, command in processes_of(home).items() if f" -D {home}" in command
    }
    found = {pid for pid in found if _parent(pid) not in found}  # forked just now
    assert len(found) == 1, processes_of(home)
    return found.pop()


def supervisor_of(home: Path) -> int:
    """The process id of the server's supervisor."""
    found = [
        pid for pid, command in processes_of(home).items() if "supervisor.py" in command
    ]
    assert len(found) == 1, processes_of(home)
    return found[0]


def modes_of(home: Path) -> set[tuple[str, str]]:
    """Kind and mode of everything below a folder, itself included."""
    found = set()
    for path in (home, *home.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a server's temporary file
            mode = path.lstat().st_mode
            kind = "folder" if path.is_dir() else "file"
            found.add((kind, oct(mode & 0o7777)))
    return found


def listening_sockets(pid: int) -> list[str]:
    """Lines of the TCP tables that belong to a process."""
    inodes = set()
    lines = []
    with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            target = str(handle.readlink())
            if target.startswith("socket:["):
                inodes.add(target.removeprefix("socket:[").removesuffix("]"))
        for table in ("tcp", "tcp6"):
            rows = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
            lines += [row for row in rows if row.split()[9] in inodes]
    return lines


def _commands() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                if command:  # a zombie has none
                    yield int(folder.name), os.fsdecode(command).strip()


def _parent(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def _belongs(pid: int, command: str, home: Path) -> bool:
    if f"{home}/" in command and ("supervisor.py" in command or " -D " in command):
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink().parent == home
    return False
