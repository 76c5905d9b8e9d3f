"""twi-database-best-practices.md, snippet by snippet."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlmodel import col

from tests.guides.conftest import GUILD, Bot, Cog, SessionFactory
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import (
    DatabaseOperationError,
    DatabaseUnavailable,
    InsufficientPoints,
    InvalidValue,
)
from tuxdb.models import EntryKind, GalleryMementos, Guild, User
from tuxdb.repositories import GalleryRepository, Repository


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
