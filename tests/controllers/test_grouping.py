"""Many transfers at once: made together, each with its own true answer."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import col

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
from tests.harness.wire import (
    Wire,
    cut_at_once,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import (
    AccountFrozen,
    BalanceLimit,
    Busy,
    IdempotencyConflict,
    InsufficientPoints,
    NotFound,
    OutcomeUnknown,
)
from tuxdb.models import PointsTransaction, User
from tuxdb.settings import Settings


@pytest.fixture
async def ann(db: Database) -> User:
    """Ann has 1000 points."""
    return await join(db, ANN, 1000)


@pytest.fixture
async def bob(db: Database) -> User:
    """Bob has as many."""
    return await join(db, BOB, 1000)


@pytest.fixture
async def carol(db: Database) -> User:
    """Carol too."""
    return await join(db, CAROL, 1000)


async def entries_of(db: Database, keys: list[str]) -> list[str]:
    """Those of some keys that are in the ledger."""
    found = await db.points.find_all(col(PointsTransaction.idempotency_key).in_(keys))
    return [entry.idempotency_key or "" for entry in found]


async def commits(db: Database) -> int:
    """How many transactions have written to the ledger."""
    connection = await db.connect()
    try:
        count = "SELECT count(DISTINCT xmin::text) FROM points_transactions"
        return int(await connection.fetchval(count))
    finally:
        await connection.close()


def back_and_forth(db: Database, count: int, **given: Any) -> Iterator[Any]:
    """Transfers of one point between Ann and Bob, in both directions."""
    for number in range(count):
        pair = (ANN, BOB) if number % 2 else (BOB, ANN)
        yield db.points.transfer(GUILD, *pair, 1, **given)


async def test_a_thousand_at_once_between_two_are_all_made_in_few_commits(
    db: Database, ann: User, bob: User
) -> None:
    answers = await outcomes(*back_and_forth(db, 1000))

    assert all(isinstance(answer, Movement) for answer in answers)
    assert len({answer.entry_id for answer in answers}) == 1000  # type: ignore[attr-defined]
    assert await points_of(db, ANN, BOB) == [1000, 1000]
    assert await commits(db) < 100
    await assert_conserved(db, 2000)


async def test_each_answer_has_the_balances_of_its_own_entry(
    db: Database, ann: User, bob: User
) -> None:
    answers = await outcomes(*back_and_forth(db, 200))

    for answer in answers:
        assert isinstance(answer, Movement)
        entry = await db.points.get_or_raise(answer.entry_id)
        assert answer.sender
        assert answer.receiver
        assert (entry.from_user, entry.from_balance) == (
            answer.sender.user_id,
            answer.sender.after,
        )
        assert (entry.to_user, entry.to_balance) == (
            answer.receiver.user_id,
            answer.receiver.after,
        )


async def test_more_than_there_is_is_never_given(
    db: Database, ann: User, bob: User
) -> None:
    answers = await outcomes(
        *(db.points.transfer(GUILD, ANN, BOB, 7) for _ in range(400))
    )

    made = [answer for answer in answers if isinstance(answer, Movement)]
    assert len(made) == 1000 // 7
    assert {type(a) for a in answers} == {Movement, InsufficientPoints}
    await assert_conserved(db, 2000)


async def test_a_bad_transfer_never_fails_its_neighbours(
    db: Database, ann: User, bob: User, carol: User
) -> None:
    await db.points.freeze(GUILD, CAROL)
    bad: dict[type, Callable[[], Coroutine[Any, Any, Movement]]] = {
        NotFound: lambda: db.points.transfer(GUILD, ANN, 99, 1),
        InsufficientPoints: lambda: db.points.transfer(GUILD, BOB, ANN, 10**9),
        AccountFrozen: lambda: db.points.transfer(GUILD, ANN, CAROL, 1),
    }
    mixed: list[tuple[type, Coroutine[Any, Any, Movement]]]
    mixed = [(Movement, transfer) for transfer in back_and_forth(db, 300)]
    mixed += [(kind, make()) for kind, make in bad.items() for _ in range(20)]
    random.Random(7).shuffle(mixed)

    answers = await outcomes(*(transfer for _, transfer in mixed))

    assert [type(answer) for answer in answers] == [kind for kind, _ in mixed]
    await assert_conserved(db, 3000)


async def test_guilds_go_in_groups_of_their_own(
    db: Database, ann: User, bob: User
) -> None:
    for user in (ANN, BOB):
        await join(db, user, 1000, guild_id=2)

    answers = await outcomes(
        *(db.points.transfer(1 + number % 2, ANN, BOB, 1) for number in range(400))
    )

    assert all(isinstance(answer, Movement) for answer in answers)
    assert await points_of(db, ANN, BOB, guild_id=1) == [800, 1200]
    assert await points_of(db, ANN, BOB, guild_id=2) == [800, 1200]


async def test_users_named_by_row_are_transferred_between_as_well(
    db: Database, ann: User, bob: User
) -> None:
    done = await asyncio.gather(
        *(db.user.transfer_points(ann.id, bob.id, 3) for _ in range(400))
    )

    assert sum(done) == 1000 // 3
    assert await points_of(db, ANN, BOB) == [1, 1999]


async def test_the_highest_balance_is_kept_within_a_group(
    db: Database, ann: User, bob: User
) -> None:
    await set_rules(db, max_balance=1100)

    answers = await outcomes(
        *(db.points.transfer(GUILD, ANN, BOB, 1) for _ in range(200))
    )

    assert [type(a) for a in answers].count(Movement) == 100
    assert [type(a) for a in answers].count(BalanceLimit) == 100
    assert await points_of(db, ANN, BOB) == [900, 1100]


async def test_a_key_that_comes_twice_in_a_group_applies_once(
    db: Database, ann: User, bob: User
) -> None:
    twice = [db.points.transfer(GUILD, ANN, BOB, 5, key="k") for _ in range(6)]

    answers = await outcomes(*back_and_forth(db, 40), *twice, *back_and_forth(db, 40))

    same = [answer for answer in answers[40:46] if isinstance(answer, Movement)]
    assert len(same) == 6
    assert len({answer.entry_id for answer in same}) == 1
    assert sum(not answer.replayed for answer in same) == 1
    assert await points_of(db, ANN, BOB) == [995, 1005]


async def test_a_key_with_other_contents_in_a_group_is_a_conflict(
    db: Database, ann: User, bob: User
) -> None:
    keyed = [db.points.transfer(GUILD, ANN, BOB, n, key="k") for n in (5, 6, 7)]

    answers = await outcomes(*back_and_forth(db, 40), *keyed)

    kinds = [type(answer) for answer in answers[40:]]
    assert kinds.count(Movement) == 1
    assert kinds.count(IdempotencyConflict) == 2


async def test_whoever_stops_waiting_leaves_the_others_their_answers(
    db: Database, ann: User, bob: User
) -> None:
    waiting = [asyncio.ensure_future(one) for one in back_and_forth(db, 400)]
    for number, one in enumerate(waiting):
        if number % 3 == 0:
            asyncio.get_running_loop().call_later(number / 8000, one.cancel)

    answers = await outcomes(*waiting)

    others = [a for number, a in enumerate(answers) if number % 3]
    assert all(isinstance(answer, Movement) for answer in others)
    await assert_conserved(db, 2000)
    assert isinstance(await db.points.transfer(GUILD, ANN, BOB, 1), Movement)


async def test_who_gave_up_before_the_turn_came_moves_nothing(
    db: Database, ann: User, bob: User
) -> None:
    async with locked(db, ann, bob):
        ahead = [asyncio.ensure_future(one) for one in back_and_forth(db, 20)]
        late = asyncio.ensure_future(db.points.transfer(GUILD, ANN, BOB, 5, key="k"))
        await asyncio.sleep(0.02)
        late.cancel()
        with suppress(asyncio.CancelledError):
            await late
    await outcomes(*ahead)

    assert await entries_of(db, ["k"]) == []


async def test_a_locked_account_holds_nobody_else_up(
    db: Database, ann: User, bob: User, carol: User
) -> None:
    await join(db, 44)
    async with locked(db, carol):
        stuck = [
            asyncio.ensure_future(db.points.transfer(GUILD, CAROL, 44, 1))
            for _ in range(12)
        ]
        await asyncio.sleep(0.05)
        started = time.monotonic()
        answers = await outcomes(*back_and_forth(db, 200))
        took = time.monotonic() - started
        assert not any(one.done() for one in stuck)

    assert all(isinstance(answer, Movement) for answer in answers)
    assert took < 5
    assert all(isinstance(a, Movement) for a in await outcomes(*stuck))
    assert await points_of(db, ANN, BOB, CAROL, 44) == [1000, 1000, 988, 12]


async def test_an_account_locked_for_long_is_given_up_truthfully(
    settings: Settings, db: Database, ann: User, bob: User, carol: User
) -> None:
    keys = [f"k{number}" for number in range(30)]
    hasty = Database(replace(settings, lock_timeout=1.0))
    async with hasty, locked(db, carol):
        started = time.monotonic()
        answers = await outcomes(
            *(hasty.points.transfer(GUILD, CAROL, ANN, 1, key=key) for key in keys)
        )
        took = time.monotonic() - started

    assert took < 30
    assert {type(answer) for answer in answers} == {Busy}
    assert await entries_of(db, keys) == []


async def terminate_all(db: Database) -> int:
    """End every session of this database but one's own, as an operator may."""
    connection = await db.connect()
    try:
        ended = await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(ended)
    finally:
        await connection.close()


