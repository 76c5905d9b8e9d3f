"""Running tuxdb as a shell would."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PATIENCE_SECONDS = 120.0
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """Read the document on stdout."""
        return json.loads(self.stdout)

    @property
    def data(self) -> Any:
        """What the document on stdout has under `data`."""
        return self.json()["data"]


class ForkServer:
    """Handle on the process of `tests.harness.forks`."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / "forks")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.forks", self._path],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
        )

    def run(
        self,
        arguments: list[str],
        environ: Mapping[str, str],
        cwd: Path,
        streams: list[int],
    ) -> int:
        """Run a command to its end on these standard streams; returns its status."""
        request = json.dumps(
            {"arguments": arguments, "environ": dict(environ), "cwd": str(cwd)}
        ).encode()
        with self._connect() as connection:
            socket.send_fds(connection, [b"%08d" % len(request)], streams)
            connection.sendall(request)
            answer = connection.makefile("rb")
            pid = int(answer.readline())
            try:
                return int(answer.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise

    def stop(self) -> None:
        """End the server; commands under way go on."""
        self._process.communicate()

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE_SECONDS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                connection.connect(self._path)
                return connection
            time.sleep(0.02)
        connection.close()
        raise RuntimeError("the fork server does not answer; its error is above")


class Cli:
    """Call it with the arguments of `tuxdb`; every call is a process of its own.

    `environ` is all that the command sees of the environment.
    """

    def __init__(
        self, forks: ForkServer, environ: Mapping[str, str], cwd: Path
    ) -> None:
        self.environ = dict(environ)
        self.cwd = cwd
        self._forks = forks

    def __call__(
        self,
        *arguments: object,
        input: str | bytes | None = None,  # noqa: A002 - as subprocess.run calls it
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run to the end, streams being files; `env` adds variables, None removes."""
        with (
            _file(input or b"") as stdin,
            _file() as stdout,
            _file() as stderr,
        ):
            code = self._forks.run(
                [str(argument) for argument in arguments],
                self._with(env),
                cwd or self.cwd,
                [stdin.fileno(), stdout.fileno(), stderr.fileno()],
            )
            return Result(code, _content(stdout), _content(stderr))

    def terminal(
        self,
        *arguments: object,
        typed: str = "",
        columns: int = 80,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run with stdin and stdout on a terminal, with keys typed beforehand."""
        ours, theirs = os.openpty()
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        os.write(ours, typed.encode())
        screen: list[bytes] = []
        reader = threading.Thread(target=_read, args=(ours, screen))
        reader.start()
        with _file() as stderr:
            try:
                code = self._forks.run(
                    [str(argument) for argument in arguments],
                    {"TERM": "xterm-256color", **self._with(env)},
                    self.cwd,
                    [theirs, theirs, stderr.fileno()],
                )
            finally:
                os.close(theirs)
                reader.join()
                os.close(ours)
            shown = b"".join(screen).decode().replace("\r\n", "\n")
            return Result(code, shown, _content(stderr))

    def start(
        self,
        *arguments: object,
        env: Mapping[str, str | None] | None = None,
        **options: Any,
    ) -> "subprocess.Popen[str]":
        """Start a real `python -m tuxdb` on pipes, to signal it or cut it off."""
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(
            [sys.executable, "-m", "tuxdb", *map(str, arguments)],
            env=self._with(env),
            cwd=self.cwd,
            text=True,
            **{**pipes, **options},
        )

    def _with(self, env: Mapping[str, str | None] | None) -> dict[str, str]:
        changed = {**self.environ, **(env or {})}
        return {name: value for name, value in changed.items() if value is not None}


def _file(content: str | bytes = b"") -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(content.encode() if isinstance(content, str) else content)
    file.seek(0)
    return file


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _read(terminal: int, chunks: list[bytes]) -> None:
    """Collect what is shown until the last process has closed the terminal."""
    with contextlib.suppress(OSError):  # EIO is how Linux says so
        while chunk := os.read(terminal, 65536):
            chunks.append(chunk)
