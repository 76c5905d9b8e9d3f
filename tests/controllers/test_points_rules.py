"""The rules that stand against a movement of points, and what they do not stop."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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
    set_rules,
)
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import (
    AccountFrozen,
    AlreadyReversed,
    BalanceLimit,
    Conflict,
    DailyLimit,
    InsufficientPoints,
    NotFound,
)
from tuxdb.models import EntryKind, PointsTransaction, User


@pytest.fixture
async def ann(db: Database) -> User:
    """Ann has 1000 points."""
    return await join(db, ANN, 1000)


@pytest.fixture
async def bob(db: Database) -> User:
    """Bob has none."""
    return await join(db, BOB)


def zone_at_noon() -> str:
    """A time zone in which a day neither begins nor ends while a test runs."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour - 12:+d}"  # the sign of these names is the other way round


async def moved_at(
    db: Database, sender: User, receiver: User, amount: int, at: datetime
) -> None:
    """A transfer of another day, as the ledger would have it."""
    async with db.transaction() as session:
        session.add(
            PointsTransaction(
                guild_id=GUILD,
                from_user=sender.id,
                to_user=receiver.id,
                amount=amount,
                from_balance=sender.points - amount,
                to_balance=receiver.points + amount,
                kind=EntryKind.TRANSFER,
                created_at=at,
            )
        )


# -- frozen accounts --------------------------------------------------------------


@pytest.mark.parametrize("frozen", [ANN, BOB])
async def test_a_frozen_account_neither_sends_nor_receives(
    db: Database, ann: User, bob: User, frozen: int
) -> None:
    await db.points.freeze(GUILD, frozen, actor="mod", reason="a dispute")

    with pytest.raises(AccountFrozen, match=f"user{frozen}"):
        await db.points.transfer(GUILD, ANN, BOB, 5)

    assert await points_of(db, ANN, BOB) == [1000, 0]


async def test_managers_are_not_stopped_by_a_freeze(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 100)
    await db.points.freeze(GUILD, BOB)

    await db.points.reverse(sent.entry_id or 0)
    await db.points.grant(GUILD, BOB, 7)
    await db.points.deduct(GUILD, BOB, 2)
    await db.points.set_balance(GUILD, BOB, 9)

    assert await points_of(db, ANN, BOB) == [1000, 9]


async def test_who_is_thawed_takes_part_again(
    db: Database, ann: User, bob: User
) -> None:
    await db.points.freeze(GUILD, ANN)
    await db.points.freeze(GUILD, ANN)
    await db.points.unfreeze(GUILD, ANN)
    await db.points.unfreeze(GUILD, ANN)

    await db.points.transfer(GUILD, ANN, BOB, 5)

    assert await points_of(db, ANN, BOB) == [995, 5]


# -- the highest balance ----------------------------------------------------------


async def move_to_bob(db: Database, how: str, amount: int) -> None:
    """One of the ways in which Bob can get points."""
    ways = {
        "transfer": lambda: db.points.transfer(GUILD, ANN, BOB, amount),
        "grant": lambda: db.points.grant(GUILD, BOB, amount),
        "set": lambda: db.points.set_balance(GUILD, BOB, amount),
    }
    await ways[how]()


@pytest.mark.parametrize("how", ["transfer", "grant", "set"])
async def test_nobody_gets_more_than_the_highest_balance(
    db: Database, ann: User, bob: User, how: str
) -> None:
    await set_rules(db, max_balance=50)

    with pytest.raises(BalanceLimit, match="over the limit of 50"):
        await move_to_bob(db, how, 51)
    assert await points_of(db, ANN, BOB) == [1000, 0]

    await move_to_bob(db, how, 50)
    assert await points_of(db, BOB) == [50]


async def test_who_has_more_than_the_highest_balance_may_give_it_away(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, max_balance=50)

    await db.points.transfer(GUILD, ANN, BOB, 10)
    await db.points.set_balance(GUILD, ANN, 900)

    assert await points_of(db, ANN, BOB) == [900, 10]


# -- daily limits -----------------------------------------------------------------


