"""A scratch database on the embedded server, gone when the audit ends."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from tuxdb.audit.sql.names import quote_ident
from tuxdb.engine.embedded import Cluster
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]

PREFIX = "tuxdb_audit_"
SESSION = {
    "application_name": "tuxdb audit",
    "timezone": "UTC",
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "synchronous_commit": "off",
    "check_function_bodies": "on",
    "standard_conforming_strings": "on",
    "client_min_messages": "error",
}
SCHEMAS = """
SELECT nspname AS schema FROM pg_namespace
 WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
"""
LEFTOVERS = """
SELECT datname FROM pg_database d
 WHERE datname LIKE 'tuxdb\\_audit\\_%'
   AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
   AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification
       < now() - interval '1 hour'
"""


@dataclass(frozen=True)
class Scratch:
    """A scratch database: a connection to it, its address, its name."""

    connection: "Connection"
    url: DatabaseUrl
    name: str

    async def make_role(self) -> str:
        """A role that may use the tables and nothing of the server's."""
        name = quote_ident(self.name)
        await self.connection.execute(f"CREATE ROLE {name} NOLOGIN")
        rows = await self.connection.fetch(SCHEMAS)
        for schema in (quote_ident(row["schema"]) for row in rows):
            await self.connection.execute(
                f"GRANT ALL ON SCHEMA {schema} TO {name};"
                f"GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {name};"
                f"GRANT ALL ON ALL SEQUENCES IN SCHEMA {schema} TO {name}"
            )
        return self.name


@asynccontextmanager
async def scratch(settings: Settings) -> AsyncIterator[Scratch]:
    """Make an empty database and connect to it; dropped after the block."""
    server = await _embedded(settings)
    name = PREFIX + secrets.token_hex(6)
    keeper = await _connect(server)
    try:
        await _drop_leftovers(keeper)
        await keeper.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy"
        )
        try:
            url = server.with_database(name)
            connection = await _connect(url)
            try:
                yield Scratch(connection, url, name)
            finally:
                connection.terminate()
        finally:
            await asyncio.shield(asyncio.ensure_future(_drop(keeper, name)))
    finally:
        await asyncio.shield(asyncio.ensure_future(keeper.close(timeout=5)))


async def _embedded(settings: Settings) -> DatabaseUrl:
    cluster = Cluster.of(settings)
    return DatabaseUrl.parse(await asyncio.to_thread(cluster.ensure))


async def _connect(url: DatabaseUrl) -> "Connection":
    arguments: dict[str, Any] = {**url.connect_args(), "server_settings": SESSION}
    return await asyncpg.connect(**arguments)


async def _drop(keeper: "Connection", name: str) -> None:
    await keeper.execute(f"DROP DATABASE IF EXISTS {quote_ident(name)} WITH (FORCE)")
    await keeper.execute(f"DROP ROLE IF EXISTS {quote_ident(name)}")


async def _drop_leftovers(keeper: "Connection") -> None:
    """Remove what audits that were killed left behind."""
    for row in await keeper.fetch(LEFTOVERS):
        with contextlib.suppress(asyncpg.PostgresError):
            await _drop(keeper, row["datname"])
