"""All that is known of a person, told table by table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.harness.economy import ANN, BOB, GUILD, join
from tuxdb.controllers import people
from tuxdb.database import Database
from tuxdb.errors import NotFound

TABLES = [
    "cases",
    "messages",
    "points_freezes",
    "points_transactions",
    "tuxdb_change",
    "users",
]


async def known(db: Database, *who: int) -> dict[str, list[dict[str, Any]]]:
    """The export, put together."""
    found: dict[str, list[dict[str, Any]]] = {}
    async for table, rows in db.people.export(*who):
        found.setdefault(table, []).extend(rows)
    return found


async def write(db: Database, author: int, count: int, guild_id: int = GUILD) -> None:
    """Messages of somebody."""
    await db.messages.bulk_create(
        [
            {
                "id": author * 100_000 + number,
                "guild_id": guild_id,
                "channel_id": 1,
                "author_id": author,
                "content": f"message {number}",
                "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for number in range(count)
        ]
    )


async def test_every_table_is_told_with_the_persons_rows_only(db: Database) -> None:
    ann, bob = await join(db, ANN, 10), await join(db, BOB, 10)
    for number, user in enumerate((ann, bob), 1):
        await db.case.create(
            guild_id=GUILD, user_id=user.id, case_number=number, case_type="warn"
        )
        await write(db, user.discord_id, 2)
    await db.points.transfer(GUILD, ANN, BOB, 1)
    await db.points.freeze(GUILD, ANN, reason="dispute")

    found = await known(db, ANN)

    assert list(found) == TABLES
    assert [row["discord_id"] for row in found["users"]] == [ANN]
    assert [row["user_id"] for row in found["cases"]] == [ann.id]
    assert [row["author_id"] for row in found["messages"]] == [ANN, ANN]
    assert [row["kind"] for row in found["points_transactions"]] == [
        "grant",
        "transfer",
    ]
    assert [row["reason"] for row in found["points_freezes"]] == ["dispute"]


async def test_one_guild_can_be_singled_out(db: Database) -> None:
    await join(db, ANN, 10)
    await join(db, ANN, 10, guild_id=2)
    await write(db, ANN, 2)

    assert len((await known(db, ANN))["users"]) == 2
    elsewhere = await known(db, ANN, 2)
    assert [row["guild_id"] for row in elsewhere["users"]] == [2]
    assert elsewhere["messages"] == []


async def test_many_rows_come_some_at_a_time(db: Database) -> None:
    await write(db, ANN, people.AT_ONCE * 2 + 1)

    sizes = [len(rows) async for table, rows in db.people.export(ANN) if rows]

    assert sizes == [people.AT_ONCE, people.AT_ONCE, 1]


async def test_of_nobody_there_is_nothing_to_tell(db: Database) -> None:
    await join(db, BOB)

    for who in ((ANN,), (BOB, 2)):
        with pytest.raises(NotFound):
            await known(db, *who)
