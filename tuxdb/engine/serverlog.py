"""Reading the embedded server's log: its last lines, and those still to come."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tuxdb.engine.places import OLD_FILE
from tuxdb.errors import NotFound

POLL_SECONDS = 0.2
BLOCK = 65536


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of the log, read from its end."""
    with _open(path) as file:
        end = file.seek(0, os.SEEK_END)
        text = b""
        while end > 0 and text.count(b"\n") <= count:
            begin = max(0, end - BLOCK)
            file.seek(begin)
            text = file.read(end - begin) + text
            end = begin
    lines = text.decode(errors="replace").split("\n")
    complete = lines[:-1] if lines[-1] == "" else lines
    return complete[-count:] if count else []


def follow(path: Path, count: int) -> Iterator[str]:
    """The last lines, then each new one as it is written, without end.

    A new log, as a start of the server may begin one, is gone on with.
    """
    yield from last_lines(path, count)
    file = _open(path)
    file.seek(0, os.SEEK_END)
    rest = b""
    while True:
        piece = file.readline()
        if piece:
            rest += piece
            if rest.endswith(b"\n"):
                yield rest[:-1].decode(errors="replace")
                rest = b""
            continue
        time.sleep(POLL_SECONDS)
        if path.exists() and not os.path.samestat(
            os.fstat(file.fileno()), path.lstat()
        ):
            file.close()
            file = _open(path)


def _open(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | OLD_FILE), "rb")
    except FileNotFoundError as error:
        raise NotFound("server log", path, hint="tuxdb db start") from error
