"""Statements alone: their results, plans that grow stale, and DDL meanwhile."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import MultipleResultsFound, NoResultFound

from tests.harness.members import member, raw
from tuxdb.database import Database
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Found
from tuxdb.errors import Busy
from tuxdb.models import Guild, GuildConfig, User


def test_what_was_found_reads_like_a_result() -> None:
    none: Found[int] = Found([], 0)
    one = Found([7], 1)
    two = Found([7, 8], 2)

    assert (none.first(), one.first(), two.first()) == (None, 7, 7)
    assert (none.one_or_none(), one.one_or_none(), one.one()) == (None, 7, 7)
    assert (list(two), two.all(), two.rowcount) == ([7, 8], [7, 8], 2)
    with pytest.raises(NoResultFound):
        none.one()
    with pytest.raises(MultipleResultsFound):
        two.one()


async def test_rows_have_names_and_counts_are_the_servers(
    db_service: DatabaseService,
) -> None:
    write, read = db_service.statements, db_service.reads
    rows = [{"id": number, "name": f"guild {number}"} for number in range(1, 4)]

    done = await write.execute(insert(Guild).values(rows))
    found = await read.execute(select(Guild.id, Guild.name).order_by(Guild.id))  # type: ignore[call-overload]

    assert done.rowcount == 3
    assert [(row.id, row.name) for row in found] == [
        (1, "guild 1"),
        (2, "guild 2"),
        (3, "guild 3"),
    ]
    assert await read.scalar(select(func.count()).select_from(Guild)) == 3


async def test_a_statement_commits_by_itself(db_service: DatabaseService) -> None:
    await db_service.statements.execute(text("INSERT INTO guilds (id) VALUES (1)"))

    other = await raw(db_service)
    assert await other.fetchval("SELECT count(*) FROM guilds") == 1
    await other.close()


async def test_json_becomes_objects_by_every_way(db: Database) -> None:
    settings = {"words": ["hi"], "id": 2**63 - 1, "on": True, "none": None}
    created = await db.guild_config.create(guild_id=1, settings=settings)
    read = await db.guild_config.get_or_raise(1)
    (found,) = await db.guild_config.find_all()
    async with db.session() as session:
        loaded = await session.get_one(GuildConfig, 1)

    assert created.settings == settings
    assert read.settings == settings
    assert found.settings == settings
    assert loaded.settings == settings


@pytest.fixture
async def other(db: Database) -> "asyncpg.Connection[asyncpg.Record]":
    """Somebody else's session, who changes the schema."""
    connection = await raw(db)
    yield connection
    await connection.close()


async def test_a_prepared_plan_that_became_stale_is_made_anew(
    db: Database, other: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    user = await member(db)

    async def everything(number: int) -> None:
        found = await db.user.get_or_raise(user.id)
        assert await db.user.find_all() == [found]
        assert await db.user.count() == 1
        changed = await db.user.update_by_id(user.id, message_count=number)
        assert changed is not None
        assert changed.message_count == number
        await db.points.grant(1, user.discord_id, 1)
        async with db.transaction():
            assert await db.user.get_by_id(user.id)
            assert await db.user.bulk_update([{"id": user.id}]) == 1

    await everything(1)
    await other.execute("ALTER TABLE users ALTER username TYPE text")
    await everything(2)
    await other.execute("ALTER TABLE users ADD COLUMN more text")
    await everything(3)
    await other.execute("ALTER TABLE users DROP COLUMN more")
    await everything(4)
    await other.execute("ALTER TABLE points_transactions ALTER reason TYPE text")
    await everything(5)


async def test_a_transaction_that_meets_a_stale_plan_changed_nothing(
    db: Database, other: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Only its author can run it again; `run_in_transaction` does."""
    user = await member(db)

    async def rename(*_: object) -> None:
        async with db.transaction():
            await db.user.update_by_id(user.id, username="changed")
            await db.user.find_all()

    await rename()
    await other.execute("ALTER TABLE users ADD COLUMN more text")
    await other.execute("ALTER TABLE users ALTER username TYPE text")
    with pytest.raises(Busy, match="the schema has just changed"):
        await rename()
    await rename()
    await other.execute("ALTER TABLE users ALTER username TYPE varchar(100)")
    await db.run_in_transaction(rename)


async def test_the_schema_changes_while_many_work(
    db: Database, other: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    user = await member(db)
    over = asyncio.Event()
    calls = 0

    async def work() -> None:
        nonlocal calls
        while not over.is_set():
            assert await db.user.get_by_id(user.id)
            assert len(await db.user.find_all(User.guild_id == 1)) == 1
            await db.user.update_by_id(user.id, is_active=True)
            calls += 3

    tasks = [asyncio.create_task(work()) for _ in range(4)]
    for number in range(10):
        kind = "text" if number % 2 else "varchar(100)"
        await other.execute(f"ALTER TABLE users ALTER username TYPE {kind}")
        await other.execute(f"ALTER TABLE users ADD COLUMN more{number} int")
    over.set()
    await asyncio.gather(*tasks)

    assert calls > 0
