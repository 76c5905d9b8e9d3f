"""Points by way of users, and what is read of them."""

from typing import Any

import pytest

from tests.controllers.test_points import entries
from tests.harness.economy import (
    ANN,
    BOB,
    CAROL,
    GUILD,
    join,
    points_of,
)
from tuxdb.database import Database
from tuxdb.errors import (
    Conflict,
    InvalidValue,
    NotFound,
)
from tuxdb.models import EntryKind, User

pytestmark = pytest.mark.usefixtures("ann", "bob")


async def test_transfer_points_answers_true_or_false(
    db: Database, ann: User, bob: User
) -> None:
    transfer = db.user.transfer_points

    assert await transfer(ann.id, bob.id, 30) is True
    for refused in (
        transfer(ann.id, bob.id, 71),
        transfer(ann.id, 999, 1),
        transfer(999, bob.id, 1),
        transfer(ann.id, ann.id, 1),
        transfer(ann.id, bob.id, 0),
        transfer(ann.id, bob.id, -5),
    ):
        assert await refused is False

    assert await points_of(db, ANN, BOB) == [70, 30]


async def test_transfer_points_with_a_key_applies_once(
    db: Database, ann: User, bob: User
) -> None:
    for _ in range(3):
        assert await db.user.transfer_points(ann.id, bob.id, 30, key="k1") is True
    assert await db.user.transfer_points(ann.id, bob.id, 31, key="k1") is False

    assert await points_of(db, ANN, BOB) == [70, 30]


async def test_transfer_points_raises_in_an_outage(ann: User, bob: User) -> None:
    async with Database.open("postgresql://bot@127.0.0.1:1/x") as down:
        with pytest.raises(Exception, match="cannot reach"):
            await down.user.transfer_points(ann.id, bob.id, 1)


async def test_users_come_and_go_with_entries(db: Database, bob: User) -> None:
    await db.user.update_by_id(bob.id, points=9)
    created = await db.user.create(
        guild_id=GUILD, discord_id=CAROL, username="carol", points=4
    )
    assert created.points == 4
    await db.user.update_user_points(created.id, 1, actor="mod", reason="fine")
    assert await db.user.delete_by_id(created.id) is True

    assert await entries(db) == [
        ("set", 9),
        ("grant", 4),
        ("set", 3),
        ("deduct", 1),
    ]
    assert (await db.points.verify()).mismatches == []


async def test_many_users_come_with_entries_too(db: Database) -> None:
    rows = [
        {"guild_id": GUILD, "discord_id": number, "username": "x", "points": number}
        for number in range(100, 200)
    ]
    assert await db.user.bulk_create(rows) == 100
    users = await db.user.find_all(User.discord_id >= 100)
    assert [user.points for user in users] == list(range(100, 200))

    changes = [{"id": user.id, "points": 7} for user in users]
    assert await db.user.bulk_update(changes) == 100
    assert await points_of(db, 100, 199) == [7, 7]
    assert (await db.points.verify()).mismatches == []


async def test_a_user_given_with_its_row_id_keeps_it(db: Database) -> None:
    row = {"guild_id": GUILD, "discord_id": 5, "username": "x", "points": 3}

    assert await db.user.bulk_create([{**row, "id": 5000}]) == 1
    assert (await db.user.get_or_raise(5000)).points == 3


async def test_a_bad_balance_among_many_is_named_and_nothing_is_written(
    db: Database, ann: User, bob: User
) -> None:
    with pytest.raises(InvalidValue, match="row 2: points cannot be negative"):
        await db.user.bulk_update(
            [{"id": ann.id, "points": 1}, {"id": bob.id, "points": -1}]
        )
    with pytest.raises(Conflict):
        await db.user.bulk_create(
            [
                {"guild_id": GUILD, "discord_id": 5, "username": "x", "points": 1},
                {"guild_id": GUILD, "discord_id": ANN, "username": "x", "points": 1},
            ]
        )

    assert await points_of(db, ANN, BOB) == [100, 0]
    assert await entries(db) == []


# -- reading -----------------------------------------------------------------------


async def test_the_leaderboard_shares_ranks_and_goes_on_behind_a_cursor(
    db: Database,
) -> None:
    for number, points in enumerate((100, 50, 50, 20), 101):
        await join(db, number, points)

    seen: list[tuple[int, int]] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = await db.points.leaderboard(GUILD, after=cursor, limit=2)
        seen += [(standing.rank, standing.discord_id) for standing in page.items]
        cursor = page.next

    assert seen == [(1, ANN), (1, 101), (3, 102), (3, 103), (5, 104), (6, BOB)]
    assert (await db.points.position(GUILD, 103)).rank == 3
    await db.user.update_where(User.discord_id == ANN, is_active=False)
    assert (await db.points.position(GUILD, 103)).rank == 2


async def test_history_is_of_a_guild_or_of_one_of_its_users(db: Database) -> None:
    await join(db, CAROL, 5)
    await db.points.transfer(GUILD, ANN, BOB, 1)
    await db.points.transfer(GUILD, BOB, CAROL, 1)

    def told(items: Any) -> list[tuple[int | None, int | None]]:
        return [(entry.from_user, entry.to_user) for entry in items]

    whole = await db.points.history(GUILD)
    bobs = await db.points.history(GUILD, BOB)
    grants = await db.points.history(GUILD, kind=EntryKind.GRANT)
    first = await db.points.history(GUILD, limit=1)
    second = await db.points.history(GUILD, limit=1, after=first.next)

    assert told(whole.items) == [(BOB, CAROL), (ANN, BOB), (None, CAROL), (None, ANN)]
    assert told(bobs.items) == [(BOB, CAROL), (ANN, BOB)]
    assert told(grants.items) == [(None, CAROL), (None, ANN)]
    assert told(first.items + second.items) == [(BOB, CAROL), (ANN, BOB)]
    with pytest.raises(NotFound):
        await db.points.history(GUILD, 99)


async def test_supply_is_minted_less_burned(db: Database) -> None:
    await db.points.deduct(GUILD, ANN, 40)
    await db.points.transfer(GUILD, ANN, BOB, 10)

    supply = await db.points.supply(GUILD)
    nothing = await db.points.supply(2)

    assert (supply.minted, supply.burned, supply.held) == (100, 40, 60)
    assert (nothing.minted, nothing.burned, nothing.held) == (0, 0, 0)
