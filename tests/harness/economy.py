"""A guild whose members move points: named members, rules, and what must hold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from sqlmodel import col

from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.models import User

GUILD = 1
ANN, BOB, CAROL = 11, 22, 33


async def join(
    db: Database, discord_id: int, points: int = 0, guild_id: int = GUILD
) -> User:
    """A member with an opening balance; the guild is made if need be."""
    return await db.user.create_user(
        guild_id=guild_id,
        discord_id=discord_id,
        username=f"user{discord_id}",
        points=points,
    )


async def points_of(db: Database, *users: int, guild_id: int = GUILD) -> list[int]:
    """The balances of some members, in their order."""
    return [(await db.points.balance(guild_id, user)).points for user in users]


async def set_rules(db: Database, guild_id: int = GUILD, **points: object) -> None:
    """Set the rules of a guild about points."""
    await db.guild_config.upsert(
        ["guild_id"], guild_id=guild_id, settings={"points": points}
    )


async def assert_conserved(db: Database, total: int, guild_id: int = GUILD) -> None:
    """The balances are this sum, and each is what the ledger says."""
    users = await db.user.find_all(col(User.guild_id) == guild_id)

    assert sum(user.points for user in users) == total
    assert (await db.points.verify()).mismatches == []


async def outcomes(*movements: Awaitable[Movement]) -> list[object]:
    """What became of movements that run at once: each one's result, or its error."""
    return list(await asyncio.gather(*movements, return_exceptions=True))


@asynccontextmanager
async def locked(db: DatabaseService, *users: User) -> AsyncIterator[None]:
    """Hold the locks on users' rows, as another session would."""
    connection = await db.connect()
    try:
        await connection.execute("BEGIN")
        ids = [user.id for user in users]
        await connection.execute(
            "SELECT 1 FROM users WHERE id = ANY($1) FOR UPDATE", ids
        )
        yield
    finally:
        await connection.execute("ROLLBACK")
        await connection.close()
