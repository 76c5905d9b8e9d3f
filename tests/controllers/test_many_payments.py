"""Payments to a whole role: for everybody in one go and once, or for nobody."""

import asyncio

import pytest

from tests.harness.economy import (
    ANN,
    BOB,
    CAROL,
    GUILD,
    assert_conserved,
    join,
    points_of,
    set_rules,
)
from tests.harness.wire import COMMIT, Strike, Wire, cut_at_once, lose_the_answer
from tuxdb.controllers.many_payments import ManyRefused
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import IdempotencyConflict, InvalidTransfer
from tuxdb.models import User

PEOPLE = [(ANN, "ann"), (BOB, "bob"), (CAROL, "carol")]


def gist(moved: list[Movement]) -> list[tuple[int, int, int]]:
    """Who had how much before and after."""
    sides = [movement.receiver or movement.sender for movement in moved]
    return [(side.discord_id, side.before, side.after) for side in sides if side]


async def test_everybody_is_paid_and_strangers_are_enrolled(db: Database) -> None:
    await join(db, BOB, 10)

    moved = await db.points.grant_many(
        GUILD, PEOPLE, 5, actor="discord:7", reason="event", key="i:1"
    )

    assert gist(moved) == [(ANN, 0, 5), (BOB, 10, 15), (CAROL, 0, 5)]
    assert {(m.kind, m.actor, m.reason, m.replayed) for m in moved} == {
        ("grant", "discord:7", "event", False)
    }
    assert (await db.user.require_member(GUILD, ANN)).username == "ann"
    await assert_conserved(db, 25)


async def test_new_members_have_their_start_balance_first(db: Database) -> None:
    await set_rules(db, start_balance=50)

    moved = await db.points.grant_many(GUILD, PEOPLE[:1], 5)

    assert gist(moved) == [(ANN, 50, 55)]


async def test_a_replay_answers_the_first_result(db: Database) -> None:
    first = await db.points.grant_many(GUILD, PEOPLE[:2], 5, key="i:1")
    again = await db.points.grant_many(GUILD, PEOPLE, 5, key="i:1")

    assert gist(again) == gist(first)
    assert [m.entry_id for m in again] == [m.entry_id for m in first]
    assert all(movement.replayed for movement in again)
    assert await points_of(db, ANN, BOB) == [5, 5]


@pytest.mark.parametrize(
    ("amount", "reason"), [(6, "event"), (5, "other")], ids=["amount", "reason"]
)
async def test_a_key_used_for_something_else_is_refused(
    db: Database, amount: int, reason: str
) -> None:
    await db.points.grant_many(GUILD, PEOPLE, 5, reason="event", key="i:1")

    with pytest.raises(IdempotencyConflict):
        await db.points.grant_many(GUILD, PEOPLE, amount, reason=reason, key="i:1")
    with pytest.raises(IdempotencyConflict):
        await db.points.deduct_many(GUILD, PEOPLE, 5, reason="event", key="i:1")
    assert await points_of(db, ANN, BOB, CAROL) == [5, 5, 5]


async def test_the_same_key_at_once_pays_once(db: Database) -> None:
    groups = [PEOPLE, PEOPLE[:2], PEOPLE[1:]]
    async with Database.open(db.settings) as other:
        answers = await asyncio.gather(
            *(
                one.points.grant_many(GUILD, group, 5, key="i:1")
                for one in (db, other) * 3
                for group in groups
            )
        )

    firsts = [answer for answer in answers if not answer[0].replayed]
    assert len(firsts) == 1
    assert all(gist(answer) == gist(firsts[0]) for answer in answers)
    await assert_conserved(db, 5 * len(firsts[0]))


async def test_who_would_have_too_much_is_named_and_nobody_is_paid(
    db: Database,
) -> None:
    await set_rules(db, max_balance=12)
    await join(db, ANN, 10)
    await join(db, BOB, 11)
    await join(db, CAROL, 7)

    with pytest.raises(ManyRefused) as caught:
        await db.points.grant_many(GUILD, [*PEOPLE, (44, "dan")], 5)

    assert caught.value.names == ("user11", "user22")
    assert str(caught.value) == (
        "user11, user22 would go over the limit; nothing was changed"
    )
    assert await points_of(db, ANN, BOB, CAROL) == [10, 11, 7]
    assert await db.user.get_member(GUILD, 44) is None


