"""Keyset pages against sorted lists: every order, ties, NULLs, changes meanwhile."""

import base64
import json
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as some
from sqlalchemy import UnaryExpression, text
from sqlmodel import col

from tuxdb.database import Database
from tuxdb.errors import UsageError
from tuxdb.models import ChangeSet, Guild, User
from tuxdb.repositories import Repository

often = settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
guild_ids = count(1)
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)

Values = dict[str, Any]
Key = tuple[str, bool, bool | None]
"""A column to sort by, whether downwards, and where its NULLs are told to go."""

rows_of_values = some.lists(
    some.fixed_dictionaries(
        {
            "message_count": some.integers(0, 2),
            "username": some.sampled_from(["a", "b", "c"]),
            "is_active": some.booleans(),
            "last_active": some.none()
            | some.integers(0, 2).map(lambda n: BEGINNING + timedelta(microseconds=n)),
        }
    ),
    max_size=12,
)
orders = some.lists(
    some.tuples(
        some.sampled_from(
            ["message_count", "username", "is_active", "last_active", "id"]
        ),
        some.booleans(),
        some.sampled_from([None, True, False]),
    ),
    max_size=3,
    unique_by=lambda key: key[0],
)


def order_by(keys: list[Key]) -> list[Any]:
    """Keys as SQLAlchemy has them."""
    found: list[UnaryExpression[Any]] = []
    for name, descending, nulls_last in keys:
        column = col(getattr(User, name))
        element = column.desc() if descending else column.asc()
        if nulls_last is not None:
            element = element.nulls_last() if nulls_last else element.nulls_first()
        found.append(element)
    return found


def in_order(users: list[User], keys: list[Key]) -> list[int]:
    """The ids of users in an order, as Python sorts them: by the last key first."""
    rows = sorted(users, key=lambda user: user.id)
    for name, descending, nulls_last in reversed(keys):
        nulls = (not descending) if nulls_last is None else nulls_last
        known = [row for row in rows if getattr(row, name) is not None]
        unknown = [row for row in rows if getattr(row, name) is None]
        known.sort(key=attrgetter(name), reverse=descending)  # ties stay as they were
        rows = known + unknown if nulls else unknown + known
    return [row.id for row in rows]


async def add(db: Database, guild_id: int, rows: list[Values]) -> None:
    """Add users with these values to a guild."""
    await db.user.bulk_create(
        [
            {"guild_id": guild_id, "discord_id": number, **row}
            for number, row in enumerate(rows, 1)
        ]
    )


