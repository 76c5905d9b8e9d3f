"""Transfers on a line that breaks: no lies, no doubles, an answer within 30 s."""

import asyncio
import random
import time
from typing import Any

import pytest
from sqlmodel import col

from tests.harness.economy import (
    ANN,
    BOB,
    GUILD,
    assert_conserved,
    join,
    outcomes,
    points_of,
)
from tests.harness.wire import (
    EXECUTE,
    Strike,
    Wire,
    answer_late,
    cut_at_once,
    deliver_late,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import (
    DatabaseUnavailable,
    InsufficientPoints,
    OutcomeUnknown,
    TuxdbError,
)
from tuxdb.models import PointsTransaction, User

OPENING = 1000
LONGEST_ANSWER_SECONDS = 30.0


@pytest.fixture
async def pair(distant: Database) -> tuple[User, User]:
    """Ann and Bob with 1,000 points each, and every statement prepared."""
    ann, bob = await join(distant, ANN, OPENING), await join(distant, BOB, OPENING)
    await distant.points.transfer(GUILD, ANN, BOB, 1)
    await distant.points.transfer(GUILD, BOB, ANN, 1)
    return ann, bob


pytestmark = pytest.mark.usefixtures("pair")


async def entries_with(db: Database, *keys: str) -> list[str]:
    """The keys, out of some, that entries carry; as often as they do."""
    rows = await db.points.find_all(col(PointsTransaction.idempotency_key).in_(keys))
    return [str(row.idempotency_key) for row in rows]


STRIKES = pytest.mark.parametrize(
    "strike",
    [
        lose_the_answer,
        lose_the_request,
        cut_at_once,
        deliver_late(0.15),
        answer_late(0.1),
    ],
    ids=["answer lost", "request lost", "cut", "delivered late", "answered late"],
)


@STRIKES
async def test_a_broken_transfer_is_settled_by_its_key(
    distant: Database, db: Database, wire: Wire, strike: Strike
) -> None:
    wire.strike_at(EXECUTE, strike)

    moved = await distant.points.transfer(GUILD, ANN, BOB, 30, key="k1")

    await wire.over.wait()
    assert (moved.amount, moved.idempotency_key) == (30, "k1")
    assert await entries_with(db, "k1") == ["k1"]
    assert await points_of(db, ANN, BOB) == [OPENING - 30, OPENING + 30]


@STRIKES
async def test_so_is_one_without_a_key_of_the_callers(
    distant: Database, db: Database, wire: Wire, strike: Strike
) -> None:
    wire.strike_at(EXECUTE, strike)

    moved = await distant.points.transfer(GUILD, ANN, BOB, 30)

    await wire.over.wait()
    assert not moved.replayed
    assert await points_of(db, ANN, BOB) == [OPENING - 30, OPENING + 30]


@STRIKES
async def test_grants_and_settings_are_settled_too(
    distant: Database, db: Database, wire: Wire, strike: Strike, pair: tuple[User, User]
) -> None:
    ann, _ = pair
    await distant.points.grant(GUILD, BOB, 1)
    await distant.points.set_balance(GUILD, ANN, OPENING + 1)

    wire.strike_at(EXECUTE, strike)
    await distant.points.grant(GUILD, BOB, 30, key="k1")
    await wire.over.wait()
    wire.strike_at(EXECUTE, strike)
    await distant.user.update_user_points(ann.id, 5)
    await wire.over.wait()

    assert await entries_with(db, "k1") == ["k1"]
    assert await points_of(db, ANN, BOB) == [5, OPENING + 31]


async def test_a_refusal_after_a_break_is_no_proof(
    distant: Database, db: Database, wire: Wire
) -> None:
    """The first attempt may still be on its way: then there would be points to move."""
    wire.strike_at(EXECUTE, lose_the_answer)
    first = distant.points.transfer(GUILD, ANN, BOB, OPENING, key="k1")
    assert (await first).sender is not None

    wire.strike_at(EXECUTE, lose_the_request)
    with pytest.raises(OutcomeUnknown) as error:
        await distant.points.transfer(GUILD, ANN, BOB, 1, key="k2")

    assert error.value.key == "k2"
    assert error.value.outcome_unknown is True
    assert error.value.details == {"idempotency_key": "k2"}
    with pytest.raises(InsufficientPoints):
        await distant.points.transfer(GUILD, ANN, BOB, 1, key="k2")
    assert await entries_with(db, "k2") == []


async def test_no_server_from_the_first_is_a_plain_outage(
    distant: Database, db: Database, wire: Wire
) -> None:
    wire.go_down()
    await asyncio.sleep(0.1)  # until the driver has heard of it

    answers = await outcomes(
        *(distant.points.transfer(GUILD, ANN, BOB, 1, key=f"k{n}") for n in range(5))
    )

    await wire.come_up()
    assert {type(answer) for answer in answers} <= {DatabaseUnavailable}
    assert await entries_with(db, *(f"k{n}" for n in range(5))) == []
    assert (await distant.points.transfer(GUILD, ANN, BOB, 1, key="k0")).entry_id


async def test_a_server_that_comes_back_settles_what_was_lost_with_it(
    distant: Database, db: Database, wire: Wire
) -> None:
    async def strike(link: Any, request: bytes) -> None:
        await lose_the_answer(link, request)
        wire.refuse()

    wire.strike_at(EXECUTE, strike)
    transfer = asyncio.create_task(
        distant.points.transfer(GUILD, ANN, BOB, 30, key="k1")
    )
    await wire.over.wait()
    await asyncio.sleep(0.3)  # so that it is tried in vain
    await wire.come_up()

    assert (await transfer).idempotency_key == "k1"
    assert await entries_with(db, "k1") == ["k1"]


async def test_a_line_cut_at_any_byte_tells_no_lies(
    distant: Database, db: Database, wire: Wire
) -> None:
    people = ANN, BOB
    keys: list[str] = []
    for number in range(12):
        group = [f"{number}:{part}" for part in range(6)]
        keys += group
        wire.cut_after(random.randrange(1, 4000))
        began = time.monotonic()
        answers = await outcomes(
            *(
                distant.points.transfer(
                    GUILD, sender, people[sender is ANN], 1, key=key
                )
                for key, sender in zip(group, people * 3, strict=True)
            )
        )
        assert time.monotonic() - began < LONGEST_ANSWER_SECONDS
        await assert_no_lies(db, dict(zip(group, answers, strict=True)))

    there = await entries_with(db, *keys)
    assert len(there) == len(set(there))
    await assert_conserved(db, 2 * OPENING)


async def assert_no_lies(db: Database, answers: dict[str, object]) -> None:
    """What was made is there once, what was refused or not sent is not there."""
    there = await entries_with(db, *answers)
    for key, answer in answers.items():
        if isinstance(answer, Movement):
            assert there.count(key) == 1
        elif not isinstance(answer, OutcomeUnknown):
            assert isinstance(answer, TuxdbError)
            assert key not in there


async def test_the_same_key_settles_every_doubt(
    distant: Database, db: Database, wire: Wire
) -> None:
    """Whoever asks again, as often as wanted, finds it applied once."""
    keys = [f"k{number}" for number in range(8)]
    for key, strike in zip(
        keys, (lose_the_answer, lose_the_request, cut_at_once) * 3, strict=False
    ):
        wire.strike_at(EXECUTE, strike)
        task = asyncio.create_task(
            distant.points.transfer(GUILD, ANN, BOB, 10, key=key)
        )
        await wire.struck.wait()
        task.cancel()  # the caller dies: its answer is lost for good
        await outcomes(task)

    for _ in range(2):
        for key in keys:
            await db.points.transfer(GUILD, ANN, BOB, 10, key=key)

    assert sorted(await entries_with(db, *keys)) == keys
    assert await points_of(db, ANN, BOB) == [OPENING - 80, OPENING + 80]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["down", "frozen"])
