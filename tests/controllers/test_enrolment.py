"""New members: once each, with what their guild gives to begin with."""

import asyncio
from collections import Counter

import pytest

from tests.harness.economy import ANN, BOB, GUILD, assert_conserved, join, set_rules
from tuxdb.database import Database
from tuxdb.errors import InsufficientPoints, InvalidValue, NotFound


async def test_an_unseen_member_of_an_unseen_guild_is_enrolled(db: Database) -> None:
    user, created = await db.user.enroll(GUILD, ANN, " ann ")

    assert created
    assert (user.discord_id, user.username, user.points) == (ANN, "ann", 0)
    assert (await db.guild.require(GUILD)).id == GUILD


async def test_who_is_known_stays_as_they_are(db: Database) -> None:
    await set_rules(db, start_balance=100)
    before = await join(db, ANN, 5)

    user, created = await db.user.enroll(GUILD, ANN, "another name")

    assert not created
    assert (user.id, user.username, user.points) == (before.id, before.username, 5)


async def test_a_new_member_is_granted_the_start_balance(db: Database) -> None:
    await set_rules(db, start_balance=100)

    user, _ = await db.user.enroll(GUILD, ANN, "ann", actor="the bot")

    assert user.points == 100
    (entry,) = (await db.points.history(GUILD, ANN)).items
    assert (entry.kind, entry.amount, entry.actor) == ("grant", 100, "the bot")
    await assert_conserved(db, 100)


async def test_two_at_once_make_one_member_with_one_grant(db: Database) -> None:
    await set_rules(db, start_balance=100)

    found = await asyncio.gather(
        *(db.user.enroll(GUILD, ANN, "ann") for _ in range(20))
    )

    assert Counter(created for _, created in found) == {True: 1, False: 19}
    assert {(user.id, user.points) for user, _ in found} == {(found[0][0].id, 100)}
    await assert_conserved(db, 100)


async def test_a_bad_name_enrolls_nobody(db: Database) -> None:
    with pytest.raises(InvalidValue, match="username must not be blank"):
        await db.user.enroll(GUILD, ANN, " ")

    assert await db.guild.count() == 0


async def test_it_takes_part_in_the_callers_transaction(db: Database) -> None:
    await set_rules(db, start_balance=100)

    async with db.transaction() as session:
        user, created = await db.user.enroll(GUILD, ANN, "ann")
        assert (created, user.points) == (True, 100)
        await session.rollback()

    assert await db.user.count() == 0


async def test_a_transfer_can_enroll_its_receiver(db: Database) -> None:
    await set_rules(db, start_balance=100)
    await join(db, ANN, 50)

    moved = await db.points.transfer(GUILD, ANN, BOB, 30, create_missing=True)

    assert moved.receiver
    assert (moved.receiver.before, moved.receiver.after) == (100, 130)
    assert moved.receiver.username == str(BOB)
    await assert_conserved(db, 150)


async def test_a_refused_transfer_enrolls_nobody(db: Database) -> None:
    await join(db, ANN, 50)

    with pytest.raises(InsufficientPoints):
        await db.points.transfer(GUILD, ANN, BOB, 51, create_missing=True)

    with pytest.raises(NotFound):
        await db.points.balance(GUILD, BOB)


async def test_transfers_at_once_enroll_one_receiver(db: Database) -> None:
    await set_rules(db, start_balance=100)
    await join(db, ANN, 50)

    await asyncio.gather(
        *(
            db.points.transfer(GUILD, ANN, BOB, 1, create_missing=True)
            for _ in range(10)
        )
    )

    assert (await db.points.balance(GUILD, BOB)).points == 110
    await assert_conserved(db, 150)


async def test_the_same_key_enrolls_and_moves_once(db: Database) -> None:
    await join(db, ANN, 50)
    again = [
        await db.points.transfer(GUILD, ANN, BOB, 5, key="k", create_missing=True)
        for _ in range(2)
    ]

    assert [moved.replayed for moved in again] == [False, True]
    await assert_conserved(db, 50)
