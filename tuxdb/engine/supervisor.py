"""The parent of the embedded server: starts it, watches it, stops it when idle.

Stand-alone and standard library only, run as `python -I -S supervisor.py`. Standard
input is the lock, held until the server accepts clients; standard output tells the
caller; standard error is the log. If it is killed, the kernel has the server stop.
"""

import contextlib
import ctypes
import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
READY_POLL_SECONDS = 0.004
CHECK_SECONDS = (0.1, 2.0)
LINGER_SECONDS = 10.0
UNKNOWN_LIMIT_SECONDS = 300.0
ORPHAN_SECONDS = 5.0
CLIENT_MARK = b"[local]"
FIXED = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "port=5432",
    "logging_collector=off",
    "log_destination=stderr",
)
Prctl = Callable[[int, int], object]
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C", "TZ": "UTC"}


class Options:
    """What the caller asks for, in the order of the command line."""

    def __init__(self, arguments: list[str]) -> None:
        self.postgres, self.data, self.socket, self.lock, self.idle = arguments[:5]
        self.uid, self.gid = int(arguments[5]), int(arguments[6])
        self.temporary = arguments[7] == "temporary"


def main() -> None:
    """Become a daemon of the wanted account and stay with the server to its end."""
    options = Options(sys.argv[1:])
    prctl = _load_prctl()
    if os.fork():
        os._exit(0)
    os.setsid()
    _drop_privileges(options)
    os.umask(0o077)
    os.chdir("/")
    lock, report = _take_streams()
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    server = Server(options, prctl)
    server.start()
    outcome = server.wait_until_ready()
    with contextlib.suppress(OSError):  # the caller may be gone
        os.write(report, outcome.encode())
    os.close(report)
    os.close(lock)
    if outcome == "ready":
        server.serve()
    server.bury()


class Server:
    """The postmaster, a child of this process."""

    def __init__(self, options: Options, prctl: Prctl) -> None:
        self.options = options
        self.prctl = prctl
        self.use = Use(options)
        self.pid = 0
        self.ended = False
        self.told_to_stop = False
        self.wake_up, waker = os.pipe()
        for end in (self.wake_up, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._noticed)

    def start(self) -> None:
        """Fork the postmaster, which stops cleanly if this process is killed."""
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid:
            return
        try:
            self.prctl(PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() == parent:
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                os.dup2(2, 1)
                os.closerange(3, 65536)
                os.execve(*self._program())  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"cannot run {self.options.postgres}: {error}\n".encode())
        finally:
            os._exit(1)

    def wait_until_ready(self) -> str:
        """`ready`, or `ended` if the server gave up."""
        pause = READY_POLL_SECONDS
        while not self.ended:
            if self._says_ready():
                return "ready"
            self._sleep(pause)
            pause = min(pause * 1.1, 0.1)
        return "ended"

    def serve(self) -> None:
        """Stay until the server ends; stop it when nobody has used it for long."""
        while not self.ended:
            if self.told_to_stop:
                os.kill(self.pid, signal.SIGINT)
                self.told_to_stop = False
            self._sleep(self.use.interval())
            awaited = self.use.awaited()
            if not self.ended and self.use.is_over(self.pid, awaited=awaited):
                self._stop_unless_used()

    def bury(self) -> None:
        """End what a crashed server left behind, and wait for it."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while _reap() is not None:
            last = time.monotonic() > deadline
            for child in _children(os.getpid()) or ():
                with contextlib.suppress(OSError):
                    os.kill(child, signal.SIGKILL if last else signal.SIGQUIT)
            time.sleep(0.02)

    def _stop_unless_used(self) -> None:
        """Stop under the lock: a caller that wants in waits and starts it again."""
        lock = _lock(self.options.lock)
        if lock is None:
            return
        if self._told_if_over():
            while not self.ended:
                self._sleep(CHECK_SECONDS[1])
            self.bury()
            if self.options.temporary:
                with contextlib.suppress(OSError):
                    os.rmdir(self.options.socket)  # noqa: PTH106 - pathlib is slow to load
        os.close(lock)

    def _told_if_over(self) -> bool:
        """Look once more while no caller can be between its touch and its login."""
        callers = _lock(self.options.idle)
        over = self.use.is_over(self.pid, awaited=callers is None)
        if over:
            os.kill(self.pid, signal.SIGINT)
        if callers is not None:
            os.close(callers)
        return over

    def _noticed(self, number: int, _frame: object) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self.told_to_stop = True

    def _sleep(self, seconds: float) -> None:
        """Wait for a signal at most so long, then see which children have ended."""
        select.select([self.wake_up], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake_up, 4096)
        while (ended := _reap()) is not None and ended > 0:
            self.ended = self.ended or ended == self.pid

    def _says_ready(self) -> bool:
        lines = _read(f"{self.options.data}/postmaster.pid").split(b"\n")
        mine = lines[0] == b"%d" % self.pid
        return mine and any(line.strip() == b"ready" for line in lines[7:])

    def _program(self) -> tuple[str, list[str], dict[str, str]]:
        options = self.options
        command = [options.postgres, "-D", options.data, "-k", options.socket]
        for setting in FIXED:
            command += ["-c", setting]
        return options.postgres, command, ENVIRONMENT


class Use:
    """How long nobody has used the server.

    Use is a client's backend, a touch of the idle file by a caller that is about to
    connect, and, where the server is to stop with its last client, the shared lock
    that such callers hold on that file.
    """

    def __init__(self, options: Options) -> None:
        self.path = options.idle
        self.limit = UNKNOWN_LIMIT_SECONDS
        self.touched = 0
        self.seen = False
        self.known: dict[int, bool] = {}
        self.last = time.monotonic()
        self._touched()  # by the start itself

    def interval(self) -> float:
        """How long until the next look."""
        return min(max(self.limit / 10, CHECK_SECONDS[0]), CHECK_SECONDS[1])

    def is_over(self, server: int, *, awaited: bool) -> bool:
        """Look again, and say whether the server has been idle long enough.

        `awaited` says that a caller holds the idle file: it is about to log in, or
        wants the server for as long as it lives. It gets some time to connect.
        """
        now = time.monotonic()
        clients = self._clients(server)
        touched = self._touched()
        self.seen = self.seen or clients or touched or awaited
        if clients or touched:
            self.last = now
            return False
        starting = self.limit == 0 and not self.seen
        grace = LINGER_SECONDS if awaited or starting else 0
        return now - self.last >= self.limit + grace

    def _touched(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            changed = os.lstat(self.path).st_mtime_ns
            if changed != self.touched:
                self.touched = changed
                self.limit = float(_read(self.path))
                return True
        return False

    def awaited(self) -> bool:
        """Whether a caller holds the idle file."""
        free = _lock(self.path)
        if free is not None:
            os.close(free)
        return free is None

    def _clients(self, server: int) -> bool:
        """Whether a client is connected; each backend's title is read once."""
        children = _children(server)
        if children is None:
            return True  # this system does not tell
        self.known = {pid: self.known.get(pid) or _is_client(pid) for pid in children}
        return any(self.known.values())


