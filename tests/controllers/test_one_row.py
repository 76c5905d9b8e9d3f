"""BaseController: one row."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from tests.harness.members import GUILD, member, members, somebody_waits
from tuxdb.controllers import BaseController, UserController
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import MAX_SNOWFLAKE, User

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


async def test_get_or_create_of_anything_at_all_is_refused(db: Database) -> None:
    await db.guild.create(id=1)

    with pytest.raises(InvalidValue, match="lookup names no column"):
        await db.guild.get_or_create({"id": 2})


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
