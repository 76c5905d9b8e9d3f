"""A database that holds the revisions and nothing else, for a moment."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tuxdb.engine.embedded import Cluster
from tuxdb.errors import EngineMissing
from tuxdb.migrate.connection import connect, driver_errors, opened, place_of
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

PREFIX = "tuxdb_scratch_"


@asynccontextmanager
async def scratch_database(settings: Settings) -> AsyncIterator[Settings]:
    """Make an empty database for the block, and drop it afterwards.

    On the embedded server, so that the configured one is left alone; only without
    an engine on the configured one, beside the database in use.
    """
    server = await _server(settings)
    name = f"{PREFIX}{secrets.token_hex(6)}"
    async with opened(server) as connection:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        url = server.url
        yield replace(server, url=url.with_database(name) if url else None)
    finally:
        await asyncio.shield(asyncio.ensure_future(_drop(server, name)))


async def _server(settings: Settings) -> Settings:
    cluster = Cluster(
        settings.home, bindir=settings.pg_bindir, idle_seconds=settings.server_idle
    )
    try:
        url = DatabaseUrl.parse(await asyncio.to_thread(cluster.ensure))
    except EngineMissing:
        if settings.url is None:
            raise
        return settings
    return replace(settings, url=url, pooler="none")


async def _drop(server: Settings, name: str) -> None:
    url = server.url
    if url is None:
        return
    with driver_errors(place_of(server)):
        connection = await connect(server, url)
        try:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        finally:
            await connection.close()