async def test_a_server_that_stays_away_is_unknown_within_30_seconds(
    distant: Database, db: Database, wire: Wire, fault: str
) -> None:
    async def strike(link: Any, request: bytes) -> None:
        if fault == "down":
            await lose_the_answer(link, request)
            wire.go_down()
        else:
            link.server.write(request)
            wire.freeze()

    wire.strike_at(EXECUTE, strike)
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown) as error:
        await distant.points.transfer(GUILD, ANN, BOB, 30, key="k1")
    took = time.monotonic() - began
    wire.thaw()
    if fault == "down":
        await wire.come_up()

    assert took < LONGEST_ANSWER_SECONDS
    assert error.value.key == "k1"
    moved = await distant.points.transfer(GUILD, ANN, BOB, 30, key="k1")
    assert moved.idempotency_key == "k1"
    assert await entries_with(db, "k1") == ["k1"]


@pytest.mark.slow
async def test_sixty_at_once_on_a_server_frozen_for_three_seconds_are_all_answered(
    distant: Database, db: Database, wire: Wire
) -> None:
    keys = [f"k{number}" for number in range(60)]
    wire.freeze()
    asyncio.get_running_loop().call_later(3, wire.thaw)
    began = time.monotonic()

    answers = await outcomes(
        *(distant.points.transfer(GUILD, ANN, BOB, 1, key=key) for key in keys)
    )

    assert time.monotonic() - began < 45
    assert sum(isinstance(answer, Movement) for answer in answers) >= 45
    await assert_no_lies(db, dict(zip(keys, answers, strict=True)))
