"""BaseController: lists and numbered pages, and changes of many rows."""

from typing import Any

import pytest
from sqlalchemy import and_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from tuxdb.database import Database
from tuxdb.errors import InvalidValue
from tuxdb.models import Guild

MORE_THAN_PARAMETERS = 33_000
"""Rows; a statement takes at most 32,767 parameters."""


def numbered(count: int) -> list[dict[str, object]]:
    return [{"id": number, "name": f"guild {number}"} for number in range(1, count + 1)]


def ids(rows: list[Guild]) -> list[int]:
    return [row.id for row in rows]


# -- lists -------------------------------------------------------------------------


async def test_filters_order_limit_and_offset(db: Database) -> None:
    await db.guild.bulk_create(numbered(5))
    descending = col(Guild.id).desc()

    assert ids(await db.guild.find_all()) == [1, 2, 3, 4, 5]
    assert ids(await db.guild.find_all(Guild.id > 3)) == [4, 5]
    assert ids(await db.guild.find_all(order_by=descending, limit=2)) == [5, 4]
    assert ids(await db.guild.find_all(limit=2, offset=3)) == [4, 5]
    assert await db.guild.find_all(limit=0) == []


async def test_filters_may_be_several(db: Database) -> None:
    await db.guild.bulk_create(numbered(5))
    low, high = col(Guild.id) > 1, col(Guild.id) < 4

    for filters in ([low, high], (low, high), {low, high}, (f for f in (low, high))):
        assert ids(await db.guild.find_all(filters)) == [2, 3]
    assert ids(await db.guild.find_all(and_(low, high))) == [2, 3]
    assert ids(await db.guild.find_all([])) == [1, 2, 3, 4, 5]


async def test_the_key_closes_every_order(db: Database) -> None:
    await db.guild.bulk_create([{"id": n, "name": "same"} for n in (3, 1, 2)])

    assert ids(await db.guild.find_all(order_by=Guild.name)) == [1, 2, 3]
    by_two = [col(Guild.name).desc(), col(Guild.id).desc()]
    assert ids(await db.guild.find_all(order_by=by_two)) == [3, 2, 1]


async def test_an_order_may_be_the_name_of_a_column(db: Database) -> None:
    await db.guild.bulk_create([{"id": n, "name": f"{9 - n}"} for n in range(1, 4)])

    assert ids(await db.guild.find_all(order_by="name")) == [3, 2, 1]
    assert ids((await db.guild.page_after(order_by=["name"])).items) == [3, 2, 1]
    with pytest.raises(InvalidValue, match="nope is not a column of guilds"):
        await db.guild.find_all(order_by="nope")


async def test_a_cursor_holds_columns_only(db: Database) -> None:
    with pytest.raises(InvalidValue, match="is not a column of guilds"):
        await db.guild.page_after(order_by=Guild.case_count + 1)


@pytest.mark.parametrize("name", ["limit", "offset"])
async def test_less_than_nothing_is_refused(db: Database, name: str) -> None:
    with pytest.raises(InvalidValue, match=f"{name} is less than 0"):
        await db.guild.find_all(**{name: -1})  # type: ignore[arg-type]


async def test_counting_and_existence_go_by_the_filter(db: Database) -> None:
    await db.guild.bulk_create(numbered(3))

    assert await db.guild.count() == 3
    assert await db.guild.count(Guild.id > 1) == 2
    assert await db.guild.exists(Guild.id == 3)
    assert not await db.guild.exists(Guild.id == 4)
    assert await db.case.exists() is False


@pytest.mark.parametrize(
    ("page", "found", "has_prev", "has_next"),
    [
        (1, [1, 2], False, True),
        (2, [3, 4], True, True),
        (3, [5], True, False),
        (4, [], True, False),
    ],
)
async def test_a_numbered_page_knows_its_place(
    db: Database, page: int, found: list[int], has_prev: bool, has_next: bool
) -> None:
    await db.guild.bulk_create(numbered(5))

    result = await db.guild.paginate(page=page, per_page=2)

    assert ids(result.items) == found
    assert (result.total, result.pages) == (5, 3)
    assert (result.page, result.per_page) == (page, 2)
    assert (result.has_prev, result.has_next) == (has_prev, has_next)


