"""The second guide: performance considerations, and the migration from raw SQL."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import col

from tests.guides.conftest import GUILD, Bot, Cog, SessionFactory
from tuxdb.database import Database
from tuxdb.models import GalleryMementos, Messages
from tuxdb.repositories import GalleryRepository


@pytest.mark.usefixtures("gallery")
@pytest.mark.parametrize("load", [selectinload, joinedload])
async def test_use_eager_loading_for_related_data(
    session_factory: SessionFactory, load: Any
) -> None:
    stmt = (
        select(GalleryMementos)
        .options(load(GalleryMementos.guild))
        .where(col(GalleryMementos.channel_id) == 21)
    )
    async with session_factory() as session:
        channel = (await session.execute(stmt)).scalars().one()

    assert channel.guild.name == "Twi"


class Cache:
    """The cache that the guide supposes: values until their time is over."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[float, Any]] = {}

    def get(self, key: str) -> Any:
        until, value = self.kept.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def set(self, key: str, value: Any, ttl: float) -> None:
        self.kept[key] = (time.monotonic() + ttl, value)


@pytest.mark.usefixtures("gallery")
async def test_use_caching_for_frequently_accessed_data(
    session_factory: SessionFactory,
) -> None:
    """Objects of a session that is over can be kept: nothing in them is expired."""
    cache = Cache()

    async def get_gallery_channels(guild_id: int) -> Sequence[GalleryMementos]:
        # Check cache first
        cache_key = f"gallery_channels:{guild_id}"
        cached: Sequence[GalleryMementos] | None = cache.get(cache_key)
        if cached:
            return cached

        # If not in cache, query database
        async with session_factory() as session:
            stmt = select(GalleryMementos).where(
                GalleryMementos.guild_id == guild_id  # type: ignore[arg-type]
            )
            result = await session.execute(stmt)
            channels = result.scalars().all()

            # Store in cache
            cache.set(cache_key, channels, ttl=3600)  # 1 hour TTL
            return channels

    first = await get_gallery_channels(GUILD)
    second = await get_gallery_channels(GUILD)

    assert second is first
    assert {channel.channel_name for channel in second} == {"art", "photos"}


async def test_use_database_indexes(db: Database) -> None:
    """The guide's messages: single and composite indexes, none that another holds."""

    def indexed(connection: Any) -> set[tuple[str, ...]]:
        found = inspect(connection).get_indexes(Messages.__tablename__)
        return {tuple(map(str, index["column_names"])) for index in found}

    async with db.read() as session:
        connection: AsyncConnection = await session.connection()
        found = await connection.run_sync(indexed)

    assert found == {("channel_id", "author_id"), ("author_id",), ("created_at",)}
    message = await db.messages.create(
        id=2**63 - 1,
        channel_id=1,
        author_id=2,
        content="hi",
        created_at=datetime.now(UTC),
    )
    assert message.guild_id == 0


@pytest.mark.usefixtures("gallery")
async def test_migration_from_raw_sql(bot: Bot) -> None:
    """The same rows by raw SQL, by SQLAlchemy, by the repository."""

    class GalleryCog(Cog):
        def __init__(self, bot: Bot) -> None:
            super().__init__(bot)
            self.gallery_repo = GalleryRepository(bot.get_db_session)

        async def before_raw_sql(self, guild_id: int) -> list[str]:
            connection = await self.db.connect()
            rows = await connection.fetch(
                "SELECT * FROM gallery_mementos WHERE guild_id = $1", guild_id
            )
            await connection.close()
            return [row["channel_name"] for row in rows]

        async def after_sqlalchemy(self, guild_id: int) -> list[str]:
            async with self.bot.get_db_session() as session:
                stmt = select(GalleryMementos).where(
                    GalleryMementos.guild_id == guild_id  # type: ignore[arg-type]
                )
                result = await session.execute(stmt)
                return [row.channel_name for row in result.scalars().all()]

        async def after_repository_pattern(self, guild_id: int) -> list[str]:
            rows = await self.gallery_repo.get_by_guild(guild_id)
            return [row.channel_name for row in rows]

    cog = GalleryCog(bot)
    raw, plain, repository = await asyncio.gather(
        cog.before_raw_sql(GUILD),
        cog.after_sqlalchemy(GUILD),
        cog.after_repository_pattern(GUILD),
    )

    assert sorted(raw) == sorted(plain) == sorted(repository) == ["art", "photos"]