def _load_prctl() -> Prctl:
    """Linux's prctl, loaded while Python's own files can be read; else nothing."""
    if sys.platform != "linux":
        return lambda _option, _value: None
    call = ctypes.CDLL(None).prctl
    return lambda option, value: call(option, ctypes.c_ulong(value), 0, 0, 0)


def _drop_privileges(options: Options) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(options.gid)
        os.setuid(options.uid)


def _take_streams() -> tuple[int, int]:
    """Move lock and report to descriptors that no child inherits; close the rest."""
    os.closerange(3, 65536)
    lock, report = (fcntl.fcntl(at, fcntl.F_DUPFD_CLOEXEC, 3) for at in (0, 1))
    nothing = os.open("/dev/null", os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return lock, report


def _children(pid: int) -> list[int] | None:
    """The children of a process, or None where the system does not tell."""
    listed = f"/proc/{pid}/task/{pid}/children"
    if os.path.exists(listed):  # noqa: PTH110 - pathlib is slow to load
        return [int(child) for child in _read(listed).split()]
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    except OSError:
        return None
    return [int(name) for name in names if _parent(name) == b"%d" % pid]


def _parent(name: str) -> bytes:
    """The parent of a process, in digits; nothing if it is gone."""
    after_name = _read(f"/proc/{name}/stat").rpartition(b")")[2].split()
    return after_name[1] if after_name else b""


def _is_client(pid: int) -> bool:
    return CLIENT_MARK in _read(f"/proc/{pid}/cmdline")


def _read(path: str) -> bytes:
    """The beginning of a file, or nothing."""
    with contextlib.suppress(OSError):
        opened = os.open(path, os.O_RDONLY)
        try:
            return os.read(opened, 65536)
        finally:
            os.close(opened)
    return b""


def _lock(path: str) -> int | None:
    """The descriptor of a file that is ours alone till it is closed, or None."""
    try:
        opened = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(opened)
        return None
    return opened


def _reap() -> int | None:
    """The child that has ended, 0 if all live, None if there is none."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return None


if __name__ == "__main__":
    main()
