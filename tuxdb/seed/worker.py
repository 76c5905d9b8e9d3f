"""Fake rows made by a second process, so that making and loading overlap."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import IO, Self

from tuxdb.errors import TuxdbError
from tuxdb.seed.generator import COLUMNS, Chunk, FirstIds, produce
from tuxdb.seed.plan import FakePlan

FEW_ROWS = 50_000
"""Below so many rows the start of a process costs more than it saves."""

FRAME = Struct(">BII")
TABLES = tuple(COLUMNS)
START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from tuxdb.seed.worker import main; main(sys.argv[2])"
)


class Producer:
    """The chunks of a plan, table by table, made here or in a second process."""

    def __init__(self, plan: FakePlan, first: FirstIds) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        if sum(plan.rows.values()) < FEW_ROWS:
            self._chunks = produce(plan, first)
        else:
            self.process = _start(plan, first)
            self._chunks = _received(self.process)
        self._next: Chunk | None = None

    async def chunks(self, table: str) -> AsyncIterator[Chunk]:
        """The chunks of the next table in the order of loading."""
        while True:
            chunk = self._next or await self._read()
            self._next = None
            if chunk is None or chunk.table != table:
                self._next = chunk
                return
            yield chunk

    def close(self) -> None:
        """End the second process, whether or not all was read."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None  # noqa: S101 - it was asked for
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def _read(self) -> Chunk | None:
        if self.process is None:
            return next(self._chunks, None)
        return await asyncio.to_thread(next, self._chunks, None)


def main(request: str) -> None:
    """Write the chunks of a plan to stdout; the second process runs this.

    Ctrl-C is the first process's to answer; without a reader this one ends silently.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    wanted = json.loads(request)
    plan, first = FakePlan(**wanted["plan"]), FirstIds(**wanted["first"])
    out = sys.stdout.buffer
    for table, rows, data in produce(plan, first):
        out.write(FRAME.pack(TABLES.index(table), rows, len(data)))
        out.write(data)
    out.flush()


def _start(plan: FakePlan, first: FirstIds) -> "subprocess.Popen[bytes]":
    """Run `main` in a new interpreter, from the same source as this one."""
    root = Path(__file__).parents[2]
    request = json.dumps({"plan": asdict(plan), "first": asdict(first)})
    return subprocess.Popen(
        [sys.executable, "-P", "-c", START, str(root), request],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=1 << 20,
    )


def _received(process: "subprocess.Popen[bytes]") -> Iterator[Chunk]:
    stream = process.stdout
    assert stream is not None  # noqa: S101 - it was asked for
    while header := _exactly(stream, FRAME.size):
        table, rows, length = FRAME.unpack(header)
        yield Chunk(TABLES[table], rows, _exactly(stream, length))
    if process.wait() != 0:
        raise TuxdbError("the process that makes the fake data failed")


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if data and len(data) < size:
        raise TuxdbError("the process that makes the fake data was cut off")
    return data
