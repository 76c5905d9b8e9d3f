"""Repository: the statements that every table has, on a session or alone."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tests.harness.members import GUILD, members
from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models import Guild, User
from tuxdb.repositories import Repository
from tuxdb.repositories.users import UserRepository


@pytest.fixture
async def session(db: Database) -> AsyncIterator[AsyncSession]:
    """A session that is never committed."""
    await members(db, 3)
    async with db.read() as session:
        yield session


users = Repository(User)


def test_the_model_is_given_or_the_type_argument() -> None:
    class Members(Repository[User]):
        pass

    class Special(Members):
        pass

    for made in (Repository(User), Members(), Special(), UserRepository()):
        assert made.model is User
        assert made.table.name == "users"
    with pytest.raises(TypeError, match=r"needs a model: Repository\(User\)"):
        Repository()


async def test_rows_by_the_value_of_a_column(session: AsyncSession) -> None:
    everybody = await users.get_by_field(session, "guild_id", GUILD)
    first = everybody[0]

    assert len(everybody) == 3
    for name in ("id", "user_id"):
        assert await users.get_by_field(session, name, first.id) == [first]
    assert await users.get_by_field(session, "username", first.username) == [first]
    assert await users.get_by_field(session, "username", "nobody") == []
    assert await users.get_by_field(session, "last_active", None) == everybody


@pytest.mark.parametrize(
    "name", ["nope", "cases", "guild", "metadata", "__class__", "id; DROP TABLE users"]
)
async def test_what_is_no_column_is_refused(session: AsyncSession, name: str) -> None:
    with pytest.raises(InvalidValue, match="is not a column of users"):
        await users.get_by_field(session, name, 1)


async def test_a_value_of_another_type_is_refused(db: Database) -> None:
    for value in ("x", 1.5, 2**63, True):
        with pytest.raises(InvalidValue):
            await users.get_by_field(db.reads, "guild_id", value)


async def test_the_same_calls_run_on_a_session_and_alone(
    db: Database, session: AsyncSession
) -> None:
    for executor in (session, db.reads):
        everybody = await users.find(executor, order_by=col(User.id).desc())
        first = await users.get_by_id(executor, everybody[-1].id)
        page = await users.page_after(executor, limit=2)

        assert first == everybody[-1]
        assert await users.count(executor) == 3
        assert await users.exists(executor, User.id == 0) is False
        assert page.items == everybody[:0:-1]
        assert await users.get_paginated(executor, 2, 2) == everybody[:1]


async def test_nothing_is_committed(db: Database) -> None:
    guilds = Repository(Guild)
    async with db.session() as session:
        await guilds.add(session, {"id": 1})
        await guilds.add_if_absent(session, {"id": 2})
        await guilds.upsert(session, {"id": 3}, ["id"])
        assert await guilds.count(session) == 3
        assert await guilds.delete_where(session, Guild.id == 2) == 1
        await session.rollback()

    assert await db.guild.count() == 0


async def test_absent_rows_are_told_by_none_and_counts(db: Database) -> None:
    guilds = Repository(Guild)
    write = db.statements

    assert await guilds.get_by_id(db.reads, 1) is None
    assert await guilds.update_by_id(write, 1, {"name": "x"}) is None
    assert await guilds.delete_by_id(write, 1) is False
    assert await guilds.add_if_absent(write, {"id": 1}) is not None
    assert await guilds.add_if_absent(write, {"id": 1}) is None
    assert await guilds.bulk_delete(write, [1, 2]) == 1
