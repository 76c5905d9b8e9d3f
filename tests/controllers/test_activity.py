"""Counting messages: exactly once, whatever happens to the answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.harness.economy import ANN, BOB, CAROL, GUILD, join, set_rules
from tests.harness.members import guilds
from tests.harness.wire import (
    EXECUTE,
    Strike,
    Wire,
    cut_at_once,
    deliver_late,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.controllers.activity import ActivityCount
from tuxdb.database import Database
from tuxdb.errors import InvalidValue, NotFound, OutcomeUnknown

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def wrote(
    user: int,
    messages: int = 1,
    *,
    name: str | None = None,
    when: datetime = NOON,
    guild: int = GUILD,
) -> ActivityCount:
    return ActivityCount(guild, user, name or f"user{user}", messages, when)


async def counts(db: Database, *users: int) -> list[int]:
    found = [await db.user.require_member(GUILD, user) for user in users]
    return [user.message_count for user in found]


async def test_unseen_guilds_and_members_are_inserted(db: Database) -> None:
    made = await db.activity.flush(uuid4(), [wrote(BOB, 2), wrote(ANN, 3, guild=2)])

    bob = await db.user.require_member(GUILD, BOB)
    assert made == 5
    assert await guilds(db) == [1, 2]
    assert (bob.message_count, bob.username, bob.last_active) == (2, "user22", NOON)


async def test_counts_are_added_and_the_latest_time_and_name_stay(
    db: Database,
) -> None:
    await db.activity.flush(uuid4(), [wrote(BOB, 2, name="new", when=LATER)])
    await db.activity.flush(uuid4(), [wrote(BOB, 3, name="old", when=NOON)])

    bob = await db.user.require_member(GUILD, BOB)
    assert (bob.message_count, bob.username, bob.last_active) == (5, "new", LATER)


async def test_who_writes_again_is_back(db: Database) -> None:
    bob = await join(db, BOB)
    await db.user.update_user(bob.id, is_active=False)

    await db.activity.flush(uuid4(), [wrote(BOB)])

    assert (await db.user.require_member(GUILD, BOB)).is_active


async def test_the_same_flush_counts_once(db: Database) -> None:
    flush = uuid4()

    answers = [await db.activity.flush(flush, [wrote(ANN, 4)]) for _ in range(3)]

    assert answers == [4, 0, 0]
    assert await counts(db, ANN) == [4]


async def test_the_same_flush_at_once_counts_once(db: Database) -> None:
    flush = uuid4()
    async with Database.open(db.settings) as other:
        answers = await asyncio.gather(
            *(one.activity.flush(flush, [wrote(ANN, 4)]) for one in (db, other) * 8)
        )

    assert sorted(answers) == [0] * 15 + [4]
    assert await counts(db, ANN) == [4]


async def test_two_processes_may_flush_the_same_members_in_any_order(
    db: Database,
) -> None:
    people = list(range(1, 201))
    async with Database.open(db.settings) as other:
        await asyncio.gather(
            *(
                one.activity.flush(uuid4(), [wrote(user) for user in order])
                for _ in range(10)
                for one in (db, other)
                for order in (people, people[::-1])
            )
        )

    assert await counts(db, *people) == [40] * 200


async def test_flushes_and_transfers_do_not_deadlock(db: Database) -> None:
    """Whoever is older here has the higher Discord id: the orders are opposite."""
    for user in (CAROL, BOB, ANN):
        await join(db, user, 100)
    people = [wrote(user) for user in (ANN, BOB, CAROL)]

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(db.activity.flush(uuid4(), people) for _ in range(30)),
            *(db.points.transfer(GUILD, ANN, CAROL, 1) for _ in range(30)),
            *(db.points.transfer(GUILD, CAROL, ANN, 1) for _ in range(30)),
        )

    connection = await db.connect()
    deadlocks = await connection.fetchval(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    await connection.close()
    assert deadlocks == 0
    assert await counts(db, ANN, BOB, CAROL) == [30] * 3


async def test_new_members_get_the_start_balance_once(db: Database) -> None:
    await set_rules(db, start_balance=50)
    await join(db, ANN)
    flush = uuid4()

    for name in (flush, flush, uuid4()):
        await db.activity.flush(name, [wrote(ANN), wrote(BOB), wrote(CAROL)])
    _, new = await db.user.enroll(GUILD, BOB, "bob")

    points = [(await db.points.balance(GUILD, user)).points for user in (ANN, BOB, 33)]
    assert points == [0, 50, 50]
    assert not new
    assert (await db.points.verify()).mismatches == []


async def test_new_members_at_once_get_the_start_balance_once(db: Database) -> None:
    await set_rules(db, start_balance=50)
    people = list(range(1, 51))
    async with Database.open(db.settings) as other:
        await asyncio.gather(
            *(
                one.activity.flush(uuid4(), [wrote(user) for user in people])
                for one in (db, other) * 4
            ),
            *(db.user.enroll(GUILD, user, "x") for user in people),
        )

    supply = await db.points.supply(GUILD)
    assert (supply.minted, supply.held) == (2500, 2500)
    assert await counts(db, *people) == [8] * 50


@pytest.mark.parametrize(
    "strike",
    [lose_the_answer, lose_the_request, cut_at_once, deliver_late(0.15)],
    ids=["answer lost", "request lost", "cut", "delivered late"],
)
async def test_a_lost_answer_is_settled_by_the_id(
    distant: Database, db: Database, wire: Wire, strike: Strike
) -> None:
    flush, people = uuid4(), [wrote(ANN, 3), wrote(BOB, 4)]
    await distant.activity.flush(uuid4(), people)
    wire.strike_at(EXECUTE, strike)

    with pytest.raises(OutcomeUnknown):
        await distant.activity.flush(flush, people)
    again = await distant.activity.flush(flush, people)
    await wire.over.wait()

    assert again in (0, 7)
    assert await counts(db, ANN, BOB) == [6, 8]


@pytest.mark.parametrize(
    ("count", "problem"),
    [
        (wrote(0), "discord_id is not"),
        (wrote(2**63), "discord_id is not"),
        (wrote(ANN, 0), "messages is not"),
        (wrote(ANN, guild=-1), "guild_id is not"),
        (wrote(ANN, when=NOON.replace(tzinfo=None)), "last_active has no time zone"),
    ],
)
async def test_what_cannot_be_counted_is_refused(
    db: Database, count: ActivityCount, problem: str
) -> None:
    with pytest.raises(InvalidValue, match=problem):
        await db.activity.flush(uuid4(), [count])
    assert await guilds(db) == []


async def test_a_member_is_named_once_in_a_flush(db: Database) -> None:
    with pytest.raises(InvalidValue, match="counts name a member twice"):
        await db.activity.flush(uuid4(), [wrote(ANN), wrote(ANN)])


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("  ann ", "ann"),
        ("a\0nn\ud800", "ann"),
        (" \0 ", str(ANN)),
        ("x" * 200, "x" * 100),
        ("x" * 99 + " y", "x" * 99),
    ],
)
async def test_any_name_is_stored_somehow(db: Database, name: str, stored: str) -> None:
    await db.activity.flush(uuid4(), [wrote(ANN, name=name)])

    assert (await db.user.require_member(GUILD, ANN)).username == stored


async def test_nothing_to_count_is_no_flush(db: Database) -> None:
    assert await db.activity.flush(uuid4(), []) == 0


async def test_the_leaderboard_pages_by_messages_with_shared_ranks(
    db: Database,
) -> None:
    sizes = {1: 5, 2: 9, 3: 5, 4: 1, 5: 5}
    for user, size in sizes.items():
        when = NOON + timedelta(minutes=user)
        await db.activity.flush(uuid4(), [wrote(user, size, when=when)])
    await join(db, 6)

    pages = [await db.activity.leaderboard(GUILD, limit=2)]
    while pages[-1].next:
        pages.append(
            await db.activity.leaderboard(GUILD, after=pages[-1].next, limit=2)
        )

    found = [(s.rank, s.discord_id, s.message_count) for p in pages for s in p.items]
    assert found == [(1, 2, 9), (2, 5, 5), (2, 3, 5), (2, 1, 5), (5, 4, 1)]


@pytest.mark.parametrize(
    ("user", "seen"),
    [
        (1, [1, 2, 3]),
        (2, [1, 2, 3]),
        (5, [4, 5, 6]),
        (9, [7, 8, 9]),
        (10, [8, 9, 10]),  # never wrote, so stands behind all who did
    ],
)
async def test_the_neighbours_of_a_member(
    db: Database, user: int, seen: list[int]
) -> None:
    await db.activity.flush(uuid4(), [wrote(n, 100 - n) for n in range(1, 10)])
    await join(db, 10)

    around = await db.activity.around(GUILD, user, limit=3)

    assert [standing.discord_id for standing in around] == seen
    assert [standing.rank for standing in around] == seen


async def test_a_member_and_the_server(db: Database) -> None:
    now = datetime.now(UTC)
    await db.activity.flush(
        uuid4(),
        [wrote(ANN, 3, when=now), wrote(BOB, 4, when=now - timedelta(days=3))],
    )

    ann, server = await db.activity.member(GUILD, ANN), await db.activity.server(GUILD)

    assert (ann.rank, ann.message_count, ann.last_active) == (2, 3, now)
    assert (server.members, server.active_members, server.messages) == (2, 2, 7)
    assert (server.active_day, server.active_week) == (1, 2)
    assert server.last_active == now
    with pytest.raises(NotFound):
        await db.activity.member(GUILD, CAROL)
    assert (await db.activity.server(9)).messages == 0


async def test_old_flushes_are_forgotten(db: Database) -> None:
    await db.activity.flush(uuid4(), [wrote(ANN)])
    await db.activity.flush(uuid4(), [wrote(ANN)])
    connection = await db.connect()
    await connection.execute(
        "UPDATE tuxdb_counter_flush SET created_at = now() - interval '31 days'"
        " WHERE id = (SELECT min(id::text)::uuid FROM tuxdb_counter_flush)"
    )
    await connection.close()

    assert await db.activity.forget_flushes() == 1
    assert await db.activity.forget_flushes() == 0
