"""tux-database-standards.md: services, controllers and errors, snippet by snippet."""

import logging
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.guides.conftest import Bot, Cog
from tuxdb.controllers import BaseController, GuildConfigController, UserController
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.models import GuildConfig, User

logger = logging.getLogger(__name__)

GUILD = 987654321
DEFAULT_CONFIG: dict[str, Any] = {"prefix": "!"}
ANN: dict[str, Any] = {"discord_id": 123, "guild_id": GUILD, "username": "ann"}


async def test_dependency_injection_pattern(bot: Bot) -> None:
    class MyCog(Cog):
        def __init__(self, bot: Bot) -> None:
            super().__init__(bot)
            self.guild_controller = self.db.guild_config

    assert isinstance(MyCog(bot).guild_controller, GuildConfigController)


def test_dependency_injection_pattern_bad_direct_instantiation_fails() -> None:
    with pytest.raises(TypeError, match="needs a database service"):
        GuildConfigController()


async def test_service_access_patterns_injected_controllers(bot: Bot) -> None:
    class MyCog(Cog):
        async def my_command(self, guild_id: int) -> GuildConfig | None:
            return await self.db.guild_config.get_config_by_guild_id(guild_id)

    cog = MyCog(bot)
    assert await cog.my_command(GUILD) is None
    await bot.db.guild_config.create(guild_id=GUILD)
    config = await cog.my_command(GUILD)
    assert config is not None
    assert config.prefix == "$"


async def test_service_access_patterns_direct_service_access(bot: Bot) -> None:
    class MyCog(Cog):
        async def advanced_operation(self) -> list[tuple[str, str]]:
            custom_query = select(User.username, GuildConfig.prefix).join(  # type: ignore[call-overload]
                GuildConfig,
                GuildConfig.guild_id == User.guild_id,
            )
            async with self.db.session() as session:
                result = await session.execute(custom_query)
                return [tuple(row) for row in result]

    await bot.db.user.create(**ANN)
    await bot.db.guild_config.create(guild_id=GUILD)

    assert await MyCog(bot).advanced_operation() == [("ann", "$")]


async def test_standard_controller_structure(db_service: DatabaseService) -> None:
    class MyController(BaseController[User]):
        """Controller for MyModel with business logic."""

        def __init__(self, db: DatabaseService | None = None) -> None:
            super().__init__(User, db)

        async def get_by_name(self, name: str) -> User | None:
            """Get model by name with business validation."""
            return await self.find_one(filters=User.username == name)

        async def create_with_validation(self, **data: Any) -> User:
            """Create model with business rules."""
            if not self._validate_data(data):
                raise ValueError("Invalid data")
            return await self.create(**data)

        def _validate_data(self, data: dict[str, Any]) -> bool:
            return bool(data["username"].isascii())

    controller = MyController(db_service)
    made = await controller.create_with_validation(**ANN)

    assert await controller.get_by_name("ann") == made
    assert await controller.get_by_name("bob") is None
    with pytest.raises(ValueError, match="Invalid data"):
        await controller.create_with_validation(**{**ANN, "username": "ännchen"})


async def test_crud_operations(db_service: DatabaseService) -> None:
    class Users(BaseController[User]):
        async def get_user(self, user_id: int) -> User | None:
            """Get user by ID."""
            return await self.get_by_id(user_id)

        async def create_user(self, **user_data: Any) -> User:
            """Create new user."""
            return await self.create(**user_data)

        async def update_user(self, user_id: int, **updates: Any) -> User | None:
            """Update existing user."""
            return await self.update_by_id(user_id, **updates)

        async def delete_user(self, user_id: int) -> bool:
            """Delete user."""
            return await self.delete_by_id(user_id)

        async def find_users_by_guild(self, guild_id: int) -> list[User]:
            """Find users in specific guild."""
            return await self.find_all(filters=User.guild_id == guild_id)

    for controller in (Users(db_service), UserController(db_service)):
        user = await controller.create_user(**ANN)
        assert await controller.get_user(user.id) == user
        updated = await controller.update_user(user.id, username="bob")
        assert updated is not None
        assert updated.username == "bob"
        assert await controller.find_users_by_guild(GUILD) == [updated]
        assert await controller.find_users_by_guild(1) == []
        assert await controller.delete_user(user.id) is True
        assert await controller.delete_user(user.id) is False


