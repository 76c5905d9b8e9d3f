"""Changing many rows at once: updates, upserts, deletions."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import true
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from tests.controllers.test_many_rows import MORE_THAN_PARAMETERS, ids, numbered
from tests.harness.members import GUILD, member, members, raw, somebody_waits
from tuxdb.database import Database
from tuxdb.engine.translate import LedgerGuarded
from tuxdb.errors import DatabaseOperationError, InvalidValue
from tuxdb.models import Case, GalleryMementos, Guild, User


async def test_the_count_is_of_the_rows_that_were_there(db: Database) -> None:
    await db.guild.bulk_create(numbered(3))
    rows = [{"id": number, "name": "new"} for number in (1, 3, 99)]

    assert await db.guild.bulk_update(rows) == 2
    assert [guild.name for guild in await db.guild.find_all()] == [
        "new",
        "guild 2",
        "new",
    ]


async def test_more_rows_than_parameters_are_updated(db: Database) -> None:
    await db.guild.bulk_create(numbered(MORE_THAN_PARAMETERS))
    rows = [{"id": n, "name": "new"} for n in range(1, MORE_THAN_PARAMETERS + 10)]

    assert await db.guild.bulk_update(rows) == MORE_THAN_PARAMETERS
    assert await db.guild.count(Guild.name == "new") == MORE_THAN_PARAMETERS


async def test_each_row_changes_its_own_columns(db: Database) -> None:
    ann, bob = await members(db, 2)

    count = await db.user.bulk_update(
        [
            {"id": ann.id, "username": "ann"},
            {"id": bob.id, "message_count": 5, "is_active": False},
        ]
    )

    first, second = await db.user.find_all()
    assert count == 2
    assert (first.username, first.message_count) == ("ann", 0)
    assert (second.username, second.message_count) == (bob.username, 5)
    assert (first.is_active, second.is_active) == (True, False)
    assert first.updated_at > ann.updated_at


@pytest.mark.parametrize(
    "second", [{"id": 1, "name": "b"}, {"id": 1, "case_count": 2}, {"discord_id": 1}]
)
async def test_a_key_in_two_rows_is_refused_whatever_their_columns(
    db: Database, second: dict[str, object]
) -> None:
    await db.guild.bulk_create(numbered(2))
    rows: list[dict[str, object]] = [{"id": 1, "name": "a"}, second]

    with pytest.raises(InvalidValue, match="id stands in more than one row"):
        await db.guild.bulk_update(rows)

    assert (await db.guild.get_or_raise(1)).name == "guild 1"


async def test_a_row_without_its_key_is_refused(db: Database) -> None:
    with pytest.raises(InvalidValue, match="id is required in every row"):
        await db.guild.bulk_update([{"id": 1, "name": "a"}, {"name": "b"}])


async def test_a_row_with_nothing_to_change_is_refused(db: Database) -> None:
    await db.gallery.create(guild_id=GUILD, channel_id=5, channel_name="art")

    with pytest.raises(InvalidValue, match="there is nothing to change"):
        await db.gallery.bulk_update([{"channel_id": 5}])
    with pytest.raises(InvalidValue, match="names no column to change"):
        await db.gallery.update_where(true())


async def test_an_update_that_breaks_a_constraint_changes_nothing(
    db: Database,
) -> None:
    await db.gallery.bulk_create(
        [
            {"guild_id": GUILD, "channel_id": n, "channel_name": f"c{n}"}
            for n in range(1, 4)
        ]
    )
    rows = [{"channel_id": n, "channel_name": "same"} for n in range(1, 4)]

    with pytest.raises(IntegrityError):
        await db.gallery.bulk_update(rows)

    assert await db.gallery.count(GalleryMementos.channel_name == "same") == 0


async def test_opposite_updates_at_once_both_end(db: Database) -> None:
    users = await members(db, 40)
    up = [{"id": user.id, "message_count": 1} for user in users]
    down = [{"id": user.id, "message_count": 2} for user in reversed(users)]

    counts = await asyncio.gather(
        *(db.user.bulk_update(rows) for rows in (up, down) * 2)
    )

    assert counts == [40] * 4
    assert len({user.message_count for user in await db.user.find_all()}) == 1


# -- rows that may be there --------------------------------------------------------


async def test_many_rows_are_inserted_or_changed(db: Database) -> None:
    await db.guild.bulk_create(numbered(3))
    rows = [{"id": number, "name": "new"} for number in range(2, 6)]

    assert await db.guild.bulk_upsert(rows, ["id"]) == 4
    assert [guild.name for guild in await db.guild.find_all()] == [
        "guild 1",
        *["new"] * 4,
    ]


async def test_an_upsert_has_no_limit_of_rows(db: Database) -> None:
    rows = numbered(MORE_THAN_PARAMETERS)

    for _ in range(2):
        assert await db.guild.bulk_upsert(rows, ["id"]) == MORE_THAN_PARAMETERS
    assert await db.guild.count() == MORE_THAN_PARAMETERS


async def test_an_upsert_of_rows_with_different_columns(db: Database) -> None:
    await db.guild.create(id=1, name="one")

    count = await db.guild.bulk_upsert(
        [{"id": 1, "case_count": 3}, {"id": 2, "name": "two"}], ["id"]
    )

    first, second = await db.guild.find_all()
    assert count == 2
    assert (first.name, first.case_count) == ("one", 3)
    assert (second.name, second.case_count) == ("two", 0)


async def test_an_upsert_may_go_by_any_unique_columns_and_their_synonyms(
    db: Database,
) -> None:
    row = {"guild_id": GUILD, "discord_id": 7, "username": "ann"}
    await db.user.bulk_upsert([row], ["guild_id", "discord_id"])

    changed = {**row, "username": "bob"}
    assert await db.user.bulk_upsert([changed], ["guild_id", "discord_id"]) == 1
    assert await db.guild.bulk_upsert([{"discord_id": GUILD}], ["discord_id"]) == 0
    assert [user.username for user in await db.user.find_all()] == ["bob"]


@pytest.mark.parametrize(
    "rows",
    [
        [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}],
        [{"id": 1, "name": "a"}, {"id": 1, "case_count": 1}],
    ],
)
async def test_the_same_row_twice_in_an_upsert_is_refused(
    db: Database, rows: list[dict[str, object]]
) -> None:
    with pytest.raises(InvalidValue, match="id stands in more than one row"):
        await db.guild.bulk_upsert(rows, ["id"])

    assert await db.guild.count() == 0


async def test_an_upsert_by_what_is_no_column_or_not_given_is_refused(
    db: Database,
) -> None:
    with pytest.raises(InvalidValue, match="nope is not a column of guilds"):
        await db.guild.bulk_upsert([{"id": 1}], ["nope"])
    with pytest.raises(InvalidValue, match="nope is not a column of guilds"):
        await db.guild.upsert(["nope"], id=1)
    with pytest.raises(InvalidValue, match="name is required in every row"):
        await db.guild.bulk_upsert([{"id": 1}], ["name"])
    with pytest.raises(DatabaseOperationError):  # a column that is not unique
        await db.guild.bulk_upsert([{"id": 1, "name": "a"}], ["name"])


# -- by a filter, by keys ----------------------------------------------------------


async def test_rows_are_changed_and_deleted_by_a_filter(db: Database) -> None:
    await db.guild.bulk_create(numbered(5))

    assert await db.guild.update_where(Guild.id > 3, name="new") == 2
    assert await db.guild.update_where(Guild.id > 9, {"name": "none"}) == 0
    assert await db.guild.delete_where(Guild.name == "new") == 2
    assert await db.guild.delete_where(true()) == 3


async def test_filters_that_can_be_read_once_are(db: Database) -> None:
    """Read twice, a generator would be no filter the second time: every row."""
    await db.guild.bulk_create(numbered(5))
    high = col(Guild.id) > 3

    assert (await db.guild.paginate(one for one in [high])).total == 2
    assert await db.guild.update_where((one for one in [high]), name="new") == 2
    assert await db.guild.delete_where(one for one in [high]) == 2
    assert await db.guild.count() == 3


@pytest.mark.parametrize("filters", [None, [], (), set(), iter(())])
async def test_every_row_must_be_asked_for(db: Database, filters: object) -> None:
    await db.guild.bulk_create(numbered(2))
    calls: list[Callable[[], Awaitable[int]]] = [
        lambda: db.guild.delete_where(filters),  # type: ignore[arg-type]
        lambda: db.guild.update_where(filters, name="x"),  # type: ignore[arg-type]
    ]

    for call in calls:
        with pytest.raises(InvalidValue, match="filters is required"):
            await call()

    assert await db.guild.count() == 2


async def test_many_rows_are_deleted_by_their_keys(db: Database) -> None:
    await db.guild.bulk_create(numbered(MORE_THAN_PARAMETERS))
    keys = [*range(2, MORE_THAN_PARAMETERS + 1), 10**12, 2, 2]

    assert await db.guild.bulk_delete(keys) == MORE_THAN_PARAMETERS - 1
    assert ids(await db.guild.find_all()) == [1]


async def test_points_do_not_change_by_calls_that_leave_no_entry(db: Database) -> None:
    ann = await member(db, 100)
    row: dict[str, Any] = {
        "guild_id": GUILD,
        "discord_id": ann.discord_id,
        "username": "x",
    }
    key = ("guild_id", "discord_id")

    for call in (
        lambda: db.user.update_where(User.id == ann.id, points=1),
        lambda: db.user.upsert(key, **row, points=1),
        lambda: db.user.bulk_upsert([{**row, "points": 1}], key),
        lambda: db.user.get_or_create(
            {"username": "y", "points": 1}, discord_id=5, guild_id=1
        ),
    ):
        with pytest.raises(LedgerGuarded):
            await call()

    assert (await db.user.get_or_raise(ann.id)).points == 100
    assert await db.user.count() == 1


async def test_a_call_that_is_cancelled_changes_nothing(db: Database) -> None:
    await db.guild.bulk_create(numbered(3))
    other = await raw(db)
    await other.execute("BEGIN; SELECT * FROM guilds WHERE id = 3 FOR UPDATE")
    rows = [{"id": number, "name": "new"} for number in (1, 2, 3)]

    task = asyncio.create_task(db.guild.bulk_update(rows))
    await somebody_waits(db)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await other.close()

    assert await db.guild.count(Guild.name == "new") == 0
    assert await db.guild.bulk_update(rows) == 3


async def test_case_rows_in_bulk_take_their_own_numbers(db: Database) -> None:
    ann = await member(db)
    rows = [
        {"guild_id": GUILD, "user_id": ann.id, "case_number": n, "case_type": "warn"}
        for n in range(1, 61)
    ]

    assert await db.case.bulk_create(rows) == 60
    case = await db.case.create(guild_id=GUILD, user_id=ann.id, case_type="ban")
    assert case.case_number == 61
    assert await db.case.count(Case.case_type == "ban") == 1
