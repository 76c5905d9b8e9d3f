"""One WebSocket of the gateway: packets out, in order, compressed if asked for."""

import asyncio
import json
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from tuxdb.bot.double.compression import packers
from tuxdb.bot.double.faults import Faults
from tuxdb.bot.double.places import Json

if TYPE_CHECKING:
    from tuxdb.bot.double.sessions import Session

PACKET_BYTES = 4096
CLOSE_SECONDS = 1.0


class Close(Exception):
    """Ends a connection with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Connection:
    """A socket with its compressor and what waits to be sent."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, faults: Faults
    ) -> None:
        self.socket = socket
        self.session: Session | None = None
        self.packets: deque[float] = deque()
        self.was_cut = False
        self._request, self._faults = request, faults
        self._encoding = request.query.get("compress")
        self._pack = packers().get(self._encoding or "")
        self._waiting: asyncio.Queue[Json | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    @classmethod
    async def accept(cls, request: web.Request, faults: Faults) -> "Connection":
        """Do the upgrade."""
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS, compress=False, max_msg_size=PACKET_BYTES
        )
        await socket.prepare(request)
        return cls(request, socket, faults)

    @property
    def known_encoding(self) -> bool:
        """Whether the double can speak as the client wishes."""
        encoding = self._request.query.get("encoding", "json")
        return encoding == "json" and (self._encoding is None or self._pack is not None)

    def send(self, packet: Json) -> None:
        """Send when the line is free."""
        self._waiting.put_nowait(packet)

    def cut(self) -> None:
        """Break it, as a network would: nobody is told."""
        self.was_cut = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Close it in order, once all that waits is sent."""
        self._waiting.put_nowait(None)
        await asyncio.wait([self._writer], timeout=CLOSE_SECONDS)
        self.was_cut = True
        with suppress(ConnectionError):
            await self.socket.close(code=code, message=reason.encode())

    async def finish(self) -> None:
        """Stop writing."""
        self._writer.cancel()
        await asyncio.wait([self._writer])

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while packet := await self._waiting.get():
                text = json.dumps(packet)
                if self._pack is None:
                    await self.socket.send_str(text)
                    continue
                data = self._pack(text.encode())
                cut = self._faults.fragments and self._encoding == "zlib-stream"
                middle = len(data) // 2 if cut else 0
                for piece in filter(None, (data[:middle], data[middle:])):
                    await self.socket.send_bytes(piece)