async def test_controller_level_error_handling(db_service: DatabaseService) -> None:
    class Configs(BaseController[GuildConfig]):
        looks = 0

        async def get_by_id(self, key: Any, **options: Any) -> GuildConfig | None:
            """See nothing at first, like one of two who come at once."""
            self.looks += 1
            return None if self.looks == 1 else await super().get_by_id(key, **options)

        async def get_or_create_config(self, guild_id: int) -> GuildConfig | None:
            """Get or create guild config with proper error handling."""
            try:
                config = await self.get_by_id(guild_id)
                if config:
                    return config
                return await self.create(guild_id=guild_id, **DEFAULT_CONFIG)
            except IntegrityError as e:
                logger.warning("Guild %s config already exists: %s", guild_id, e)
                return await self.get_by_id(guild_id)

    made = await GuildConfigController(db_service).get_or_create_config(
        GUILD, **DEFAULT_CONFIG
    )
    assert made.prefix == "!"

    assert await Configs(db_service).get_or_create_config(GUILD) == made


class Complex(BaseController[User]):
    """The guide's controller with its steps, each taking the session first."""

    async def create_user(self, session: AsyncSession, **values: Any) -> User:
        return await self.create(session, **values)

    async def create_config(self, session: AsyncSession, user_id: int) -> GuildConfig:
        user = await self.get_or_raise(user_id, session=session)
        config = GuildConfig(guild_id=user.guild_id, settings={"owner": user_id})
        session.add(config)
        return config

    async def update_stats(self, session: AsyncSession, user_id: int) -> None:
        changed = await self.update_by_id(user_id, session=session, message_count=1)
        assert changed is not None

    async def complex_operation(self, data: dict[str, Any]) -> bool:
        """Complex multi-step operation with transaction."""
        try:
            async with self.db.transaction() as session:
                user = await self.create_user(session, **data["user"])
                await self.create_config(session, user_id=user.id)
                await self.update_stats(session, user_id=user.id)
                return True
        except ValueError as e:
            logger.error("Complex operation failed: %s", e)
            return False


async def test_transaction_error_handling(db: Database) -> None:
    assert await Complex(User, db).complex_operation({"user": ANN}) is True

    (user,) = await db.user.find_all()
    config = await db.guild_config.get_or_raise(GUILD)
    assert user.message_count == 1
    assert config.settings == {"owner": user.id}


async def test_transaction_error_handling_rolls_back_automatically(
    db: Database,
) -> None:
    class Failing(Complex):
        async def update_stats(self, session: AsyncSession, user_id: int) -> None:
            await super().update_stats(session, user_id)
            await self.update_by_id(user_id, session=session, message_count=-1)

    assert await Failing(User, db).complex_operation({"user": ANN}) is False

    assert await db.user.count() == 0
    assert await db.guild_config.count() == 0
    assert await db.guild.count() == 0


async def test_missing_error_handling_good(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    class MyCog(Cog):
        async def create_user(self, **data: Any) -> User | None:
            try:
                return await self.db.user.create(**data)
            except IntegrityError:
                logger.warning("User already exists: %s", data.get("discord_id"))
                return None

    cog = MyCog(bot)

    assert await cog.create_user(**ANN) is not None
    assert await cog.create_user(**ANN) is None
    assert "User already exists: 123" in caplog.text


async def test_caching_patterns(bot: Bot) -> None:
    """The guide's `lru_cache` would hand out a coroutine that was awaited before."""
    configs = bot.db.guild_config
    await configs.create(guild_id=GUILD)

    first = await configs.get_cached_config(GUILD)
    second = await configs.get_cached_config(GUILD)
    assert first is not None
    assert first == second

    result = await configs.update_config(GUILD, prefix="!")
    assert result is not None
    third = await configs.get_cached_config(GUILD)
    assert third is not None
    assert (result.prefix, third.prefix) == ("!", "!")
    assert await configs.update_config(1, prefix="!") is None


async def test_controller_testing_create_user(user_controller: UserController) -> None:
    """Test user creation."""
    user_data: dict[str, Any] = {
        "discord_id": 123456789,
        "guild_id": 987654321,
        "username": "testuser",
    }
    user = await user_controller.create_user(**user_data)
    assert user.discord_id == 123456789
    assert user.username == "testuser"
    assert user.points == 0  # Default value


async def test_controller_testing_get_nonexistent_user(
    user_controller: UserController,
) -> None:
    """Test getting non-existent user."""
    user = await user_controller.get_user(999999)
    assert user is None


async def test_integration_testing_user_points_transfer(
    db_service: DatabaseService,
) -> None:
    """Test points transfer between users."""
    user_controller = UserController(db_service)
    # Setup
    sender = await user_controller.create_user(
        discord_id=111, guild_id=1, username="sender", points=100
    )
    receiver = await user_controller.create_user(
        discord_id=222, guild_id=1, username="receiver", points=0
    )
    # Transfer
    success = await user_controller.transfer_points(sender.id, receiver.id, 50)
    # Verify
    assert success is True
    updated_sender = await user_controller.get_user(sender.id)
    updated_receiver = await user_controller.get_user(receiver.id)
    assert updated_sender is not None
    assert updated_receiver is not None
    assert updated_sender.points == 50
    assert updated_receiver.points == 50
