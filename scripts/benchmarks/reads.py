"""Single reads: a row as a model object, and a cached configuration."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.peers import Member, installed, plain_engine, table
from benchmarks.place import GUILD, Place, Sizes, add_users, connected, toolkit
from tuxdb.database import Database
from tuxdb.models import GuildConfig, User

Read = Callable[[int], Awaitable[Any]]

USERS = 1000
BY_ID = "SELECT * FROM users WHERE id = $1"
SETTINGS = {
    "points": {"max_balance": 100_000, "daily_send": 500, "timezone": "UTC"},
    "welcome": {"channel": 42, "text": "Hello {name}"},
}
TTL_SECONDS = 300.0
FEED_SECONDS = 0.1
REPEAT = 6


@asynccontextmanager
async def by_id(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """One user by primary key, one read after the other."""
    async with (
        place.database() as url,
        connected(url) as server,
        toolkit(url) as db,
        plain_engine(url) as engine,
    ):
        await add_users(server, USERS)
        prepared = await server.prepare(BY_ID)
        ways: dict[str, Read] = {
            "asyncpg prepared": prepared.fetchrow,
            TUXDB: db.user.get_by_id,
            "Core row": partial(_by_core, engine),
            "ORM session.get": partial(_by_orm, engine, Member),
            "SQLModel session.get": partial(_by_orm, engine, User),
        }
        if installed("advanced_alchemy"):
            ways["advanced-alchemy"] = partial(_by_repository, engine)
        yield Work(
            "point read as a model object",
            [
                Contender(
                    name,
                    partial(_read, way, sizes.reads),
                    check=partial(_check_users, sizes.reads),
                    operations=sizes.reads,
                )
                for name, way in ways.items()
            ],
            Goal(6.0),
            repeat=REPEAT,
        )


@asynccontextmanager
async def cached(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """A guild's configuration, with nested settings, that was read before."""
    async with place.database() as url, connected(url) as server, toolkit(url) as db:
        await add_users(server, 1)
        await db.guild_config.create(guild_id=GUILD, prefix="!", settings=SETTINGS)
        config = await db.guild_config.get_cached_config(GUILD)
        assert config is not None
        ways: dict[str, Read] = {
            "plain dict with TTL": TtlDict(config).get,
            TUXDB: db.guild_config.get_cached_config,
        }
        if installed("aiocache"):
            ways["aiocache"] = await _in_aiocache(config)
        if installed("cashews"):
            ways["cashews"] = await _in_cashews(config)
        yield Work(
            "cached read",
            [
                Contender(
                    name,
                    partial(_hit, way, sizes.hits),
                    before=partial(_listening, db),
                    check=_check_config,
                    operations=sizes.hits,
                )
                for name, way in ways.items()
            ],
            Goal(3e-6, seconds=True),
            repeat=REPEAT,
        )


async def _read(way: Read, number: int) -> list[Any]:
    return [await way(n % USERS + 1) for n in range(number)]


async def _check_users(number: int, found: object) -> None:
    assert isinstance(found, list)
    expect(
        [row["id"] if hasattr(row, "keys") else row.id for row in found],
        [n % USERS + 1 for n in range(number)],
        "the users read",
    )


async def _by_core(engine: AsyncEngine, key: int) -> Any:  # noqa: ANN401
    users = table(Member)
    async with engine.connect() as connection:
        found = await connection.execute(select(users).where(users.c.id == key))
        return found.one()


async def _by_orm(engine: AsyncEngine, model: type[Any], key: int) -> Any:  # noqa: ANN401
    async with AsyncSession(engine, expire_on_commit=False) as session:
        return await session.get(model, key)


async def _by_repository(engine: AsyncEngine, key: int) -> Any:  # noqa: ANN401
    repository = _members()
    async with AsyncSession(engine, expire_on_commit=False) as session:
        return await repository(session=session).get(key)


def _members() -> Any:  # noqa: ANN401
    from advanced_alchemy.repository import SQLAlchemyAsyncRepository

    class Members(SQLAlchemyAsyncRepository[Member]):  # type: ignore[misc]
        model_type = Member

    return Members


class TtlDict:
    """What a bot writes when it needs a cache: no copies, no invalidation."""

    def __init__(self, config: GuildConfig) -> None:
        self._kept = {GUILD: (time.monotonic() + TTL_SECONDS, config)}

    async def get(self, key: int) -> GuildConfig | None:
        """Return the kept object itself, if it is not too old."""
        found = self._kept.get(key)
        if found is not None and time.monotonic() < found[0]:
            return found[1]
        return None


async def _listening(db: Database) -> None:
    """Wait until the feed of changes is up again: only then is anything served."""
    await asyncio.sleep(FEED_SECONDS)
    for _ in range(2):
        await db.guild_config.get_cached_config(GUILD)


async def _in_aiocache(config: GuildConfig) -> Read:
    from aiocache import SimpleMemoryCache

    cache = SimpleMemoryCache()
    await cache.set(GUILD, config, ttl=TTL_SECONDS)
    found: Read = cache.get
    return found


async def _in_cashews(config: GuildConfig) -> Read:
    from cashews import Cache

    cache = Cache()
    cache.setup("mem://")
    await cache.set(str(GUILD), config, expire=TTL_SECONDS)

    async def read(key: int) -> Any:  # noqa: ANN401
        return await cache.get(str(key))

    return read


async def _hit(way: Read, number: int) -> object:
    for _ in range(number - 1):
        await way(GUILD)
    return await way(GUILD)


async def _check_config(found: object) -> None:
    expect(getattr(found, "settings", None), SETTINGS, "the cached settings")