async def test_pages_of_nothing(db: Database) -> None:
    result = await db.guild.paginate()

    assert (result.items, result.total, result.pages) == ([], 0, 0)
    assert (result.has_prev, result.has_next) == (False, False)


async def test_pages_of_equal_values_neither_repeat_nor_skip(db: Database) -> None:
    await db.guild.bulk_create([{"id": n, "name": "same"} for n in range(1, 30)])

    seen = []
    for page in range(1, 7):
        result = await db.guild.paginate(order_by=Guild.name, page=page, per_page=5)
        seen += ids(result.items)

    assert seen == list(range(1, 30))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"page": 0}, "page is not a whole number from 1 on"),
        ({"page": 1.5}, "page is not a whole number from 1 on"),
        ({"per_page": 0}, "per_page is not between 1 and 1000"),
        ({"per_page": 1001}, "per_page is not between 1 and 1000"),
    ],
)
async def test_impossible_pages_are_refused(
    db: Database, options: dict[str, int], problem: str
) -> None:
    with pytest.raises(InvalidValue, match=problem):
        await db.guild.paginate(**options)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="limit is not between 1 and 1000"):
        await db.guild.page_after(limit=0)


# -- many new rows ----------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 49, 50, MORE_THAN_PARAMETERS])
async def test_any_number_of_rows_is_created(db: Database, count: int) -> None:
    assert await db.guild.bulk_create(numbered(count)) == count
    assert await db.guild.count() == count


async def test_no_rows_are_nothing(db: Database) -> None:
    assert await db.guild.bulk_create([]) == 0
    assert await db.guild.bulk_update([]) == 0
    assert await db.guild.bulk_upsert([], ["id"]) == 0
    assert await db.guild.bulk_delete([]) == 0


async def test_rows_with_different_columns_come_in_together(db: Database) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1},
        {"id": 2, "name": "two"},
        {"id": 3},
        {"name": "four", "id": 4},
    ]

    assert await db.guild.bulk_create(rows) == 4
    assert [guild.name for guild in await db.guild.find_all()] == [
        None,
        "two",
        None,
        "four",
    ]


async def test_unseen_guilds_are_inserted_for_many_rows_too(db: Database) -> None:
    rows = [
        {"guild_id": 1 + n % 3, "discord_id": 1 + n, "username": f"u{n}"}
        for n in range(60)
    ]

    assert await db.user.bulk_create(rows) == 60
    assert ids(await db.guild.find_all()) == [1, 2, 3]


@pytest.mark.parametrize("count", [10, 100])
async def test_one_bad_row_and_none_is_created(db: Database, count: int) -> None:
    await db.guild.create(id=count)

    with pytest.raises(IntegrityError):
        await db.guild.bulk_create(numbered(count))

    assert await db.guild.count() == 1


async def test_the_bad_row_and_field_are_named_before_anything_is_sent(
    db: Database,
) -> None:
    rows = numbered(100)
    rows[41]["name"] = "x" * 101

    with pytest.raises(InvalidValue) as error:
        await db.guild.bulk_create(rows)
    assert str(error.value) == "row 42: name is longer than 100 characters"

    rows[41] = {"id": 42, "nam": "x"}
    with pytest.raises(InvalidValue, match="nam is not a column of guilds"):
        await db.guild.bulk_create(rows)
    with pytest.raises(InvalidValue, match="id is required"):
        await db.guild.bulk_create([{"id": 1}, {"name": "no key"}])
    assert await db.guild.count() == 0


# -- many changed rows ------------------------------------------------------------
