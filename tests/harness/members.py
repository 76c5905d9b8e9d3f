"""Guilds with members, as short as a test wants to say it."""

import asyncio
from itertools import count

import asyncpg
from sqlalchemy import select
from sqlmodel import col

from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.models import Guild, User

GUILD = 1
_discord_ids = count(1001)


async def member(db: Database, points: int = 0, *, guild: int = GUILD) -> User:
    """Add a member to a guild, with an opening balance."""
    number = next(_discord_ids)
    return await db.user.create_user(
        guild_id=guild, discord_id=number, username=f"user{number}", points=points
    )


async def members(
    db: Database, how_many: int, points: int = 0, *, guild: int = GUILD
) -> list[User]:
    """Add some members, with the same opening balance."""
    return [await member(db, points, guild=guild) for _ in range(how_many)]


async def balances(db: Database, *users: User) -> list[int]:
    """What users have now."""
    found = [await db.user.get_or_raise(user.id) for user in users]
    return [user.points for user in found]


async def guilds(service: DatabaseService) -> list[int]:
    """The ids of the guilds that are committed."""
    async with service.read() as session:
        return list(
            await session.scalars(select(col(Guild.id)).order_by(col(Guild.id)))
        )


async def somebody_waits(service: DatabaseService) -> None:
    """Wait until a session of this database waits for a lock."""
    connection = await raw(service)
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(10):
        while not await connection.fetchval(waiting):  # noqa: ASYNC110 - not our event
            await asyncio.sleep(0.01)
    await connection.close()


async def raw(service: DatabaseService) -> "asyncpg.Connection[asyncpg.Record]":
    """Open a driver's connection, for what the toolkit would not do; close it."""
    url = service.settings.url
    assert url is not None
    return await asyncpg.connect(**url.connect_args())
