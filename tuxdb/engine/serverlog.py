"""Reading the embedded server's log: its last lines, and those still to come."""

import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from tuxdb.engine.places import OLD_FILE
from tuxdb.errors import NotFound

POLL_SECONDS = 0.2
BLOCK = 65536


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of the log, read from its end."""
    with _open(path) as file:
        return _tail(file, count)


def follow(path: Path, count: int) -> Generator[str, None, None]:
    """The last lines, then each new one as it is written, without end.

    A new log, as a start of the server may begin one, is gone on with.
    """
    file = _open(path)
    try:
        yield from _tail(file, count)
        while True:
            yield from _new_lines(file)
            time.sleep(POLL_SECONDS)
            if _was_replaced(file, path):
                yield from _new_lines(file)
                file.close()
                file = _open(path)
    finally:
        file.close()


def _tail(file: BinaryIO, count: int) -> list[str]:
    """The last complete lines; the file is left standing behind them."""
    end = begin = file.seek(0, os.SEEK_END)
    text = b""
    while begin > 0 and text.count(b"\n") <= count:
        begin = max(0, begin - BLOCK)
        file.seek(begin)
        text = file.read(end - begin)
    lines = text.split(b"\n")
    file.seek(end - len(lines[-1]))
    return [line.decode(errors="replace") for line in lines[:-1][-count:] if count]


def _new_lines(file: BinaryIO) -> Iterator[str]:
    while True:
        place = file.tell()
        line = file.readline()
        if not line.endswith(b"\n"):
            file.seek(place)
            return
        yield line[:-1].decode(errors="replace")


def _was_replaced(file: BinaryIO, path: Path) -> bool:
    try:
        return not os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _open(path: Path) -> BinaryIO:
    try:
        return os.fdopen(os.open(path, os.O_RDONLY | OLD_FILE), "rb")
    except FileNotFoundError as error:
        raise NotFound("server log", path, hint="tuxdb db start") from error