@given(rows=rows_of_values, keys=orders, limit=some.integers(1, 5))
@often
async def test_pages_put_together_are_the_sorted_list(
    db: Database, rows: list[Values], keys: list[Key], limit: int
) -> None:
    guild_id = next(guild_ids)
    await add(db, guild_id, rows)
    mine = User.guild_id == guild_id

    pages: list[list[int]] = []
    cursor: str | None = None
    while cursor is not None or not pages:
        page = await db.user.page_after(
            cursor, filters=mine, order_by=order_by(keys), limit=limit
        )
        pages.append([user.id for user in page.items])
        cursor = page.next

    expected = in_order(await db.user.find_all(mine), keys)
    assert [user_id for page in pages for user_id in page] == expected
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == max(1, -(-len(rows) // limit))


@given(rows=rows_of_values, keys=orders, data=some.data())
@often
async def test_rows_that_stay_come_once_whatever_comes_and_goes(
    db: Database, rows: list[Values], keys: list[Key], data: Any
) -> None:
    guild_id = next(guild_ids)
    await add(db, guild_id, rows)
    mine = User.guild_id == guild_id
    staying = {user.id for user in await db.user.find_all(mine)}
    newcomers = count(1000)
    seen: list[int] = []
    cursor: str | None = None

    for turn in count():
        page = await db.user.page_after(
            cursor, filters=mine, order_by=order_by(keys), limit=2
        )
        seen += [user.id for user in page.items]
        cursor = page.next
        if cursor is None:
            break
        if turn < 4:
            leaver = data.draw(some.sampled_from([0, *sorted(staying)]))
            staying.discard(leaver)
            await db.user.delete_by_id(leaver)
            for row in data.draw(rows_of_values.map(lambda new: new[:2])):
                discord_id = next(newcomers)
                await db.user.create(guild_id=guild_id, discord_id=discord_id, **row)

    assert len(seen) == len(set(seen))
    assert staying <= set(seen)


async def guilds(db: Database, how_many: int) -> None:
    await db.guild.bulk_create(
        [{"id": number, "name": f"guild {number}"} for number in range(1, how_many + 1)]
    )


async def first_cursor(db: Database, **options: Any) -> str:
    page = await db.guild.page_after(limit=1, **options)
    assert page.next is not None
    return page.next


async def test_a_cursor_belongs_to_its_order_and_filters(db: Database) -> None:
    await guilds(db, 3)
    by_name = {"order_by": Guild.name}
    filtered = {"filters": Guild.id > 1}

    for made_for, used_for in (
        ({}, by_name),
        (by_name, {}),
        ({}, filtered),
        (filtered, {"filters": Guild.id > 2}),
        (by_name, {"order_by": col(Guild.name).desc()}),
        (by_name, {"order_by": col(Guild.name).nulls_first()}),
    ):
        cursor = await first_cursor(db, **made_for)
        with pytest.raises(UsageError, match="cursor does not belong to this query"):
            await db.guild.page_after(cursor, **used_for)


async def test_a_cursor_may_be_used_with_another_limit_and_by_another_process(
    db: Database,
) -> None:
    await guilds(db, 5)
    cursor = await first_cursor(db)

    async with Database.open(db.settings) as other:
        page = await other.guild.page_after(cursor, limit=3)

    assert [guild.id for guild in page.items] == [2, 3, 4]


@given(data=some.data())
@often
async def test_a_cursor_that_was_tampered_with_is_refused(
    db: Database, data: Any
) -> None:
    await db.guild.bulk_upsert([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], ["id"])
    cursor = await first_cursor(db, order_by=Guild.name)
    place = data.draw(some.integers(0, len(cursor) - 1))
    letter = data.draw(some.characters(codec="utf-8"))
    changed = cursor[:place] + letter + cursor[place + 1 :]
    assume(_content(changed) != _content(cursor))

    with pytest.raises(UsageError):
        await db.guild.page_after(changed, order_by=Guild.name)


def _content(cursor: str) -> bytes | None:
    """What a cursor says; the last letter has bits that say nothing."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
    except ValueError:
        return None


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@given(
    cursor=some.text()
    | some.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    | json_values.map(
        lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    )
)
@often
async def test_anything_else_is_no_cursor(db: Database, cursor: str) -> None:
    with pytest.raises(UsageError):
        await db.guild.page_after(cursor)


async def test_a_cursor_nested_without_end_is_refused(db: Database) -> None:
    cursor = base64.urlsafe_b64encode(b"[" * 100_000).decode()

    with pytest.raises(UsageError):
        await db.guild.page_after(cursor)


async def test_keys_that_are_uuids_have_pages_too(db: Database) -> None:
    changesets: Repository[ChangeSet] = Repository(ChangeSet)
    ids = sorted((uuid4() for _ in range(5)), key=lambda one: one.bytes)
    async with db.session() as session:
        for number in ids:
            session.add(ChangeSet(id=number, command="test", parts=[]))

    seen: list[UUID] = []
    cursor: str | None = None
    async with db.read() as session:
        while cursor is not None or not seen:
            page = await changesets.page_after(
                session,
                order_by=col(ChangeSet.created_at).desc(),
                after=cursor,
                limit=2,
            )
            seen += [one.id for one in page.items]
            cursor = page.next

    assert seen == ids  # made in one transaction, at one time


async def test_a_deep_page_reads_no_more_rows_than_the_first(db: Database) -> None:
    await guilds(db, 1001)
    deep = await db.guild.page_after(limit=990)
    fetched = text("SELECT pg_stat_get_xact_tuples_fetched('guilds'::regclass)")

    async def rows_read(after: str | None) -> int:
        async with db.session() as session:
            await db.guild.page_after(after, limit=10, session=session)
            return int(await session.scalar(fetched) or 0)

    assert await rows_read(None) <= 11
    assert await rows_read(deep.next) <= 11
