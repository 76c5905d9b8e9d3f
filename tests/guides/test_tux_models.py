"""tux-database-standards.md: models and migrations, snippet by snippet."""

import importlib.util
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import selectinload

from tuxdb.database import Database
from tuxdb.models import Guild, User
from tuxdb.urls import DatabaseUrl

GUILD = 987654321


async def test_model_definition(db: Database) -> None:
    user = User(discord_id=1, guild_id=GUILD, username="ann")

    assert (user.points, user.is_active) == (0, True)
    assert User.__tablename__ == "users"

    stored = await db.user.create(discord_id=1, guild_id=GUILD, username="ann")
    assert (stored.points, stored.is_active) == (0, True)
    assert stored.created_at.utcoffset() is not None


@pytest.mark.parametrize("username", ["", "  ", "\t\n"])
async def test_model_definition_username_cannot_be_empty(
    db: Database, username: str
) -> None:
    with pytest.raises(ValueError, match="username must not be blank"):
        await db.user.create(discord_id=1, guild_id=GUILD, username=username)


async def test_model_definition_username_is_stripped(db: Database) -> None:
    assert User(discord_id=1, guild_id=GUILD, username="  ann ").username == "ann"
    user = await db.user.create(discord_id=1, guild_id=GUILD, username="  ann ")
    assert user.username == "ann"
    user.username = " bob "
    assert user.username == "bob"


async def test_model_definition_points_are_not_negative(db: Database) -> None:
    with pytest.raises(ValueError, match="points cannot be negative"):
        await db.user.create(discord_id=1, guild_id=GUILD, username="ann", points=-1)


async def test_model_definition_one_person_in_two_guilds(db: Database) -> None:
    """The guide's global `unique` would keep somebody out of a second guild."""
    one = await db.user.create(discord_id=1, guild_id=1, username="ann")
    two = await db.user.create(discord_id=1, guild_id=2, username="ann")

    assert one.id != two.id


async def test_relationship_patterns(db: Database) -> None:
    user = await db.user.create(discord_id=1, guild_id=GUILD, username="ann")
    await db.case.create(guild_id=GUILD, user_id=user.id, case_type="warn")

    guild = await db.guild.find_one(
        filters=Guild.discord_id == GUILD,
        options=[
            selectinload(Guild.users).selectinload(User.cases),  # type: ignore[arg-type]
            selectinload(Guild.cases),  # type: ignore[arg-type]
        ],
    )
    found = await db.user.find_one(options=[selectinload(User.guild)])  # type: ignore[arg-type]

    assert guild is not None
    assert found is not None
    assert [one.id for one in guild.users] == [user.id]
    assert [case.user_id for case in guild.users[0].cases] == [user.id]
    assert [case.case_number for case in guild.cases] == [1]
    assert (found.guild.id, found.guild.discord_id) == (GUILD, GUILD)


@pytest.fixture
async def old(empty_database_url: str) -> AsyncIterator[AsyncConnection]:
    """A database from before, with a user in it, as the guide's migrations meet it."""
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args=DatabaseUrl.parse(empty_database_url).connect_args(),
    )
    async with engine.begin() as connection:
        for statement in (
            "CREATE TABLE users (id bigint PRIMARY KEY, old_field text)",
            "INSERT INTO users VALUES (1, 'one')",
        ):
            await connection.execute(sa.text(statement))
        yield connection
    await engine.dispose()


async def run(connection: AsyncConnection, revision: ModuleType, step: str) -> None:
    """Run a step of a revision as Alembic does."""

    def work(sync: sa.Connection) -> None:
        with Operations.context(MigrationContext.configure(sync)):
            getattr(revision, step)()

    await connection.run_sync(work)


def revision_of(text: str, folder: Path) -> ModuleType:
    """A revision's module, from its text."""
    path = folder / "revision.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("revision", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MIGRATION_STRUCTURE = '''
"""Add user points system

Revision ID: abc123
Revises: def456
Create Date: 2024-01-01 12:00:00.000000
"""
from alembic import op
import sqlalchemy as sa

# revision identifiers
revision = 'abc123'
down_revision = 'def456'
branch_labels = None
depends_on = None

def upgrade() -> None:
    """Add points column to users table."""
    op.add_column(
        'users',
        sa.Column('points', sa.Integer(), nullable=False, server_default='0'),
    )
    op.create_index('ix_users_points', 'users', ['points'])

def downgrade() -> None:
    """Remove points column from users table."""
    op.drop_index('ix_users_points', 'users')
    op.drop_column('users', 'points')
'''

DATA_MIGRATION = """
from alembic import op
import sqlalchemy as sa
from sqlalchemy import text

def upgrade() -> None:
    # Schema changes first
    op.add_column('users', sa.Column('new_field', sa.String(100)))
    # Data migration
    connection = op.get_bind()
    connection.execute(
        text("UPDATE users SET new_field = CONCAT('prefix_', old_field)")
    )
    # Cleanup
    op.drop_column('users', 'old_field')
"""


async def columns(connection: AsyncConnection) -> tuple[set[str], set[str]]:
    """Columns and indexes of `users`."""

    def look(sync: sa.Connection) -> tuple[set[str], set[str]]:
        found = sa.inspect(sync)
        return (
            {str(column["name"]) for column in found.get_columns("users")},
            {str(index["name"]) for index in found.get_indexes("users")},
        )

    return await connection.run_sync(look)


async def test_migration_structure(old: AsyncConnection, tmp_path: Path) -> None:
    revision = revision_of(MIGRATION_STRUCTURE, tmp_path)

    await run(old, revision, "upgrade")
    assert await columns(old) == ({"id", "old_field", "points"}, {"ix_users_points"})
    assert await old.scalar(sa.text("SELECT points FROM users")) == 0

    await run(old, revision, "downgrade")
    assert await columns(old) == ({"id", "old_field"}, set())


async def test_data_migration(old: AsyncConnection, tmp_path: Path) -> None:
    await run(old, revision_of(DATA_MIGRATION, tmp_path), "upgrade")

    assert await old.scalar(sa.text("SELECT new_field FROM users")) == "prefix_one"
    assert (await columns(old))[0] == {"id", "new_field"}
