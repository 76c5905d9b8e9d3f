"""Processes of the embedded server, told by what they are and not by a number.

A process id in a file may be torn, stale, or another program's by now.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
DEAD_STATES = frozenset("ZXx")
POLL_SECONDS = 0.01
SUPERVISOR = "supervisor.py"


@dataclass(frozen=True)
class Process:
    """A process as the system shows it."""

    pid: int
    state: str
    parent: int
    command: tuple[str, ...]

    @property
    def data(self) -> Path | None:
        """The data folder that it serves, if it is a living server."""
        if self.state in DEAD_STATES or self.command[1:2] != ("-D",):
            return None
        program = self.command[0].rsplit("/", 1)[-1]
        return Path(self.command[2]) if program == "postgres" else None


def postmaster(home: Path) -> Process | None:
    """The living server of a home, whatever its pid file says."""
    for pid in (*_written_pids(home), *_all_pids()):
        process = look_up(pid)
        if process and process.data and process.data.parent == home:
            # a child that was forked just now still looks like its parent
            parent = look_up(process.parent)
            return parent if parent and parent.data == process.data else process
    return None


def supervisor(home: Path) -> Process | None:
    """The living supervisor of a home's server."""
    for pid in _all_pids():
        process = look_up(pid)
        if process and process.state not in DEAD_STATES:
            scripts = [word.rsplit("/", 1)[-1] for word in process.command]
            if SUPERVISOR in scripts and str(home / "lock") in process.command:
                return process
    return None


def orphans(data: Path) -> list[Process]:
    """What a killed server left behind: processes that still work in its folder."""
    found = []
    for pid in _all_pids():
        with contextlib.suppress(OSError):
            if (PROC / str(pid) / "cwd").readlink() == data:
                found.append(look_up(pid))
    return [p for p in found if p and " ".join(p.command).startswith("postgres: ")]


def look_up(pid: int) -> Process | None:
    """What a process id stands for now, or None."""
    if not PROC.joinpath("self").exists():
        return _look_up_with_ps(pid)
    try:
        fields = PROC.joinpath(str(pid), "stat").read_text(errors="replace")
        raw = PROC.joinpath(str(pid), "cmdline").read_bytes()
    except OSError:
        return None
    state, parent = fields.rpartition(")")[2].split()[:2]
    command = tuple(os.fsdecode(part) for part in raw.split(b"\0") if part)
    return Process(pid, state, int(parent), command)


@contextlib.contextmanager
def watched(process: Process) -> Iterator["Watch"]:
    """Hold on to a process so that its number cannot come to mean another."""
    watch = Watch(process)
    try:
        yield watch
    finally:
        watch.close()


class Watch:
    """Signals a process and waits for its end, through a pidfd where there is one."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._handle: int | None = None
        with contextlib.suppress(OSError, AttributeError):
            self._handle = os.pidfd_open(process.pid)

    @property
    def alive(self) -> bool:
        """Whether it is still the same process and has not ended."""
        now = look_up(self._process.pid)
        same = now is not None and now.command == self._process.command
        return now is not None and same and now.state not in DEAD_STATES

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        with contextlib.suppress(ProcessLookupError):
            if not self.alive:
                return
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self._process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False if it still runs."""
        deadline = time.monotonic() + seconds
        while self.alive:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._handle is not None:
                poll = select.poll()
                poll.register(self._handle, select.POLLIN)
                poll.poll(min(left, 1.0) * 1000)
            else:
                time.sleep(POLL_SECONDS)
        return True

    def close(self) -> None:
        """Let go of it."""
        if self._handle is not None:
            os.close(self._handle)


def _written_pids(home: Path) -> Iterator[int]:
    for path in home.glob("pg*/postmaster.pid"):
        with contextlib.suppress(OSError):
            first = path.read_text(errors="replace").split("\n")[0]
            if first.isascii() and first.isdigit():
                yield int(first)


def _all_pids() -> Iterator[int]:
    with contextlib.suppress(OSError):
        for folder in PROC.iterdir():
            if folder.name.isdigit():
                yield int(folder.name)


def _look_up_with_ps(pid: int) -> Process | None:
    """Systems without /proc; a path with blanks cannot be told apart there."""
    answer = subprocess.run(
        ["ps", "-o", "stat=,ppid=,args=", "-p", str(pid)],  # noqa: S607 - of the system
        capture_output=True,
        check=False,
        text=True,
    )
    parts = answer.stdout.split()
    if len(parts) < 3:  # noqa: PLR2004 - the three columns asked for
        return None
    return Process(pid, parts[0][0], int(parts[1]), tuple(parts[2:]))
