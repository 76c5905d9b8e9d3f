"""Runs the command line in forks of a process that has imported it already.

A command starts within milliseconds and is a process all the same: its own
arguments, environment, working directory, standard streams and exit status.
Run as `python -m tests.harness.forks SOCKET`; one connection runs one command.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import random
import select
import signal
import socket
import sys

HEAVY = (
    "alembic.autogenerate",
    "alembic.command",
    "asyncpg",
    "rich.table",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "typer.core",
    "typer.main",
    "tuxdb.models",
    "tuxdb.engine.service",
    "tuxdb.database",
)
STANDARD_STREAMS = 3


def serve(path: str) -> None:
    """Fork for each connection until standard input ends, as it does with the tests."""
    for name in HEAVY:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _attend(connection)
            connection.close()


def _attend(connection: socket.socket) -> None:
    """Start the command asked for, say its process id, then its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(connection, 8, STANDARD_STREAMS)
    request = b""
    while len(request) < int(size):
        request += connection.recv(65536)
    command = os.fork()
    if command == 0:
        connection.close()
        _become(json.loads(request), streams)
    for stream in streams:
        os.close(stream)
    with contextlib.suppress(OSError):  # the test may have lost its patience
        connection.sendall(b"%d\n" % command)
        _, status = os.waitpid(command, 0)
        connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(request: dict[str, object], streams: list[int]) -> None:
    """Be a fresh `python -m tuxdb` as far as it can tell."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environ"])  # type: ignore[call-overload]
    os.chdir(str(request["cwd"]))
    sys.argv = ["tuxdb", *request["arguments"]]  # type: ignore[misc]
    sys.stdin = _text(0, "r")
    sys.stdout = _text(1, "w")
    sys.stderr = _text(2, "w", errors="backslashreplace")
    random.seed()
    from tuxdb.cli import main  # in the fork: an error in it is the command's

    sys.exit(main())


def _text(stream: int, mode: str, errors: str = "strict") -> io.TextIOWrapper:
    raw = os.fdopen(stream, f"{mode}b", closefd=False)
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=os.isatty(stream))


if __name__ == "__main__":
    serve(sys.argv[1])
