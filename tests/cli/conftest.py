"""A guild with members, made as the bot would make it."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from tuxdb.database import Database
from tuxdb.urls import DatabaseUrl

GUILD = 1
ALICE, BOB = 111, 222


@pytest.fixture
def members(database_url: str) -> None:
    """Alice with 100 points and Bob with none, in guild 1."""
    add_users(database_url, [(ALICE, "alice", 100), (BOB, "bob", 0)])


def add_users(url: str, users: list[tuple[int, str, int]], guild: int = GUILD) -> None:
    """Add members with an opening balance."""

    async def add() -> None:
        async with Database.open(url) as db:
            for discord_id, name, points in users:
                await db.user.create_user(
                    guild_id=guild, discord_id=discord_id, username=name, points=points
                )

    asyncio.run(add())


@pytest.fixture
def falsify(database_url: str) -> Callable[[str], None]:
    """Run a statement that the database's triggers would refuse."""

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(
            **DatabaseUrl.parse(database_url).connect_args()
        )
        await connection.execute("ALTER TABLE users DISABLE TRIGGER USER")
        await connection.execute(statement)
        await connection.close()

    return lambda statement: asyncio.run(run(statement))