async def test_deductions_are_all_or_none_too(db: Database) -> None:
    for user, points in ((ANN, 10), (BOB, 4), (CAROL, 5)):
        await join(db, user, points)

    with pytest.raises(ManyRefused) as caught:
        await db.points.deduct_many(GUILD, PEOPLE, 5)
    moved = await db.points.deduct_many(GUILD, [PEOPLE[0], PEOPLE[2]], 5)

    assert caught.value.names == ("user22",)
    assert gist(moved) == [(ANN, 10, 5), (CAROL, 5, 0)]
    await assert_conserved(db, 9)


async def test_a_member_named_twice_is_paid_once(db: Database) -> None:
    moved = await db.points.grant_many(GUILD, [*PEOPLE, *PEOPLE], 5)

    assert len(moved) == 3


@pytest.mark.parametrize("users", [[], [(0, "x")], [(True, "x")]])
async def test_what_could_never_be_paid_is_refused(
    db: Database, users: list[tuple[int, str]]
) -> None:
    with pytest.raises(InvalidTransfer):
        await db.points.grant_many(GUILD, users, 5)


@pytest.mark.parametrize("amount", [0, -1, 2**53, 1.5])
async def test_so_are_bad_amounts(db: Database, amount: int) -> None:
    with pytest.raises(InvalidTransfer, match="amount"):
        await db.points.grant_many(GUILD, PEOPLE, amount)


async def test_it_can_be_undone_as_a_change_set(db: Database) -> None:
    await db.points.grant_many(GUILD, PEOPLE, 5, actor="ann")

    (latest,) = (await db.changes.list()).items

    assert (latest.command, latest.rows, latest.actor) == ("points grant", 3, "ann")


async def test_payments_in_opposite_orders_and_transfers_do_not_deadlock(
    db: Database,
) -> None:
    for user, _ in reversed(PEOPLE):
        await join(db, user, 100)

    async with asyncio.timeout(30):
        await asyncio.gather(
            *(db.points.grant_many(GUILD, PEOPLE, 1) for _ in range(6)),
            *(db.points.deduct_many(GUILD, PEOPLE[::-1], 1) for _ in range(6)),
            *(db.points.transfer(GUILD, ANN, CAROL, 1) for _ in range(20)),
            *(db.points.transfer(GUILD, CAROL, ANN, 1) for _ in range(20)),
        )

    await assert_conserved(db, 300)


@pytest.mark.parametrize("strike", [lose_the_answer, cut_at_once])
async def test_a_lost_answer_to_the_commit_pays_once(
    distant: Database, db: Database, wire: Wire, strike: Strike
) -> None:
    await distant.points.grant_many(GUILD, PEOPLE, 5, key="i:1")
    wire.strike_at(COMMIT, strike)

    moved = await distant.points.grant_many(GUILD, PEOPLE, 5, key="i:2")

    await wire.over.wait()
    assert gist(moved) == [(ANN, 5, 10), (BOB, 5, 10), (CAROL, 5, 10)]
    await assert_conserved(db, 30)


async def test_a_large_role_is_paid_and_replayed(db: Database) -> None:
    await db.user.bulk_create(
        [{"guild_id": GUILD, "discord_id": n, "username": "x"} for n in range(1, 1501)]
    ) if await db.guild.create(id=GUILD) else None
    people: list[tuple[int, str]] = [(n, "x") for n in range(1, 1501)]

    first = await db.points.grant_many(GUILD, people, 2, key="i:1")
    again = await db.points.grant_many(GUILD, people, 2, key="i:1")

    assert len(first) == len(again) == 1500
    users: list[User] = await db.user.find_all()
    assert {user.points for user in users} == {2}
