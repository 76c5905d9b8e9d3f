"""Where a page begins by its number, against the pages that are turned to."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import col

from tests.repositories.test_pages import (
    Key,
    Values,
    add,
    guilds,
    in_order,
    often,
    order_by,
    orders,
    rows_of_values,
)
from tuxdb.database import Database
from tuxdb.models import Guild, User
from tuxdb.repositories import Repository, reading

guild_ids = count(1)


@given(rows=rows_of_values, keys=orders, limit=some.integers(1, 5), data=some.data())
@often
async def test_a_page_found_by_number_is_the_one_that_turning_leads_to(
    db: Database, rows: list[Values], keys: list[Key], limit: int, data: Any
) -> None:
    guild_id = next(guild_ids)
    await add(db, guild_id, rows)
    wanted: dict[str, Any] = {
        "filters": User.guild_id == guild_id,
        "order_by": order_by(keys),
    }
    number = data.draw(some.integers(-1, 15))
    users: Repository[User] = Repository(User)

    async with db.read() as session:
        found = await users.page_at(session, **wanted, number=number, limit=limit)
        page = await users.page_after(session, **wanted, after=found.after, limit=limit)

    expected = in_order(await db.user.find_all(wanted["filters"]), keys)
    last = max(1, -(-len(rows) // limit))
    assert found.number == min(max(number, 1), last)
    first = (found.number - 1) * limit
    assert [user.id for user in page.items] == expected[first : first + limit]


async def test_a_jump_goes_no_further_than_is_counted(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_COUNTED", 20)
    await guilds(db, 45)

    async with db.read() as session:
        found = await Repository(Guild).page_at(session, number=5, limit=10)

    assert found.number == 2


async def test_filters_may_be_an_iterator(db: Database) -> None:
    await guilds(db, 4)
    ids = [guild.id for guild in await db.guild.find_all()]
    others = [col(Guild.id) != ids[0]]
    repository: Repository[Guild] = Repository(Guild)

    async with db.read() as session:
        at = await repository.page_at(session, filters=iter(others), number=2, limit=1)
        page = await repository.page_after(
            session, filters=others, after=at.after, limit=1
        )

    assert [guild.id for guild in page.items] == [ids[2]]
