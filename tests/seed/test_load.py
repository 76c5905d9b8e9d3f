"""Fake data in a database: complete, proven, once, and leaving things as they were."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from tuxdb import Database, seed
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, Refused
from tuxdb.models import Guild, Messages, Seed, User
from tuxdb.seed import catalog, load
from tuxdb.seed.check import verify_ledger
from tuxdb.seed.worker import FEW_ROWS

SMALL: dict[str, Any] = {
    "guilds": 3,
    "users": 60,
    "messages": 200,
    "transfers": 100,
    "cases": 10,
    "random_seed": 7,
}
SCHEMA = text("""
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT conrelid::regclass || ' ' || conname || ' ' || convalidated || ' '
           || pg_get_constraintdef(oid) FROM pg_constraint
    ORDER BY 1
""")
GUARDS = text(
    "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'O' AND NOT tgisinternal"
)


async def count(db: DatabaseService, model: type) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def strings(db: DatabaseService, statement: object) -> list[str]:
    async with db.read() as session:
        return list((await session.scalars(statement)).all())  # type: ignore[call-overload]


async def test_tables_are_filled_with_the_numbers_asked_for(db: Database) -> None:
    report = await seed.fake(db, **SMALL)

    assert [(item.table, item.inserted) for item in report.items] == [
        ("guilds", 3),
        ("guild_configs", 3),
        ("points_transactions", 160),
        ("messages", 200),
        ("users", 60),
        ("cases", 10),
    ]
    assert await count(db, User) == 60
    assert await count(db, Messages) == 200


async def test_ledger_verifies_afterwards(db: Database) -> None:
    await seed.fake(db, **SMALL)

    assert (await db.points.verify()).mismatches == []


async def test_guards_of_the_ledger_are_on_again(db: Database) -> None:
    await seed.fake(db, **SMALL)

    assert await strings(db, GUARDS) == []
    with pytest.raises(Refused):
        async with db.session() as session:
            await session.execute(text("UPDATE users SET points = points + 1"))


async def test_second_time_nothing_changes(db: Database) -> None:
    first = await seed.fake(db, **SMALL)
    second = await seed.fake(db, **SMALL)

    assert not first.unchanged
    assert second.unchanged
    assert second.guild_ids == first.guild_ids
    assert await count(db, Guild) == 3


async def test_other_numbers_make_other_guilds_beside(db: Database) -> None:
    await seed.fake(db, **SMALL)
    await seed.fake(db, **SMALL | {"random_seed": 8})

    assert await count(db, Guild) == 6
    assert (await db.points.verify()).mismatches == []


async def test_two_at_once_load_once(db: Database) -> None:
    reports = await asyncio.gather(
        *(asyncio.create_task(seed.fake(db, **SMALL)) for _ in range(2))
    )

    assert sorted(report.unchanged for report in reports) == [False, True]
    assert await count(db, Guild) == 3


async def test_rows_added_later_get_ids_of_their_own(db: Database) -> None:
    report = await seed.fake(db, **SMALL)
    guild = report.guild_ids[0]

    await db.user.create_user(guild_id=guild, discord_id=5, username="new", points=9)

    assert (await db.points.verify()).mismatches == []


async def test_cases_go_on_behind_those_that_were_made_up(db: Database) -> None:
    report = await seed.fake(db, **SMALL)
    guild_id = report.guild_ids[0]
    async with db.read() as session:
        guild = await session.get(Guild, guild_id)
        user = (
            await session.scalars(select(User).where(col(User.guild_id) == guild_id))
        ).first()
    assert guild is not None
    assert user is not None

    case = await db.case.create(guild_id=guild_id, user_id=user.id, case_type="note")

    assert case.case_number == guild.case_count + 1


async def test_it_is_recorded_by_its_command(db: Database) -> None:
    await seed.fake(db, guilds=1, users=2, random_seed=3, actor="oliver")

    async with db.read() as session:
        record = (await session.scalars(select(Seed))).one()
    assert record.name == "fake --guilds 1 --users 2 --random-seed 3"
    assert (record.rows, record.actor) == (6, "oliver")


async def test_production_takes_no_fake_data(db: Database) -> None:
    async with db.session() as session:
        await session.execute(
            text("INSERT INTO tuxdb_meta VALUES ('environment', 'production')")
        )

    with pytest.raises(Refused, match="protected"):
        await seed.fake(db, **SMALL)
    assert await count(db, Guild) == 0


async def test_rolled_back_in_a_transaction_it_leaves_nothing(db: Database) -> None:
    async def undone() -> None:
        async with db.transaction():
            await seed.fake(db, **SMALL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    assert await count(db, User) == 0
    assert await count(db, Seed) == 0
    assert await strings(db, GUARDS) == []


@pytest.fixture
async def large(db: Database) -> list[str]:
    """A load by a second process, with indexes made afterwards; told the stages."""
    stages: list[str] = []
    rows = load.MANY_ROWS + FEW_ROWS
    await seed.fake(
        db, users=25_000, messages=rows, progress=lambda stage, *_: stages.append(stage)
    )
    return list(dict.fromkeys(stages))


async def test_large_load_ends_with_the_indexes_and_constraints_there_were(
    empty_database_url: str, db: Database, large: list[str]
) -> None:
    from tuxdb.migrate import upgrade

    await upgrade(empty_database_url)
    async with DatabaseService.open(empty_database_url) as untouched:
        expected = await strings(untouched, SCHEMA)
    assert await strings(db, SCHEMA) == expected
    assert large[-2:] == ["indexes", "ledger"]
    assert (await db.points.verify()).mismatches == []


async def test_cancelled_load_leaves_nothing(db: Database) -> None:
    loading = asyncio.create_task(seed.fake(db, users=25_000, messages=200_000))
    await asyncio.sleep(0.7)
    loading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await loading
    assert await count(db, User) == 0
    assert await strings(db, GUARDS) == []


async def test_balance_without_entries_is_found(db: Database) -> None:
    report = await seed.fake(db, **SMALL)

    async with db.session() as session:
        guards = await catalog.disable_guards(session, ["users"])
        await session.execute(text("UPDATE users SET points = points + 1 WHERE id < 3"))
        await catalog.run_ddl(session, guards)
        with pytest.raises(Conflict, match="2 accounts do not add up"):
            await verify_ledger(session, list(report.guild_ids))
        await session.rollback()


async def test_role_that_does_not_own_the_tables_is_refused(
    db: Database, database_url: str
) -> None:
    grants = (
        "CREATE ROLE seed_guest",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO seed_guest",
        "SET ROLE seed_guest",
    )

    async with db.session() as session:
        for statement in grants:
            await session.execute(text(statement))
        with pytest.raises(Refused, match="does not own"):
            await catalog.require_owner(session, ["users", "messages"])
        await session.rollback()
