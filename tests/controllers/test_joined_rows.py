"""Calls that take part in a transaction, and the objects they return."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlmodel import col

from tests.controllers.test_one_row import NEW
from tests.harness.members import GUILD, member, members
from tuxdb.database import Database
from tuxdb.models import Case, GalleryMementos, Guild, User


async def test_every_call_takes_part_in_the_transaction_around_it(
    db: Database,
) -> None:
    async def break_off() -> None:
        async with db.transaction():
            user = await db.user.create(**NEW)
            assert await db.user.get_by_id(user.id) is not None
            assert await db.user.update_by_id(user.id, username="bob")
            assert await db.user.exists(User.username == "bob")
            assert await db.user.count() == 1
            assert (await db.user.upsert(["id"], id=user.id, **NEW)).username == "ann"
            assert (await db.user.get_or_create(id=user.id, **NEW))[1] is False
            assert await db.user.delete_by_id(user.id)
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    assert await db.user.count() == 0
    assert await db.guild.count() == 0


async def test_a_session_that_is_given_is_used_and_not_committed(db: Database) -> None:
    async with db.session() as session:
        user = await db.user.create(session=session, **NEW)
        assert await db.user.get_by_id(user.id) is None
        assert await db.user.get_by_id(user.id, session=session) is user
        await session.rollback()

    assert await db.user.count() == 0


async def test_what_the_caller_added_is_seen(db: Database) -> None:
    async with db.transaction() as session:
        session.add(Guild(id=5, name="Tux"))

        assert await db.guild.exists(Guild.id == 5)
    async with db.transaction() as session:
        session.add(Guild(id=6))

        assert await db.guild.bulk_update([{"id": 6, "name": "Six"}]) == 1


async def test_what_changed_behind_the_session_is_read_anew(db: Database) -> None:
    ann = await member(db, 100)

    async with db.transaction():
        user = await db.user.get_or_raise(ann.id)
        await db.points.grant(GUILD, ann.discord_id, 5)
        assert await db.user.get_or_raise(ann.id) is user
        assert user.points == 105
        await db.user.update_where(User.id == ann.id, message_count=9)
        await db.user.find_all()
        assert user.message_count == 9


async def test_a_change_that_was_not_flushed_survives_a_read(db: Database) -> None:
    ann = await member(db)

    async with db.transaction():
        user = await db.user.get_or_raise(ann.id)
        user.username = "changed"
        assert (await db.user.get_or_raise(ann.id)).username == "changed"

    assert (await db.user.get_or_raise(ann.id)).username == "changed"


# -- objects ------------------------------------------------------------------------


async def loaded(db: Database, user_id: int) -> User:
    async with db.session() as session:
        return await session.get_one(User, user_id)


async def test_an_object_that_was_read_is_like_one_that_a_session_let_go(
    db: Database,
) -> None:
    user = await member(db)
    read, other = await db.user.get_or_raise(user.id), await loaded(db, user.id)

    assert read == other
    assert read.model_dump() == other.model_dump()


async def test_a_read_object_can_be_changed_and_added(db: Database) -> None:
    user = await db.user.get_or_raise((await member(db)).id)
    user.username = "changed"

    async with db.session() as session:
        session.add(user)

    assert (await db.user.get_or_raise(user.id)).username == "changed"


async def test_a_read_object_can_be_merged_and_deleted(db: Database) -> None:
    user = await db.user.get_or_raise((await member(db)).id)
    user.username = "merged"

    async with db.session() as session:
        merged = await session.merge(user)
        assert merged is not user
    assert (await db.user.get_or_raise(user.id)).username == "merged"
    async with db.session() as session:
        await session.delete(user)
    assert await db.user.get_by_id(user.id) is None


async def test_only_what_was_changed_is_written(db: Database) -> None:
    user = await db.user.get_or_raise((await member(db)).id)
    await db.user.update_by_id(user.id, message_count=9)
    user.username = "changed"

    async with db.session() as session:
        session.add(user)

    now = await db.user.get_or_raise(user.id)
    assert (now.username, now.message_count) == ("changed", 9)


async def test_a_relationship_that_was_not_loaded_says_so(db: Database) -> None:
    from sqlalchemy.orm.exc import DetachedInstanceError

    user = await db.user.get_or_raise((await member(db)).id)

    with pytest.raises(DetachedInstanceError):
        _ = user.cases


async def test_a_read_object_can_be_refreshed_in_a_session(db: Database) -> None:
    user = await db.user.get_or_raise((await member(db)).id)
    await db.user.update_by_id(user.id, username="newer")

    async with db.session() as session:
        session.add(user)
        await session.refresh(user)

    assert user.username == "newer"


async def test_relationships_both_ways(db: Database) -> None:
    ann = await member(db)
    await db.case.create(guild_id=GUILD, user_id=ann.id, case_type="warn")
    await db.guild_config.create(guild_id=GUILD)
    await db.gallery.create(guild_id=GUILD, channel_id=5, channel_name="art")
    eager = selectinload

    guild = await db.guild.find_one(
        options=[
            eager(Guild.users),  # type: ignore[arg-type]
            eager(Guild.cases),  # type: ignore[arg-type]
            eager(Guild.config),  # type: ignore[arg-type]
            eager(Guild.gallery_channels),  # type: ignore[arg-type]
        ]
    )
    case = await db.case.find_one(
        options=[eager(Case.user), eager(Case.guild)]  # type: ignore[arg-type]
    )
    channel = await db.gallery.find_one(options=[eager(GalleryMementos.guild)])  # type: ignore[arg-type]

    assert guild is not None
    assert case is not None
    assert channel is not None
    assert [user.id for user in guild.users] == [ann.id]
    assert [one.case_number for one in guild.cases] == [1]
    assert guild.config is not None
    assert [one.channel_name for one in guild.gallery_channels] == ["art"]
    assert (case.user.id, case.guild.id, channel.guild.id) == (ann.id, GUILD, GUILD)


async def test_objects_added_with_their_relationships_come_in_together(
    db: Database,
) -> None:
    async with db.session() as session:
        guild = Guild(id=5, name="Tux")
        guild.users.append(User(discord_id=1, guild_id=5, username="ann"))
        session.add(guild)

    users = await db.user.find_all(User.guild_id == 5)
    assert [user.username for user in users] == ["ann"]


async def test_the_session_of_a_transaction_runs_any_statement(db: Database) -> None:
    await members(db, 2)

    async with db.transaction() as session:
        assert isinstance(session, AsyncSession)
        statement = select(User).where(col(User.username) == "nobody")
        found = await session.scalars(statement)
        with pytest.raises(NoResultFound):
            found.one()
