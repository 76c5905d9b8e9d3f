"""Opening what `--from` names, and reading it without trusting it."""

import asyncio
import hashlib
import os
import select
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tuxdb.bulk.problems import Problems
from tuxdb.errors import UsageError

LONGEST_LINE = 16 * 1024 * 1024
CHUNK = 256 * 1024
WRITER_WAIT_SECONDS = 20.0
LOOK_SECONDS = 0.1
STDIN = "-"
LONGEST_MARK = 4
MARK = b"\xef\xbb\xbf"
OTHER_ENCODINGS = {
    b"\xff\xfe": "UTF-16, not text in UTF-8",
    b"\xfe\xff": "UTF-16, not text in UTF-8",
    b"\x1f\x8b": "compressed by gzip, not text",
    b"PK": "a zip archive, perhaps a spreadsheet: save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: save it as CSV",
}


T = TypeVar("T")


class Stopped(Exception):
    """Whoever wanted the input does so no more."""


async def in_thread(source: "Input", work: Callable[[], T]) -> T:
    """Read from a source in a thread, so that signals are heard meanwhile."""
    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        source.stop()
        raise


class Input:
    """Bytes of a file, a pipe or standard input, as they come.

    `stop` ends a read that waits for somebody to write, from another thread.
    `read_bytes` of `size` show how far it is; the size of a pipe is unknown. A
    `digest` that is set before the first read sees every byte.
    """

    digest: "hashlib._Hash | None" = None

    def __init__(self, path: str, descriptor: int, *, close: bool) -> None:
        self.path = path
        self.read_bytes = 0
        found = os.fstat(descriptor)
        self._waits = not stat.S_ISREG(found.st_mode)
        self.size = None if self._waits else found.st_size
        self._descriptor = descriptor
        self._close = close
        if close:
            os.set_blocking(descriptor, False)  # so that its end can be told apart
        self._stopped = threading.Event()
        self._reading = threading.Lock()
        self._ahead = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        with self._reading:
            if self._close:
                os.close(self._descriptor)

    def stop(self) -> None:
        """Make a read under way, and every later one, raise Stopped."""
        self._stopped.set()

    def read(self) -> bytes:
        """The next bytes; none at the end. Raises UsageError if they cannot be had."""
        if self._ahead:
            chunk, self._ahead = self._ahead, b""
            return chunk
        try:
            with self._reading:
                chunk = self._read()
        except OSError as error:
            raise unreadable(self.path, error) from error
        self.read_bytes += len(chunk)
        if self.digest is not None:
            self.digest.update(chunk)
        return chunk

    def peek(self, enough: Callable[[bytes], bool]) -> bytes:
        """What `read` will return next: enough of it, or all there is."""
        ahead = self.read()
        while not enough(ahead) and (more := self.read()):
            ahead += more
        self._ahead = ahead
        return ahead

    def skip(self, count: int) -> None:
        """Pass over bytes that `peek` has shown."""
        self._ahead = self._ahead[count:]

    def _read(self) -> bytes:
        deadline = time.monotonic() + WRITER_WAIT_SECONDS
        written = self.read_bytes > 0
        while True:
            self._wait()
            try:
                chunk = os.read(self._descriptor, CHUNK)
            except BlockingIOError:  # a pipe that somebody has open for writing
                written = True
                time.sleep(LOOK_SECONDS)
                continue
            if chunk or written or not self._close or not self._waits:
                return chunk
            if time.monotonic() > deadline:
                raise UsageError(f"{self.path}: nothing was written to the pipe")
            time.sleep(LOOK_SECONDS)

    def _wait(self) -> None:
        """Wait until there is something to read, or its end."""
        while self._waits and not self._stopped.is_set():
            if select.select([self._descriptor], [], [], LOOK_SECONDS)[0]:
                break
            if self._close and not self.read_bytes:
                break  # a pipe without a writer never becomes readable
        if self._stopped.is_set():
            raise Stopped


def open_input(path: str) -> Input:
    """Open a regular file, a pipe, or standard input for `-`.

    A pipe that nobody has opened for writing is given up after WRITER_WAIT_SECONDS.
    Raises UsageError for a folder, a device, and what cannot be read.
    """
    try:
        if path == STDIN:
            if sys.stdin is None or sys.stdin.closed:
                raise UsageError("standard input is closed")
            return Input("standard input", sys.stdin.fileno(), close=False)
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise UsageError(f"{path} is a folder")
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise UsageError(f"{path} is neither a file nor a pipe")
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        return Input(path, os.open(path, flags), close=True)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: Exception) -> UsageError:
    """The error for what cannot be opened or read."""
    reason = getattr(error, "strerror", None) or "not a path"
    return UsageError(f"{path}: cannot be read ({reason.lower()})")


def check_start(source: Input, problems: Problems) -> None:
    """Pass over a BOM; BadFile if this is no text in UTF-8 at all."""
    start = source.peek(lambda ahead: len(ahead) >= LONGEST_MARK)
    for mark, what in OTHER_ENCODINGS.items():
        if start.startswith(mark):
            raise problems.fail(1, f"the file is {what}")
    if start.startswith(MARK):
        source.skip(len(MARK))


def first_line(source: Input) -> bytes:
    """The first line that is not blank, or its beginning if it is very long."""
    start = source.peek(
        lambda ahead: b"\n" in ahead.lstrip() or len(ahead) > LONGEST_LINE
    )
    return start.lstrip().partition(b"\n")[0]


def lines(source: Input, problems: Problems) -> Iterator[tuple[int, str]]:
    """The lines of a text in UTF-8, numbered from 1, with their ends.

    Bad UTF-8 and NUL are problems of their line, which is left out.
    """
    for number, raw in enumerate(_raw_lines(source, problems), 1):
        if b"\0" in raw:
            problems.add(number, None, "a NUL byte, which no text can hold")
            continue
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.add(number, None, f"not UTF-8 from byte {error.start + 1} on")


def _raw_lines(source: Input, problems: Problems) -> Iterator[bytes]:
    number = 0
    rest = b""
    while chunk := source.read():
        pieces = _at_newlines(rest + chunk)
        rest = pieces.pop()
        number += len(pieces)
        yield from pieces
        if len(rest) > LONGEST_LINE:
            reason = f"the line is longer than {LONGEST_LINE} bytes"
            raise problems.fail(number + 1, reason)
    if rest:
        yield rest


def _at_newlines(text: bytes) -> list[bytes]:
    """Lines with their ends, and what follows the last end."""
    parts = text.split(b"\n")
    return [*(part + b"\n" for part in parts[:-1]), parts[-1]]
