"""What commands of the bot read of the ledger, and how members are kept current."""

import pytest

from tests.controllers.conftest import RoundTrips
from tests.harness.economy import ANN, BOB, CAROL, GUILD, join, set_rules
from tuxdb.database import Database
from tuxdb.errors import NotFound


@pytest.mark.parametrize(
    ("user", "seen"),
    [
        (1, [(1, 1), (2, 2), (3, 3), (4, 4)]),
        (4, [(2, 2), (3, 3), (4, 4), (4, 5)]),
        (5, [(3, 3), (4, 4), (4, 5), (6, 6)]),
        (8, [(4, 5), (6, 6), (7, 7), (8, 8)]),
    ],
)
async def test_the_neighbours_of_a_member(
    db: Database, user: int, seen: list[tuple[int, int]]
) -> None:
    for number, points in enumerate([90, 80, 70, 60, 60, 50, 40, 30], 1):
        await join(db, number, points)

    around = await db.points.around(GUILD, user, limit=4)

    assert [(place.rank, place.discord_id) for place in around] == seen


async def test_alone_or_among_few_there_are_fewer_neighbours(db: Database) -> None:
    await join(db, ANN, 5)

    assert [p.rank for p in await db.points.around(GUILD, ANN)] == [1]
    await join(db, BOB, 9)
    assert [p.discord_id for p in await db.points.around(GUILD, ANN)] == [BOB, ANN]
    with pytest.raises(NotFound):
        await db.points.around(GUILD, CAROL)


async def test_recent_entries_are_found_by_their_first_digits(db: Database) -> None:
    await join(db, ANN)
    await join(db, BOB, guild_id=2)
    for _ in range(12):
        await db.points.grant(GUILD, ANN, 1)
    await db.points.grant(2, BOB, 1)

    async def ids(prefix: str, limit: int = 25) -> list[int]:
        return [e.id for e in await db.points.recent(GUILD, prefix, limit)]

    newest = (await ids(""))[0]
    assert await ids("", 3) == [newest, newest - 1, newest - 2]
    assert set(await ids("1")) == {1, *range(10, newest + 1)}
    assert await ids(str(newest)) == [newest]
    assert await ids("x") == []
    (entry,) = await db.points.recent(GUILD, "12")
    assert (entry.to_user, entry.to_name, entry.from_name) == (ANN, "user11", None)


async def test_an_entry_is_reversed_in_its_own_guild_only(db: Database) -> None:
    await join(db, ANN)
    entry = (await db.points.grant(GUILD, ANN, 1)).entry_id
    assert entry

    with pytest.raises(NotFound):
        await db.points.reverse(entry, guild_id=2)
    assert (await db.points.reverse(entry, guild_id=GUILD)).amount == 1


async def test_a_member_is_enrolled_renamed_and_back(db: Database) -> None:
    await set_rules(db, start_balance=5)

    new = await db.user.refresh(GUILD, ANN, " ann ")
    await db.user.update_user(new.id, is_active=False)
    renamed = await db.user.refresh(GUILD, ANN, "Ann\0")
    same = await db.user.refresh(GUILD, ANN, "Ann")

    assert (new.username, new.points) == ("ann", 5)
    assert (renamed.username, renamed.is_active, renamed.points) == ("Ann", True, 5)
    assert same.updated_at == renamed.updated_at


async def test_nothing_new_costs_one_round_trip(
    distant: Database, round_trips: RoundTrips
) -> None:
    await distant.user.refresh(GUILD, ANN, "ann")

    assert await round_trips(lambda: distant.user.refresh(GUILD, ANN, "ann")) == 1


async def test_channels_of_the_gallery_come_in_pages(db: Database) -> None:
    for channel in range(1, 6):
        await db.gallery.upsert(
            ("channel_id",), channel_id=channel, channel_name=f"c{channel}", guild_id=1
        )

    first = await db.gallery.page(GUILD, limit=3)
    rest = await db.gallery.page(GUILD, after=first.next, limit=3)

    assert [c.channel_name for c in first.items] == ["c1", "c2", "c3"]
    assert [c.channel_name for c in rest.items] == ["c4", "c5"]
    assert rest.next is None


async def test_the_history_of_a_member_is_opened_at_a_page(db: Database) -> None:
    await join(db, ANN)
    await join(db, BOB)
    for number in range(1, 8):
        await db.points.grant(GUILD, ANN, number)
        await db.points.grant(GUILD, BOB, 100)

    at = await db.points.history_at(GUILD, ANN, 2, kind="grant", limit=3)
    page = await db.points.history(GUILD, ANN, kind="grant", after=at.after, limit=3)
    last = await db.points.history_at(GUILD, ANN, 99, kind="grant", limit=3)

    assert [entry.amount for entry in page.items] == [4, 3, 2]
    assert (at.number, last.number) == (2, 3)


async def test_a_leaderboard_opened_at_a_page_has_the_ranks_of_that_page(
    db: Database,
) -> None:
    for number, points in enumerate([90, 80, 70, 60, 60], 1):
        await join(db, number, points)

    at = await db.points.leaderboard_at(GUILD, 3, limit=2)
    page = await db.points.leaderboard(GUILD, after=at.after, limit=2)

    assert [(place.rank, place.discord_id) for place in page.items] == [(4, 5)]


async def test_a_place_is_a_rank_and_the_time_of_the_last_entry(db: Database) -> None:
    await join(db, ANN, 5)
    await join(db, BOB, 9)
    carol = await join(db, CAROL)
    last = (await db.points.history(GUILD, ANN, limit=1)).items[0]

    ann = await db.points.place(await db.points.balance(GUILD, ANN))

    assert (ann.points, ann.rank, ann.last_entry) == (5, 2, last.created_at)
    assert (await db.points.place(carol)).last_entry is None


async def test_a_place_takes_two_round_trips(
    distant: Database, round_trips: RoundTrips
) -> None:
    ann = await join(distant, ANN, 5)

    assert await round_trips(lambda: distant.points.place(ann)) == 2
