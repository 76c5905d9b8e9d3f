"""What the guides take as given: a bot that has a database, and its cogs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers import UserController
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService

SessionFactory = Callable[[], AbstractAsyncContextManager[AsyncSession]]


class Bot:
    """The part of a bot that both guides use."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.get_db_session = db.session


class Cog:
    """A cog as both guides have it: its bot, and the bot's database."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.db = bot.db


@pytest.fixture
def bot(db: Database) -> Bot:
    """A bot on the database of this test."""
    return Bot(db)


@pytest.fixture
def session_factory(db: Database) -> SessionFactory:
    """What the second guide hands to its repositories."""
    return db.session


@pytest.fixture
async def user_controller(db_service: DatabaseService) -> UserController:
    """Create user controller for testing."""
    return UserController(db_service)


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
