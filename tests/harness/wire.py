"""A proxy that understands requests: it counts round trips and strikes at one.

Cutting a connection at a random moment seldom hits a commit. Here a fault waits for
the request it is meant for, then loses the answer, the request, or both.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.harness.proxy import Proxy

ENDS = b"SQHcX"
"""Sync, Query, Flush, CopyDone, Terminate: sent last, and then the client waits."""
READY = b"Z\x00\x00\x00\x05"
FLUSH = b"H\x00\x00\x00\x04"
EXECUTE = b"E\x00\x00\x00\x09\x00"
"""In a request that runs a prepared statement."""
COMMIT = b"COMMIT;"

Strike = Callable[["Link", bytes], Awaitable[None]]


@dataclass
class Link:
    """One client's connection to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    answered_until: bytes | None = None
    """What ends the answer that is lost; b"" is its first byte."""

    def cut(self) -> None:
        """Break both halves, as a network would: nobody is told."""
        for writer in (self.client, self.server):
            writer.transport.abort()


class Wire(Proxy):
    """Counts round trips; `strike_at` arms a fault for the next request that matches.

    A request is all that the client sends before it waits: Parse, Bind, Execute and
    Sync together, or one Query.
    """

    requests: list[bytes]

    async def serve(self) -> None:
        self.requests = []
        self._armed: tuple[bytes, Strike] | None = None
        self._left: int | None = None
        self.struck = asyncio.Event()
        self.over = asyncio.Event()
        await super().serve()

    def strike_at(self, part: bytes, strike: Strike) -> None:
        """Have a fault happen to the next request that holds some bytes.

        `struck` is set when it begins, `over` when the server has nothing to do with
        the request any more.
        """
        self.struck.clear()
        self.over.clear()
        self._armed = (part, strike)

    def cut_after(self, count: int) -> None:
        """Cut everything once so many more bytes went through, either way."""
        self.struck.clear()
        self._left = count

    def refuse(self) -> None:
        """Take no more connections."""
        self._server.close()

    def go_down(self) -> None:
        """Be as a server that is gone: nobody listens, and all is cut."""
        self.refuse()
        self.cut_all()

    async def come_up(self) -> None:
        """Listen again."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, self._path)

    async def _link(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._flowing.wait()
        try:
            far_reader, far_writer = await self._far()
        except OSError:
            writer.close()  # a server that is down is no fault of the proxy
            return
        self._open.add(far_writer)
        link = Link(writer, far_writer)
        await asyncio.gather(self._forward(reader, link), self._back(far_reader, link))

    async def _forward(self, reader: asyncio.StreamReader, link: Link) -> None:
        with suppress(ConnectionError):
            async for request in _requests(reader):
                await self._flowing.wait()
                self.requests.append(request)
                if self._armed and self._armed[0] in request:
                    (_, strike), self._armed = self._armed, None
                    self.struck.set()
                    await strike(link, request)
                    if link.answered_until is None:
                        self.over.set()
                else:
                    self._send(link.server, request)
        if link.answered_until is None:
            link.server.close()
            self._open.discard(link.server)

    async def _back(self, reader: asyncio.StreamReader, link: Link) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                if link.answered_until is None:
                    self._send(link.client, data)
                elif link.answered_until in data:
                    link.cut()
                    self.over.set()
        link.client.close()
        self._open.discard(link.client)

    def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if self._left is None or writer.transport.is_closing():
            writer.write(data)
            return
        writer.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            self._left = None
            self.struck.set()
            asyncio.get_running_loop().call_soon(self.cut_all)


async def lose_the_answer(link: Link, request: bytes) -> None:
    """Have the server do it, and cut the connection in place of its answer."""
    link.answered_until = b"" if request.endswith(FLUSH) else READY
    link.server.write(request)


async def lose_the_request(link: Link, request: bytes) -> None:
    """Cut the connection before the server hears of it."""
    link.cut()


async def cut_at_once(link: Link, request: bytes) -> None:
    """Cut while the server is at work: whether it did it is anybody's guess."""
    link.server.write(request)
    await link.server.drain()
    link.cut()


def deliver_late(seconds: float) -> Strike:
    """Cut the client off, and let the server hear of the request much later."""

    async def strike(link: Link, request: bytes) -> None:
        link.answered_until = READY
        link.client.transport.abort()
        await asyncio.sleep(seconds)
        link.server.write(request)
        await link.server.drain()

    return strike


def answer_late(seconds: float) -> Strike:
    """Hold the request up, and carry on as if nothing had been."""

    async def strike(link: Link, request: bytes) -> None:
        await asyncio.sleep(seconds)
        link.server.write(request)

    return strike


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What a client sends, cut where it waits for an answer."""
    with suppress(asyncio.IncompleteReadError):
        head = await reader.readexactly(4)
        (size,) = struct.unpack("!i", head)
        yield head + await reader.readexactly(size - 4)
        request = bytearray()
        while True:
            kind, size = struct.unpack("!ci", await reader.readexactly(5))
            request += struct.pack("!ci", kind, size)
            request += await reader.readexactly(size - 4)
            if kind in ENDS or kind in b"pdf":
                yield bytes(request)
                request.clear()
