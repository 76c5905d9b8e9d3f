"""Cases: numbered from 1 within each guild, whoever comes at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.harness.members import GUILD, member, members
from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models import Case, User


async def warn(db: Database, user: User, **values: Any) -> Case:
    return await db.case.create(
        guild_id=user.guild_id, user_id=user.id, case_type="warn", **values
    )


def numbers(cases: list[Case]) -> list[int]:
    return sorted(case.case_number for case in cases)


async def test_numbers_begin_at_1_in_each_guild(db: Database) -> None:
    here, there = await member(db), await member(db, guild=2)

    made = [await warn(db, user) for user in (here, here, there, here, there)]

    assert [case.case_number for case in made] == [1, 2, 1, 3, 2]
    assert (await db.guild.get_or_raise(GUILD)).case_count == 3


async def test_a_case_has_its_values_and_defaults(db: Database) -> None:
    user = await member(db)
    expires = datetime.now(UTC) + timedelta(hours=1)

    case = await warn(db, user, reason="spam", moderator_id=7, expires_at=expires)

    assert (case.reason, case.moderator_id, case.is_active) == ("spam", 7, True)
    assert case.expires_at == expires
    assert await db.case.get_case(GUILD, 1) == case
    assert await db.case.get_case(GUILD, 2) is None


async def test_a_hundred_at_once_have_a_hundred_numbers(
    db: Database,
) -> None:
    here, there = await member(db), await member(db, guild=2)

    async with Database.open(db.settings) as other:
        made = await asyncio.gather(
            *(
                warn(one, user)
                for _ in range(25)
                for one in (db, other)
                for user in (here, there)
            )
        )

    assert numbers([case for case in made if case.guild_id == 1]) == [*range(1, 51)]
    assert numbers([case for case in made if case.guild_id == 2]) == [*range(1, 51)]


async def test_a_case_that_was_rolled_back_leaves_no_gap(db: Database) -> None:
    user = await member(db)

    async def break_off() -> None:
        async with db.transaction():
            assert (await warn(db, user)).case_number == 1
            assert (await warn(db, user)).case_number == 2
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()

    assert (await warn(db, user)).case_number == 1


async def test_numbers_wait_for_a_transaction_that_has_one(db: Database) -> None:
    user = await member(db)
    numbered = asyncio.Event()
    go_on = asyncio.Event()

    async def slow() -> Case:
        async with db.transaction():
            case = await warn(db, user)
            numbered.set()
            await go_on.wait()
            return case

    first = asyncio.create_task(slow())
    await numbered.wait()
    second = asyncio.create_task(warn(db, user))
    go_on.set()

    assert [(await first).case_number, (await second).case_number] == [1, 2]


async def test_the_number_of_a_deleted_case_is_not_given_again(db: Database) -> None:
    user = await member(db)
    await warn(db, user)
    last = await warn(db, user)

    assert await db.case.delete_by_id(last.id)
    assert (await warn(db, user)).case_number == 3


async def test_a_number_that_is_given_is_kept_and_counting_goes_on_behind_it(
    db: Database,
) -> None:
    user = await member(db)

    moved = await warn(db, user, case_number=41)
    assert moved.case_number == 41
    assert (await warn(db, user)).case_number == 42

    await db.case.update_by_id(moved.id, case_number=60)
    assert (await warn(db, user)).case_number == 61
    with pytest.raises(IntegrityError):
        await warn(db, user, case_number=60)


async def test_a_case_is_closed_by_its_number(db: Database) -> None:
    user = await member(db)
    await warn(db, user)

    closed = await db.case.close(GUILD, 1)

    assert closed is not None
    assert closed.is_active is False
    assert closed.updated_at > closed.created_at
    assert await db.case.close(GUILD, 1) == await db.case.get_case(GUILD, 1)
    assert await db.case.close(GUILD, 2) is None
    assert await db.case.close(2, 1) is None
    assert await db.user.get_users_with_active_cases(GUILD) == []


async def test_a_case_belongs_to_a_user_of_its_guild(db: Database) -> None:
    ann, _ = await members(db, 2)
    other = await member(db, guild=2)

    for user_id in (other.id, 999):
        with pytest.raises(IntegrityError):
            await db.case.create(guild_id=GUILD, user_id=user_id, case_type="warn")

    assert (await warn(db, ann)).case_number == 1


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"case_type": " "}, "case_type must not be blank"),
        ({"case_type": "x" * 33}, "case_type is longer than 32 characters"),
        ({"reason": "x" * 2001}, "reason is longer than 2000 characters"),
        ({"case_number": 0}, "case_number is less than 1"),
        ({"expires_at": "tomorrow"}, "expires_at is not a time"),
    ],
)
async def test_bad_values_are_named(
    db: Database, values: dict[str, Any], problem: str
) -> None:
    row: dict[str, Any] = {"guild_id": 1, "user_id": 1, "case_type": "warn", **values}

    with pytest.raises(InvalidValue) as error:
        await db.case.create(**row)

    assert str(error.value) == problem
