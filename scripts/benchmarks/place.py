"""Where it is measured: a server of its own with durable commits, and databases."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

import asyncpg

from tuxdb.database import Database
from tuxdb.engine.embedded import Cluster
from tuxdb.migrate import upgrade
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

GUILD = 1
FIRST_DISCORD_ID = 10**17

USERS = """
INSERT INTO users (guild_id, discord_id, username, message_count)
SELECT $1, $2 + n, 'member ' || n, n % 1000 FROM generate_series(1, $3::bigint) AS n
"""
OPENING = """
INSERT INTO points_transactions (guild_id, to_user, amount, to_balance, kind)
SELECT guild_id, id, $1::bigint, $1, 'seed' FROM users
"""


@dataclass(frozen=True)
class Sizes:
    """How much of each work is done."""

    inserted: int = 100_000
    updated: int = 10_000
    accounts: int = 10_000
    transfer_seconds: float = 2.0
    reads: int = 300
    hits: int = 3_000
    listed: int = 1_000_000
    page: int = 50
    pages: tuple[int, ...] = (1, 1_000, 20_000)
    revisions: int = 200
    generated: int = 100_000
    seeded_users: int = 1_000_000
    seeded_messages: int = 5_000_000

    @classmethod
    def quick(cls) -> "Sizes":
        """Sizes that show the order of magnitude within a minute or two."""
        return cls(
            inserted=20_000,
            updated=2_000,
            transfer_seconds=1.0,
            reads=200,
            hits=2_000,
            listed=100_000,
            pages=(1, 1_000),
            revisions=40,
            generated=20_000,
            seeded_users=50_000,
            seeded_messages=250_000,
        )

    @classmethod
    def tiny(cls) -> "Sizes":
        """Sizes for a test that everything works; they say nothing about speed."""
        return cls(
            inserted=60,
            updated=20,
            accounts=20,
            transfer_seconds=0.05,
            reads=5,
            hits=5,
            listed=120,
            page=10,
            pages=(1, 3),
            revisions=3,
            generated=50,
            seeded_users=50,
            seeded_messages=50,
        )


class Place:
    """One server, and fresh databases on it."""

    def __init__(self, cluster: Cluster, template: str, stay: AsyncExitStack) -> None:
        self.cluster = cluster
        self._stay = stay
        self._template = template
        self._numbers = count(1)
        self.listed: str | None = None
        """A database with a long list, once it was made."""

    async def keep(self) -> str:
        """Make a migrated database that stays for later rows."""
        return await self._stay.enter_async_context(self.database())

    @asynccontextmanager
    async def database(self, *, empty: bool = False) -> AsyncIterator[str]:
        """Make a database, migrated or empty; it is dropped at the end of the block."""
        name = f"bench_{secrets.token_hex(3)}_{next(self._numbers)}"
        template = "template0" if empty else self._template
        async with self.maintenance() as server:
            await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.cluster.url(name)
        finally:
            async with self.maintenance() as server:
                await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[Connection]:
        """Open a connection that is in none of the databases measured."""
        async with connected(self.cluster.ensure("bench")) as connection:
            yield connection


@asynccontextmanager
async def own_server() -> AsyncIterator[Place]:
    """Start a server on disk, in a folder that is removed at the end."""
    home = Path(tempfile.gettempdir(), f"tuxdb-bench-{secrets.token_hex(4)}")
    cluster = Cluster(home, idle_seconds=60)
    try:
        async with on_server(cluster) as place:
            yield place
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def on_server(cluster: Cluster) -> AsyncIterator[Place]:
    """Use a server; every database but the template is dropped when it was used."""
    template = f"template_{secrets.token_hex(3)}"
    await upgrade(cluster.ensure(template))
    async with AsyncExitStack() as stay:
        place = Place(cluster, template, stay)
        yield place
    async with place.maintenance() as server:
        await server.execute(f'DROP DATABASE "{template}" WITH (FORCE)')


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Open a plain asyncpg connection."""
    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def toolkit(url: str, **settings: int) -> AsyncIterator[Database]:
    """Open tuxdb with its defaults, but for the settings given."""
    chosen = Settings(url=DatabaseUrl.parse(url), **settings)  # type: ignore[arg-type]
    async with Database.open(chosen) as db:
        yield db


async def add_users(connection: Connection, number: int, points: int = 0) -> None:
    """Fill one guild; an opening balance comes from the ledger, as always."""
    await connection.execute("INSERT INTO guilds (id) VALUES ($1)", GUILD)
    await connection.execute(USERS, GUILD, FIRST_DISCORD_ID, number)
    if points:
        await connection.execute(OPENING, points)
    await settle(connection)


async def settle(connection: Connection) -> None:
    """Leave nothing behind for the server to do during a measurement."""
    await connection.execute("VACUUM (ANALYZE)")
    await connection.execute("CHECKPOINT")


def process_environment() -> dict[str, str]:
    """The environment without settings of tuxdb; bytecode is kept, as it always is."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TUXDB_") and name != "PYTHONDONTWRITEBYTECODE"
    }
