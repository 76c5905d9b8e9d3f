"""twi-database-best-practices.md, snippet by snippet."""

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import col

from tests.guides.conftest import Bot, Cog, SessionFactory
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import (
    DatabaseOperationError,
    DatabaseUnavailable,
    InsufficientPoints,
    InvalidValue,
)
from tuxdb.models import EntryKind, GalleryMementos, Guild, Messages, User
from tuxdb.repositories import GalleryRepository, Repository

GUILD = 1
CHANNELS = [
    {"guild_id": GUILD, "channel_id": 12, "channel_name": "photos"},
    {"guild_id": GUILD, "channel_id": 11, "channel_name": "art"},
    {"guild_id": 2, "channel_id": 21, "channel_name": "art"},
]


@pytest.fixture
async def gallery(db: Database) -> None:
    """Two guilds with gallery channels."""
    await db.guild.bulk_create([{"id": 1, "name": "Tux"}, {"id": 2, "name": "Twi"}])
    await db.gallery.bulk_create(CHANNELS)


@pytest.mark.usefixtures("gallery")
async def test_use_repository_pattern(bot: Bot) -> None:
    class GalleryCog(Cog):
        def __init__(self, bot: Bot) -> None:
            super().__init__(bot)
            self.gallery_repo = GalleryRepository(bot.get_db_session)

    found = await GalleryCog(bot).gallery_repo.get_by_guild(GUILD)

    assert [channel.channel_name for channel in found] == ["art", "photos"]
    assert await GalleryCog(bot).gallery_repo.get_by_guild(3) == []


@pytest.mark.usefixtures("gallery")
async def test_use_repository_pattern_of_ones_own(
    session_factory: SessionFactory,
) -> None:
    """The guide's helper `DatabaseService(Model)` is `Repository(Model)` here."""

    class MyRepository:
        def __init__(self, session_factory: SessionFactory) -> None:
            self.session_factory = session_factory
            self.service = Repository(GalleryMementos)

        async def get_by_guild(self, guild_id: int) -> list[GalleryMementos]:
            async with self.session_factory() as session:
                return await self.service.get_by_field(session, "guild_id", guild_id)

    assert len(await MyRepository(session_factory).get_by_guild(GUILD)) == 2


class Points:
    """The guide's transfer, its steps taking the session first."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.session_factory = db.session

    async def update_points(
        self, session: AsyncSession, user_id: int, change: int
    ) -> None:
        user = await self.db.user.get_or_raise(user_id, session=session)
        move = self.db.points.grant if change > 0 else self.db.points.deduct
        await move(user.guild_id, user.discord_id, abs(change), session=session)

    async def transfer_points(
        self, from_user_id: int, to_user_id: int, amount: int
    ) -> None:
        async with self.session_factory() as session:  # noqa: SIM117 - as in the guide
            async with session.begin():
                # Both operations succeed or fail together
                await self.update_points(session, from_user_id, -amount)
                await self.update_points(session, to_user_id, amount)


async def pair(db: Database) -> tuple[User, User]:
    ann = await db.user.create(guild_id=1, discord_id=1, username="ann", points=100)
    bob = await db.user.create(guild_id=1, discord_id=2, username="bob")
    return ann, bob


async def test_use_transactions_for_multiple_operations(db: Database) -> None:
    ann, bob = await pair(db)

    await Points(db).transfer_points(ann.id, bob.id, 30)

    assert [user.points for user in await db.user.find_all()] == [70, 30]


async def test_use_transactions_both_operations_fail_together(db: Database) -> None:
    ann, bob = await pair(db)

    with pytest.raises(InsufficientPoints):
        await Points(db).transfer_points(bob.id, ann.id, 30)
    with pytest.raises(Exception, match="no user 999"):
        await Points(db).transfer_points(ann.id, 999, 30)

    assert [user.points for user in await db.user.find_all()] == [100, 0]
    history = await db.points.history(1)
    assert [entry.kind for entry in history.items] == [EntryKind.GRANT]


class Users:
    """The guide's error handling."""

    logger = logging.getLogger(__name__)

    def __init__(self, session_factory: SessionFactory) -> None:
        self.session_factory = session_factory
        self.service = Repository(User)

    async def get_user_data(self, user_id: int) -> User | None:
        try:
            async with self.session_factory() as session:
                result = await self.service.get_by_id(session, user_id)
                if not result:
                    return None
                return result
        except SQLAlchemyError as e:
            self.logger.error("Database error when getting user %s: %s", user_id, e)
            raise DatabaseOperationError(f"Could not retrieve user data: {e}") from e


async def test_handle_errors_properly(db: Database) -> None:
    ann, _ = await pair(db)

    assert await Users(db.session).get_user_data(ann.id) == ann
    assert await Users(db.session).get_user_data(999) is None


