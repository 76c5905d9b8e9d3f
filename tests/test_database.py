"""Database: the assembled whole, and each controller on it."""

from datetime import UTC, datetime

import pytest

import tuxdb
from tuxdb.controllers import (
    BaseController,
    CaseController,
    GalleryController,
    GuildConfigController,
    GuildController,
    MessageController,
    PointsController,
    UserController,
)
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import NotFound
from tuxdb.models import Guild
from tuxdb.settings import Settings


def test_the_front_exports_what_a_bot_needs() -> None:
    assert tuxdb.Database is Database
    assert tuxdb.Settings is Settings


def test_it_is_a_service_with_a_controller_for_each_noun(settings: Settings) -> None:
    db = Database(settings)
    kinds = {
        "user": UserController,
        "guild": GuildController,
        "guild_config": GuildConfigController,
        "case": CaseController,
        "points": PointsController,
        "gallery": GalleryController,
        "messages": MessageController,
    }

    assert isinstance(db, DatabaseService)
    for name, kind in kinds.items():
        controller = getattr(db, name)
        assert type(controller) is kind
        assert isinstance(controller, BaseController)
        assert controller.db is db
        assert getattr(db, name) is controller


async def test_a_transaction_spans_its_controllers(db: Database) -> None:
    async def break_off() -> None:
        async with db.transaction() as session:
            user = await db.user.create(
                guild_id=1, discord_id=1, username="x", points=5
            )
            await db.case.create(guild_id=1, user_id=user.id, case_type="warn")
            await db.guild_config.create(guild_id=1)
            await db.gallery.create(guild_id=1, channel_id=2, channel_name="art")
            session.add(Guild(id=2))
            assert await db.guild.count() == 2
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    for controller in (db.user, db.case, db.guild_config, db.gallery, db.guild):
        assert await controller.count() == 0
    assert await db.points.count() == 0


async def test_a_controller_of_another_service_takes_no_part_in_it(
    db: Database, db_service: DatabaseService
) -> None:
    async with db.transaction():
        await db.guild.create(id=1)
        assert await GuildController(db_service).get_by_id(1) is None
        assert await db.guild.get_by_id(1) is not None


async def test_opening_and_closing(settings: Settings) -> None:
    async with Database.open(settings) as db:
        assert isinstance(db, Database)
        assert await db.guild.count() == 0
    async with Database(settings, application_name="mine") as db:
        assert await db.guild.count() == 0


async def test_guilds_are_named_or_found_missing(db: Database) -> None:
    guild = await db.guild.create(id=5, name="Tux")

    assert await db.guild.require(5) == guild
    with pytest.raises(NotFound, match="no guild 6"):
        await db.guild.require(6)


async def test_gallery_channels_are_in_the_order_of_their_ids(db: Database) -> None:
    for number in (7, 5):
        await db.gallery.create(
            guild_id=1, channel_id=number, channel_name=f"c{number}"
        )

    found = await db.gallery.get_by_guild(1)

    assert [channel.channel_id for channel in found] == [5, 7]
    assert await db.gallery.get_by_guild(2) == []


async def test_messages_need_no_guild(db: Database) -> None:
    now = datetime.now(UTC)
    rows = [
        {
            "id": number,
            "guild_id": number % 2,
            "channel_id": 1,
            "author_id": 2,
            "content": "",
            "created_at": now,
        }
        for number in range(1, 101)
    ]

    assert await db.messages.bulk_create(rows) == 100
    assert await db.guild.count() == 0
    message = await db.messages.get_or_raise(2)
    assert (message.guild_id, message.content, message.created_at) == (0, "", now)
