"""A proxy before the server, to break connections in ways a server would not."""

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from tuxdb.urls import DatabaseUrl

BACKEND_KEY = re.compile(rb"(?s)(?<=K\x00\x00\x00\x0c)....")


class Proxy:
    """A socket before the server's, which can be cut and frozen."""

    def __init__(self, folder: Path, server: DatabaseUrl) -> None:
        self.url = replace(server, hosts=(str(folder),), ports=(5432,))
        self._path = folder / ".s.PGSQL.5432"
        self._host, self._port = server.hosts[0], server.ports[0]
        self._open: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.announces_another_backend = False

    async def serve(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self._path)

    async def close(self) -> None:
        self._server.close()
        self.thaw()
        self.cut_all()
        await asyncio.gather(*self._links)

    def cut_all(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        link = asyncio.ensure_future(self._link(reader, writer))
        self._links.add(link)
        self._open.add(writer)

    async def _link(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await self._flowing.wait()
        far_reader, far_writer = await self._far()
        self._open.add(far_writer)
        await asyncio.gather(
            self._pump(reader, far_writer), self._pump(far_reader, writer)
        )

    async def _far(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            path = f"{self._host}/.s.PGSQL.{self._port}"
            return await asyncio.open_unix_connection(path)
        return await asyncio.open_connection(self._host, self._port)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                if self.announces_another_backend:
                    data = BACKEND_KEY.sub(b"\0\0\0\1", data)
                writer.write(data)
        writer.close()
        self._open.discard(writer)
