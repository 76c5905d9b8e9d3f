"""BaseController: one row."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlmodel import col

from tests.harness.members import GUILD, member, members, somebody_waits
from tuxdb.controllers import BaseController, UserController
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import MAX_SNOWFLAKE, Case, GalleryMementos, Guild, User

NEW: dict[str, Any] = {"guild_id": GUILD, "discord_id": 7, "username": "ann"}


def test_a_controller_without_a_service_is_refused_when_it_is_made() -> None:
    with pytest.raises(TypeError, match=r"UserController needs a database service"):
        UserController()
    with pytest.raises(TypeError, match=r"needs a database service"):
        BaseController(User)


def test_a_controller_without_a_model_is_refused(db_service: DatabaseService) -> None:
    with pytest.raises(TypeError, match=r"needs a model: BaseController\(Model, db\)"):
        BaseController(db=db_service)


def test_the_model_is_the_type_argument_or_is_given(
    db_service: DatabaseService,
) -> None:
    class Members(BaseController[User]):
        pass

    class Special(Members):
        pass

    class Explicit(BaseController[User]):
        def __init__(self, db: DatabaseService | None = None) -> None:
            super().__init__(User, db)

    for made in (
        Members(db_service),
        Members(db=db_service),
        Special(db_service),
        Explicit(db_service),
        BaseController(User, db_service),
    ):
        assert made.model is User
        assert made.db is db_service


async def test_a_created_row_has_what_the_server_filled_in(db: Database) -> None:
    user = await db.user.create(**NEW)

    assert user.id > 0
    assert (user.points, user.is_active, user.message_count) == (0, True, 0)
    assert user.last_active is None
    assert user.created_at == user.updated_at
    assert abs(user.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await db.user.get_by_id(user.id) == user


async def test_creating_inserts_the_unseen_guild_too(db: Database) -> None:
    await db.user.create(**NEW)
    await db.gallery.create(guild_id=2, channel_id=5, channel_name="art")
    await db.guild_config.create(guild_id=3)

    assert [guild.id for guild in await db.guild.find_all()] == [1, 2, 3]


async def test_a_guild_that_is_there_stays_as_it_is(db: Database) -> None:
    guild = await db.guild.create(id=GUILD, name="Tux")

    await db.user.create(**NEW)

    assert await db.guild.get_by_id(GUILD) == guild


async def test_many_at_once_in_an_unseen_guild_all_come_in(db: Database) -> None:
    await asyncio.gather(
        *(db.user.create(guild_id=5, discord_id=n, username="x") for n in range(1, 21))
    )

    assert await db.user.count(User.guild_id == 5) == 20


async def test_a_row_with_the_same_unique_values_is_an_integrity_error(
    db: Database,
) -> None:
    await db.user.create(**NEW)

    with pytest.raises(IntegrityError):
        await db.user.create(**NEW)

    assert await db.user.count() == 1
    assert await db.user.create(**{**NEW, "guild_id": 2})  # unique per guild


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({**NEW, "nickname": "x"}, "nickname is not a column of users"),
        ({"guild_id": 1, "discord_id": 7}, "username is required"),
        ({**NEW, "username": " \t"}, "username must not be blank"),
        ({**NEW, "username": "x" * 101}, "username is longer than 100 characters"),
        ({**NEW, "discord_id": "7"}, "discord_id is not a whole number"),
        ({**NEW, "discord_id": True}, "discord_id is not a whole number"),
        ({**NEW, "discord_id": 0}, "discord_id is less than 1"),
        ({**NEW, "points": -5}, "points cannot be negative"),
        ({**NEW, "message_count": -1}, "message_count is less than 0"),
    ],
)
async def test_a_value_that_breaks_a_rule_is_named_and_nothing_is_written(
    db: Database, values: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        await db.user.create(**values)

    assert str(error.value) == problem
    assert isinstance(error.value, ValueError)
    assert await db.guild.count() == 0


async def test_absent_is_none_and_required_is_an_error(db: Database) -> None:
    assert await db.user.get_by_id(1) is None
    assert await db.user.find_one(User.username == "x") is None
    assert await db.user.update_by_id(1, username="x") is None
    assert await db.user.delete_by_id(1) is False
    with pytest.raises(NotFound, match="no user 1"):
        await db.user.get_or_raise(1)


async def test_an_update_returns_the_row_as_it_is_now(db: Database) -> None:
    user = await member(db)
    before = user.updated_at

    changed = await db.user.update_by_id(user.id, username=" bob ", message_count=3)

    assert changed is not None
    assert (changed.username, changed.message_count) == ("bob", 3)
    assert changed.updated_at > before
    assert changed.created_at == user.created_at
    assert await db.user.get_by_id(user.id) == changed


async def test_an_update_of_nothing_reads_the_row(db: Database) -> None:
    user = await member(db)

    assert await db.user.update_by_id(user.id) == user


@pytest.mark.parametrize("name", ["id", "user_id"])
async def test_the_key_of_a_row_does_not_change(db: Database, name: str) -> None:
    user = await member(db)

    with pytest.raises(InvalidValue, match="id is the row's key and cannot change"):
        await db.user.update_by_id(user.id, **dict[str, Any]({name: 5}))


async def test_a_row_is_deleted_with_what_belongs_to_it(db: Database) -> None:
    user = await member(db)
    await db.case.create(guild_id=GUILD, user_id=user.id, case_type="warn")

    assert await db.user.delete_by_id(user.id) is True
    assert await db.case.count() == 0
    assert await db.user.delete_by_id(user.id) is False


async def test_a_synonym_is_as_good_as_the_column(db: Database) -> None:
    await db.guild.create(discord_id=5, name="Tux")
    user = await db.user.create(user_id=9, **NEW)

    assert (await db.guild.get_or_raise(5)).discord_id == 5
    assert (user.id, user.user_id) == (9, 9)
    assert await db.user.find_one(User.user_id == 9) == user


async def test_a_column_given_by_both_its_names_is_refused(db: Database) -> None:
    with pytest.raises(InvalidValue, match="id is given by two names"):
        await db.user.create(id=9, user_id=8, **NEW)


async def test_the_largest_snowflake_is_kept(db: Database) -> None:
    user = await db.user.create(
        guild_id=MAX_SNOWFLAKE, discord_id=MAX_SNOWFLAKE, username="x"
    )

    assert await db.user.get_member(MAX_SNOWFLAKE, MAX_SNOWFLAKE) == user
    with pytest.raises(InvalidValue, match=f"guild_id is more than {MAX_SNOWFLAKE}"):
        await db.user.create(guild_id=2**63, discord_id=1, username="x")


async def test_find_one_takes_the_first_of_its_order(db: Database) -> None:
    users = await members(db, 3)

    assert await db.user.find_one() == users[0]
    assert await db.user.find_one(order_by=col(User.id).desc()) == users[2]


async def test_an_upsert_inserts_and_then_changes(db: Database) -> None:
    key = ("guild_id", "discord_id")
    first = await db.user.upsert(key, **NEW)
    second = await db.user.upsert(key, **{**NEW, "username": "bob"})

    assert (first.id, second.id) == (first.id, first.id)
    assert (first.username, second.username) == ("ann", "bob")
    assert second.updated_at > first.updated_at
    assert await db.user.count() == 1


async def test_an_upsert_of_the_key_alone_returns_the_row(db: Database) -> None:
    made = await db.guild.upsert(["id"], id=1)

    assert await db.guild.upsert(["id"], id=1) == made


async def test_get_or_create_makes_a_row_once(db: Database) -> None:
    lookup: dict[str, Any] = {"guild_id": GUILD, "discord_id": 7}
    first, made = await db.user.get_or_create({"username": "ann"}, **lookup)
    second, again = await db.user.get_or_create({"username": "bob"}, **lookup)

    assert (made, again) == (True, False)
    assert second == first


async def test_get_or_create_by_many_at_once_makes_one(db: Database) -> None:
    found = await asyncio.gather(
        *(
            db.user.get_or_create({"username": "x"}, guild_id=GUILD, discord_id=7)
            for _ in range(30)
        )
    )

    assert len({user.id for user, _ in found}) == 1
    assert sum(made for _, made in found) == 1


async def test_get_or_create_looks_for_what_would_be_stored(db: Database) -> None:
    first, _ = await db.gallery.get_or_create(
        {"channel_id": 5}, guild_id=GUILD, channel_name="art"
    )
    second, made = await db.gallery.get_or_create(
        {"channel_id": 5}, guild_id=GUILD, channel_name=" art "
    )

    assert (second, made) == (first, False)


async def test_get_or_create_refuses_a_row_in_the_way_that_is_another(
    db: Database,
) -> None:
    await db.gallery.create(guild_id=GUILD, channel_id=5, channel_name="art")

    with pytest.raises(InvalidValue, match="does not single out the row"):
        await db.gallery.get_or_create(
            {"channel_name": "art"}, guild_id=GUILD, channel_id=6
        )


async def test_get_or_create_waits_for_a_rival_who_has_not_committed(
    db: Database,
) -> None:
    inserted = asyncio.Event()

    async def rival() -> None:
        async with db.transaction():
            await db.user.create(**NEW)
            inserted.set()
            await somebody_waits(db)

    async def late() -> tuple[User, bool]:
        await inserted.wait()
        return await db.user.get_or_create(
            {"username": "bob"}, guild_id=GUILD, discord_id=7
        )

    _, (user, made) = await asyncio.gather(rival(), late())

    assert (user.username, made) == ("ann", False)


# -- the caller's transaction -----------------------------------------------------


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