@pytest.mark.parametrize("rule", ["daily_send", "daily_receive"])
async def test_a_daily_limit_says_what_is_left_and_when_it_renews(
    db: Database, ann: User, bob: User, rule: str
) -> None:
    zone = zone_at_noon()
    await set_rules(db, **{rule: 100}, timezone=zone)
    await db.points.transfer(GUILD, ANN, BOB, 60)

    with pytest.raises(DailyLimit) as caught:
        await db.points.transfer(GUILD, ANN, BOB, 41)

    assert (caught.value.left, caught.value.limit) == (40, 100)
    today = datetime.now(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    assert caught.value.renews == today + timedelta(days=1)
    await db.points.transfer(GUILD, ANN, BOB, 40)
    assert await points_of(db, ANN, BOB) == [900, 100]


async def test_a_day_begins_at_the_guilds_own_midnight(
    db: Database, ann: User, bob: User
) -> None:
    zone = zone_at_noon()
    await set_rules(db, daily_send=100, timezone=zone)
    today = datetime.now(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    await moved_at(db, ann, bob, 100, today - timedelta(microseconds=1))

    await db.points.transfer(GUILD, ANN, BOB, 100)

    with pytest.raises(DailyLimit):
        await db.points.transfer(GUILD, ANN, BOB, 1)


async def test_what_moved_since_the_guilds_midnight_counts(
    db: Database, ann: User, bob: User
) -> None:
    zone = zone_at_noon()
    await set_rules(db, daily_send=100, timezone=zone)
    today = datetime.now(ZoneInfo(zone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    await moved_at(db, ann, bob, 100, today)

    with pytest.raises(DailyLimit):
        await db.points.transfer(GUILD, ANN, BOB, 1)


async def test_a_limit_of_nothing_allows_nothing(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=0)

    with pytest.raises(DailyLimit):
        await db.points.transfer(GUILD, ANN, BOB, 1)


async def test_managers_are_not_bound_by_daily_limits(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=1, daily_receive=1)

    granted = await db.points.grant(GUILD, BOB, 50)
    await db.points.deduct(GUILD, ANN, 50)
    await db.points.reverse(granted.entry_id or 0)

    assert await points_of(db, ANN, BOB) == [950, 0]


@pytest.mark.parametrize("side", ["daily_send", "daily_receive"])
async def test_those_who_waited_for_each_other_do_not_pass_a_limit_together(
    db: Database, ann: User, bob: User, side: str
) -> None:
    await join(db, CAROL, 1000)
    await set_rules(db, **{side: 100})
    pairs = [(ANN, BOB), (ANN, CAROL)] if side == "daily_send" else []
    pairs = pairs or [(ANN, BOB), (CAROL, BOB)]
    hot = ann if side == "daily_send" else bob

    async with locked(db, hot):
        waiting = [
            asyncio.ensure_future(db.points.transfer(GUILD, *pair, 60))
            for pair in pairs
        ]
        await asyncio.sleep(0.3)
    answers = await outcomes(*waiting)

    assert {type(answer) for answer in answers} == {DailyLimit, Movement}


async def test_many_at_once_never_pass_a_daily_limit(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=100)

    answers = await outcomes(
        *(db.points.transfer(GUILD, ANN, BOB, 7) for _ in range(60))
    )

    assert sum(isinstance(answer, Movement) for answer in answers) == 14
    assert sum(isinstance(answer, DailyLimit) for answer in answers) == 46
    assert await points_of(db, ANN, BOB) == [902, 98]


async def test_limits_hold_within_a_transaction_of_the_caller(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, daily_send=100)

    async with db.transaction():
        await db.points.transfer(GUILD, ANN, BOB, 60)
        with pytest.raises(DailyLimit):
            await db.points.transfer(GUILD, ANN, BOB, 60)

    assert await points_of(db, ANN, BOB) == [940, 60]


# -- reversals --------------------------------------------------------------------


async def test_an_entry_is_reversed_once(db: Database, ann: User, bob: User) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)

    back = await db.points.reverse(sent.entry_id or 0, actor="mod", reason="a typo")

    assert await points_of(db, ANN, BOB) == [1000, 0]
    with pytest.raises(AlreadyReversed) as caught:
        await db.points.reverse(sent.entry_id or 0)
    assert str(caught.value) == (
        f"entry {sent.entry_id} was reversed by entry {back.entry_id}"
    )


async def test_of_two_reversals_at_once_one_wins(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)
    async with locked(db, ann):
        both = [
            asyncio.ensure_future(db.points.reverse(sent.entry_id or 0))
            for _ in range(2)
        ]
        await asyncio.sleep(0.3)

    answers = await outcomes(*both)

    assert {type(answer) for answer in answers} == {Movement, AlreadyReversed}
    await assert_conserved(db, 1000)


async def test_points_that_were_spent_cannot_be_taken_back(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)
    await db.points.deduct(GUILD, BOB, 7)

    with pytest.raises(InsufficientPoints) as caught:
        await db.points.reverse(sent.entry_id or 0)

    assert (caught.value.balance, caught.value.wanted) == (3, 10)
    assert await points_of(db, ANN, BOB) == [990, 3]


async def test_what_is_left_can_be_taken_back_in_part(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)
    await db.points.deduct(GUILD, BOB, 7)
    given: dict[str, Any] = {"partial": True, "key": "once"}

    back = await db.points.reverse(sent.entry_id or 0, **given)
    again = await db.points.reverse(sent.entry_id or 0, **given)

    assert back.amount == 3
    assert (again.entry_id, again.replayed) == (back.entry_id, True)
    assert await points_of(db, ANN, BOB) == [993, 0]
    await assert_conserved(db, 993)


async def test_of_nothing_nothing_can_be_taken_back(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)
    await db.points.set_balance(GUILD, BOB, 0)

    with pytest.raises(InsufficientPoints):
        await db.points.reverse(sent.entry_id or 0, partial=True)


async def test_a_deduction_takes_what_there_is_if_that_will_do(
    db: Database, ann: User
) -> None:
    taken = await db.points.deduct(GUILD, ANN, 5000, partial=True)

    assert taken.amount == 1000
    assert await points_of(db, ANN) == [0]


async def test_an_entry_whose_user_is_gone_cannot_be_reversed(
    db: Database, ann: User, bob: User
) -> None:
    sent = await db.points.transfer(GUILD, ANN, BOB, 10)
    await db.user.delete_user(bob.id)

    with pytest.raises(Conflict, match="cannot be reversed: its user is gone"):
        await db.points.reverse(sent.entry_id or 0)


async def test_an_unknown_entry_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="no entry 99"):
        await db.points.reverse(99)