async def test_handle_errors_properly_in_an_outage() -> None:
    """An outage is a DatabaseOperationError already, whoever asked."""
    async with DatabaseService.open("postgresql://bot@127.0.0.1:1/x") as down:
        with pytest.raises(DatabaseOperationError) as error:
            await Users(down.session).get_user_data(1)

    assert isinstance(error.value, DatabaseUnavailable)


async def test_handle_errors_properly_inside_the_session(db: Database) -> None:
    """Within the block the driver's errors are SQLAlchemy's, to be caught as such."""

    class Careful(Users):
        async def add_twice(self) -> None:
            async with self.session_factory() as session:
                try:
                    session.add_all([Guild(id=1), Guild(id=1)])
                    await session.flush()
                except SQLAlchemyError as e:
                    self.logger.error("Database error: %s", type(e).__name__)
                    raise DatabaseOperationError("Could not add the guild") from e

    with pytest.raises(DatabaseOperationError, match="Could not add the guild"):
        await Careful(db.session).add_twice()
    assert await db.guild.count() == 0


@pytest.mark.usefixtures("gallery")
async def test_model_definition(db: Database) -> None:
    """A channel's id is the key here: two guilds may both have a `#art`."""
    channel = await db.gallery.find_one(
        GalleryMementos.channel_id == 11,
        options=[selectinload(GalleryMementos.guild)],  # type: ignore[arg-type]
    )

    assert GalleryMementos.__tablename__ == "gallery_mementos"
    assert channel is not None
    assert (channel.channel_name, channel.guild.name) == ("art", "Tux")
    with pytest.raises(IntegrityError):
        await db.gallery.create(guild_id=GUILD, channel_id=99, channel_name="art")


@pytest.mark.usefixtures("gallery")
async def test_query_building(session_factory: SessionFactory) -> None:
    guild_id, channel_id = GUILD, 11
    async with session_factory() as session:
        # Simple query
        stmt = select(GalleryMementos).where(GalleryMementos.guild_id == guild_id)  # type: ignore[arg-type]
        assert len((await session.execute(stmt)).scalars().all()) == 2

        # Query with join
        joined = (
            select(GalleryMementos, Guild.name)  # type: ignore[call-overload]
            .join(Guild, GalleryMementos.guild_id == Guild.id)
            .where(GalleryMementos.channel_id == channel_id)
        )
        channel, name = (await session.execute(joined)).one()
        assert (channel.channel_name, name) == ("art", "Tux")

        # Query with ordering
        ordered = (
            select(GalleryMementos)
            .where(GalleryMementos.guild_id == guild_id)  # type: ignore[arg-type]
            .order_by(GalleryMementos.channel_name)
        )
        found = (await session.execute(ordered)).scalars().all()
        assert [channel.channel_name for channel in found] == ["art", "photos"]


@pytest.mark.usefixtures("gallery")
async def test_session_management(session_factory: SessionFactory) -> None:
    async def get_data() -> Sequence[Guild]:
        async with session_factory() as session:
            result = await session.execute(select(Guild).order_by(col(Guild.id)))
            return result.scalars().all()

    data = await get_data()

    assert [guild.name for guild in data] == ["Tux", "Twi"]


async def test_bulk_operations(session_factory: SessionFactory) -> None:
    async def add_many_items(items: list[dict[str, Any]]) -> None:
        async with session_factory() as session:
            session.add_all([Guild(**item) for item in items])
            await session.commit()

    await add_many_items([{"id": number, "name": "x"} for number in range(1, 101)])

    async with session_factory() as session:
        assert len((await session.scalars(select(Guild))).all()) == 100


async def test_pagination(db: Database, session_factory: SessionFactory) -> None:
    await db.guild.bulk_create([{"id": number} for number in range(1, 51)])

    async def get_paginated(page: int = 1, page_size: int = 20) -> list[Guild]:
        async with session_factory() as session:
            stmt = (
                select(Guild)
                .order_by(col(Guild.id))
                .limit(page_size)
                .offset((page - 1) * page_size)
            )
            result = await session.execute(stmt)
            return list(result.scalars().all())

    guilds = Repository(Guild)
    async with session_factory() as session:
        for page in (1, 2, 3, 4):
            mine = await guilds.get_paginated(session, page)
            theirs = await get_paginated(page)
            assert [guild.id for guild in mine] == [guild.id for guild in theirs]
        assert [guild.id for guild in await guilds.get_paginated(session, 3)] == [
            *range(41, 51)
        ]
        with pytest.raises(InvalidValue):
            await guilds.get_paginated(session, 0)


async def test_pagination_by_keyset(db: Database) -> None:
    await db.guild.bulk_create([{"id": number} for number in range(1, 51)])

    seen: list[int] = []
    cursor: str | None = None
    while cursor or not seen:
        page = await db.guild.page_after(cursor, limit=20)
        seen += [guild.id for guild in page.items]
        cursor = page.next

    assert seen == list(range(1, 51))


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
