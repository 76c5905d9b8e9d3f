"""Moving points: the three answers, keys, and arguments that could never be right."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.harness.economy import (
    ANN,
    BOB,
    CAROL,
    GUILD,
    assert_conserved,
    join,
    locked,
    outcomes,
    points_of,
)
from tests.harness.failing import attempts, fail_at_first
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import (
    BalanceLimit,
    Busy,
    IdempotencyConflict,
    InsufficientPoints,
    InvalidTransfer,
    InvalidValue,
    NotFound,
)
from tuxdb.models import MAX_POINTS, MAX_SNOWFLAKE, User
from tuxdb.settings import Settings

pytestmark = pytest.mark.usefixtures("ann", "bob")


async def entries(db: Database) -> list[tuple[str, int]]:
    """Kinds and amounts, oldest first, without the opening balance."""
    page = await db.points.history(GUILD, limit=100)
    return [(entry.kind, entry.amount) for entry in reversed(page.items)][1:]


async def test_a_transfer_says_what_it_did(db: Database, ann: User, bob: User) -> None:
    moved = await db.points.transfer(
        GUILD, ANN, BOB, 30, actor="mod", reason="lunch", key="k1"
    )

    assert moved.sender is not None
    assert moved.receiver is not None
    assert (moved.sender.before, moved.sender.after) == (100, 70)
    assert (moved.receiver.before, moved.receiver.after) == (0, 30)
    assert (moved.sender.user_id, moved.receiver.user_id) == (ann.id, bob.id)
    assert (moved.kind, moved.amount, moved.replayed) == ("transfer", 30, False)
    assert (moved.actor, moved.reason) == ("mod", "lunch")
    assert moved.idempotency_key == "k1"
    assert await points_of(db, ANN, BOB) == [70, 30]
    (entry, _) = (await db.points.history(GUILD)).items
    assert (entry.id, entry.created_at) == (moved.entry_id, moved.created_at)
    assert (entry.from_user, entry.to_user, entry.amount) == (ANN, BOB, 30)
    assert (entry.from_balance, entry.to_balance) == (70, 30)
    assert (entry.actor, entry.reason, entry.idempotency_key) == ("mod", "lunch", "k1")


async def test_grants_deductions_and_settings_are_entries(db: Database) -> None:
    granted = await db.points.grant(GUILD, BOB, 5)
    deducted = await db.points.deduct(GUILD, BOB, 2)
    raised = await db.points.set_balance(GUILD, BOB, 10)
    lowered = await db.points.set_balance(GUILD, BOB, 4)
    same = await db.points.set_balance(GUILD, BOB, 4)

    assert (granted.sender, deducted.receiver) == (None, None)
    assert (raised.sender, raised.amount) == (None, 7)
    assert (lowered.receiver, lowered.amount) == (None, 6)
    assert (same.entry_id, same.amount) == (None, 0)
    assert await points_of(db, BOB) == [4]
    assert await entries(db) == [("grant", 5), ("deduct", 2), ("set", 7), ("set", 6)]


@pytest.mark.parametrize(
    ("sender", "receiver", "amount"),
    [
        (ANN, BOB, 0),
        (ANN, BOB, -500),
        (ANN, BOB, MAX_POINTS + 1),
        (ANN, BOB, 2**64),
        (ANN, BOB, True),
        (ANN, BOB, 1.0),
        (ANN, BOB, "1"),
        (ANN, BOB, None),
        (ANN, ANN, 1),
        (None, BOB, 1),
        (ANN, None, 1),
        (0, BOB, 1),
        (ANN, MAX_SNOWFLAKE + 1, 1),
    ],
)
async def test_what_could_never_be_right_is_refused_at_once(
    db: Database, sender: Any, receiver: Any, amount: Any
) -> None:
    with pytest.raises(InvalidTransfer) as error:
        await db.points.transfer(GUILD, sender, receiver, amount)

    assert isinstance(error.value, InvalidValue)
    assert await entries(db) == []
    assert await points_of(db, ANN, BOB) == [100, 0]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("reason", "x" * 501),
        ("actor", "x" * 101),
        ("key", "x" * 101),
        ("key", ""),
        ("reason", "a\0b"),
        ("actor", "\ud800"),
    ],
)
async def test_texts_that_do_not_fit_are_refused(
    db: Database, text: str, given: str
) -> None:
    with pytest.raises(InvalidTransfer, match=f"^{text} "):
        await db.points.transfer(GUILD, ANN, BOB, 1, **dict[str, Any]({text: given}))


async def test_one_more_than_there_is_is_refused_and_all_there_is_is_not(
    db: Database,
) -> None:
    with pytest.raises(InsufficientPoints) as error:
        await db.points.transfer(GUILD, ANN, BOB, 101)
    assert (error.value.balance, error.value.wanted) == (100, 101)
    assert str(error.value) == f"user{ANN} has 100 points in guild {GUILD}, needs 101"

    await db.points.transfer(GUILD, ANN, BOB, 100)
    assert await points_of(db, ANN, BOB) == [0, 100]


async def test_a_receiver_does_not_go_over_the_highest_balance(db: Database) -> None:
    await join(db, CAROL, MAX_POINTS - 10)

    with pytest.raises(BalanceLimit):
        await db.points.transfer(GUILD, ANN, CAROL, 11)
    with pytest.raises(BalanceLimit):
        await db.points.grant(GUILD, CAROL, MAX_POINTS)
    await db.points.transfer(GUILD, ANN, CAROL, 10)

    assert await points_of(db, ANN, CAROL) == [90, MAX_POINTS]
    await assert_conserved(db, 90 + MAX_POINTS)


@pytest.mark.parametrize(("sender", "receiver"), [(ANN, 99), (99, BOB), (98, 99)])
async def test_an_unknown_user_is_named(
    db: Database, sender: int, receiver: int
) -> None:
    unknown = sender if sender in (98, 99) else receiver

    with pytest.raises(NotFound, match=f"no user {unknown} in guild {GUILD}"):
        await db.points.transfer(GUILD, sender, receiver, 1)

    assert await points_of(db, ANN, BOB) == [100, 0]


async def test_points_do_not_cross_guilds(db: Database, ann: User, bob: User) -> None:
    other = await join(db, ANN, 7, guild_id=2)

    with pytest.raises(NotFound):
        await db.points.transfer(2, ANN, BOB, 1)
    assert await db.user.transfer_points(ann.id, other.id, 1) is False
    assert await points_of(db, ANN, guild_id=2) == [7]


async def test_the_same_key_applies_once_and_answers_the_same(db: Database) -> None:
    first = await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")
    await db.points.transfer(GUILD, BOB, ANN, 5)

    again = await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    assert (first.replayed, again.replayed) == (False, True)
    assert again == replace(first, replayed=True)
    assert await points_of(db, ANN, BOB) == [75, 25]


async def test_the_same_key_many_times_at_once_applies_once(db: Database) -> None:
    answers = await asyncio.gather(
        *(db.points.transfer(GUILD, ANN, BOB, 30, key="k1") for _ in range(30))
    )

    assert len({answer.entry_id for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert await points_of(db, ANN, BOB) == [70, 30]


async def test_the_same_key_from_two_processes_at_once_applies_once(
    db: Database,
) -> None:
    async with Database.open(db.settings) as other:
        answers = await asyncio.gather(
            *(
                one.points.grant(GUILD, BOB, 5, key="k1")
                for _ in range(10)
                for one in (db, other)
            )
        )

    assert len({answer.entry_id for answer in answers}) == 1
    assert await points_of(db, BOB) == [5]


@pytest.mark.parametrize(
    "other",
    [
        lambda points: points.transfer(GUILD, ANN, BOB, 31, key="k1"),
        lambda points: points.transfer(GUILD, BOB, ANN, 30, key="k1"),
        lambda points: points.transfer(GUILD, ANN, BOB, 30, key="k1", reason="x"),
        lambda points: points.grant(GUILD, BOB, 30, key="k1"),
        lambda points: points.set_balance(GUILD, BOB, 60, key="k1"),
    ],
)
async def test_the_same_key_with_other_contents_is_refused(
    db: Database, other: Any
) -> None:
    await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    with pytest.raises(IdempotencyConflict, match="'k1' was used for entry"):
        await other(db.points)

    assert await points_of(db, ANN, BOB) == [70, 30]


async def test_a_key_is_free_again_after_a_refusal(db: Database) -> None:
    with pytest.raises(InsufficientPoints):
        await db.points.transfer(GUILD, BOB, ANN, 30, key="k1")
    await db.points.grant(GUILD, BOB, 30)

    assert not (await db.points.transfer(GUILD, BOB, ANN, 30, key="k1")).replayed


async def test_a_key_belongs_to_its_guild(db: Database) -> None:
    await join(db, ANN, 10, guild_id=2)
    await join(db, BOB, 0, guild_id=2)

    await db.points.transfer(GUILD, ANN, BOB, 1, key="k1")
    assert not (await db.points.transfer(2, ANN, BOB, 1, key="k1")).replayed


async def test_a_key_outlives_the_user(db: Database, ann: User) -> None:
    first = await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")
    await db.user.delete_by_id(ann.id)

    again = await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    assert (again.entry_id, again.replayed) == (first.entry_id, True)
    assert await points_of(db, BOB) == [30]


async def test_movements_take_part_in_the_transaction_around_them(
    db: Database,
) -> None:
    async def break_off() -> None:
        async with db.transaction():
            await db.points.transfer(GUILD, ANN, BOB, 30)
            assert (await db.points.balance(GUILD, BOB)).points == 30
            await db.points.set_balance(GUILD, BOB, 50)
            with pytest.raises(InsufficientPoints):
                await db.points.deduct(GUILD, BOB, 51)
            raise LookupError

    with pytest.raises(LookupError):
        await break_off()
    assert await points_of(db, ANN, BOB) == [100, 0]
    assert await entries(db) == []


async def test_a_user_who_was_only_added_to_the_session_takes_part(
    db: Database,
) -> None:
    async with db.transaction() as session:
        session.add(User(guild_id=GUILD, discord_id=CAROL, username="carol"))
        await db.points.transfer(GUILD, ANN, CAROL, 5)

    assert await points_of(db, ANN, CAROL) == [95, 5]


async def test_a_row_that_is_locked_for_long_is_given_up_and_nothing_moved(
    settings: Settings, db: Database, ann: User
) -> None:
    async with (
        Database.open(replace(settings, lock_timeout=0.1)) as hasty,
        locked(db, ann),
    ):
        for movement in (
            hasty.points.transfer(GUILD, ANN, BOB, 1),
            hasty.points.deduct(GUILD, ANN, 1),
            hasty.user.update_user_points(ann.id, 1),
        ):
            with pytest.raises(Busy, match="nothing was changed"):
                await movement

    assert await points_of(db, ANN, BOB) == [100, 0]


async def test_opposite_movements_of_every_kind_never_deadlock(db: Database) -> None:
    await join(db, CAROL, 100)
    people = (ANN, BOB, CAROL)
    movements = []
    for number in range(40):
        one, other = people[number % 3], people[(number + 1 + number % 2) % 3]
        movements += [
            db.points.transfer(GUILD, one, other, 1),
            db.points.transfer(GUILD, other, one, 1),
            db.points.grant(GUILD, one, 2),
            db.points.deduct(GUILD, other, 1),
            db.points.set_balance(GUILD, one, 50),
        ]

    answers = await outcomes(*movements)

    assert {type(answer) for answer in answers} <= {Movement, InsufficientPoints}
    assert (await db.points.verify()).mismatches == []
    assert (await db.points.supply(GUILD)).held == sum(await points_of(db, *people))


# -- in the words of the guide ----------------------------------------------------


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_collision_is_tried_again_with_the_same_key(
    db: Database, state: str
) -> None:
    await fail_at_first(db, 4, table="points_transactions", state=state)

    moved = await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    assert (moved.idempotency_key, moved.replayed) == ("k1", False)
    assert await attempts(db) == 5
    assert await points_of(db, ANN, BOB) == [70, 30]


async def test_the_fifth_collision_is_said_and_nothing_moved(db: Database) -> None:
    await fail_at_first(db, 5, table="points_transactions")

    with pytest.raises(Busy):
        await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    assert await points_of(db, ANN, BOB) == [100, 0]
    assert not (await db.points.transfer(GUILD, ANN, BOB, 30, key="k1")).replayed
