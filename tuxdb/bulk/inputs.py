"""Opening what `--from` names, and reading its lines without trusting them."""

import os
import select
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tuxdb.bulk.problems import Problems
from tuxdb.errors import UsageError

LONGEST_LINE = 16 * 1024 * 1024
PIPE_WAIT_SECONDS = 20
STDIN = "-"
OTHER_ENCODINGS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\x1f\x8b": "compressed by gzip",
    b"PK": "a zip archive, perhaps a spreadsheet: save it as CSV",
}


def open_input(path: str) -> BinaryIO:
    """Open a regular file, a pipe, or standard input for `-`.

    A pipe that nobody writes to is given up after PIPE_WAIT_SECONDS. Raises UsageError
    for a folder, a device, and what cannot be read.
    """
    if path == STDIN:
        return sys.stdin.buffer
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path} is a folder")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise UsageError(f"{path} is neither a file nor a pipe")
        if stat.S_ISFIFO(mode):
            return _open_pipe(path)
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"{path}: cannot be read ({reason.lower()})") from error


def _open_pipe(path: str) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(PIPE_WAIT_SECONDS * 1000):
        os.close(descriptor)
        raise UsageError(f"{path}: nothing was written to the pipe")
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb")


def lines(source: BinaryIO, problems: Problems) -> Iterator[tuple[int, str]]:
    """The lines of a text in UTF-8, numbered from 1, with their ends.

    A BOM is dropped. Bad UTF-8 and NUL are problems of their line, which is left out.
    """
    number = 0
    while raw := source.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            reason = f"the line is longer than {LONGEST_LINE} bytes"
            raise problems.fail(number, reason)
        if number == 1:
            raw = _without_mark(raw, problems)
        if b"\0" in raw:
            problems.add(number, None, "a NUL byte, which no text can hold")
            continue
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.add(number, None, f"not UTF-8 from byte {error.start + 1} on")


def _without_mark(raw: bytes, problems: Problems) -> bytes:
    for mark, name in OTHER_ENCODINGS.items():
        if raw.startswith(mark):
            raise problems.fail(1, f"the file is {name}, not text in UTF-8")
    return raw.removeprefix(b"\xef\xbb\xbf")