async def test_every_answer_is_true_when_sessions_are_ended_meanwhile(
    db: Database, ann: User, bob: User
) -> None:
    keys = [f"k{number}" for number in range(600)]
    waiting = [
        asyncio.ensure_future(
            db.points.transfer(
                GUILD, *((ANN, BOB) if number % 2 else (BOB, ANN)), 1, key=key
            )
        )
        for number, key in enumerate(keys)
    ]
    for _ in range(12):
        await asyncio.sleep(0.03)
        await terminate_all(db)

    answers = await outcomes(*waiting)

    await assert_truthful(db, keys, answers)
    await assert_conserved(db, 2000)


async def assert_truthful(db: Database, keys: list[str], answers: list[object]) -> None:
    """What was made is in the ledger, what was refused is not; doubt may be either."""
    there = set(await entries_of(db, keys))
    for key, answer in zip(keys, answers, strict=True):
        if isinstance(answer, Movement):
            assert key in there
        elif not isinstance(answer, OutcomeUnknown):
            assert key not in there, answer


@pytest.mark.parametrize("strike", [lose_the_answer, lose_the_request, cut_at_once])
async def test_every_answer_is_true_when_a_group_is_lost(
    distant: Database, wire: Wire, strike: Any
) -> None:
    for user in (ANN, BOB):
        await join(distant, user, 1000)
    keys = [f"k{number}" for number in range(60)]
    wire.strike_at(b"\0\0\0\3k40", strike)  # among the values of a group

    answers = await outcomes(
        *(distant.points.transfer(GUILD, ANN, BOB, 1, key=key) for key in keys)
    )

    assert wire.struck.is_set()
    assert all(isinstance(answer, Movement) for answer in answers)
    assert sorted(await entries_of(distant, keys)) == sorted(keys)
    assert await points_of(distant, ANN, BOB) == [940, 1060]
    await assert_conserved(distant, 2000)
