"""A guild with members, another bot's schema, and looks at both behind tuxdb's back."""

from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pytest

from tests.bulk.foreign import FOREIGN
from tuxdb.bulk.changesets import Author
from tuxdb.database import Database
from tuxdb.engine.copying import driver_connection
from tuxdb.urls import DatabaseUrl

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ANN = Author("test", "ann", "because")
MEMBERS = 20


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[Connection]:
    """A connection of another program to the database of this test."""
    connection = await asyncpg.connect(**DatabaseUrl.parse(database_url).connect_args())
    yield connection
    await connection.close()


@pytest.fixture
async def members(sql: Connection) -> None:
    """Twenty members of guild 1, with ids and Discord ids from 1 on."""
    await sql.execute(
        """
        INSERT INTO guilds (id) VALUES (1);
        INSERT INTO users (guild_id, discord_id, username)
        SELECT 1, g, 'member' || g FROM generate_series(1, 20) g
        """
    )


@pytest.fixture
async def bot(empty_database_url: str) -> AsyncIterator[Database]:
    """The toolkit on another bot's database, which has no table of tuxdb's."""
    connection = await asyncpg.connect(
        **DatabaseUrl.parse(empty_database_url).connect_args()
    )
    await connection.execute(FOREIGN)
    await connection.close()
    async with Database.open(empty_database_url) as database:
        yield database


async def dump(db: Database, table: str) -> list[str]:
    """Every row of a table as PostgreSQL's text, in no order that could matter."""
    async with db.read() as session:
        driver = await driver_connection(session)
        rows = await driver.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")
        return [row[0] for row in rows]


async def execute(db: Database, statement: str) -> None:
    """Run a statement as another program would."""
    connection = await db.connect()
    await connection.execute(statement)
    await connection.close()
