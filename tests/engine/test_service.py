"""DatabaseService: whose transaction it is, and what becomes of it."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.harness.members import guilds, raw
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import ReadOnlyDatabase
from tuxdb.errors import (
    Conflict,
)
from tuxdb.models import Guild
from tuxdb.settings import Settings


async def fail() -> None:
    raise LookupError


async def test_a_session_commits_at_a_clean_end(db_service: DatabaseService) -> None:
    async with db_service.session() as session:
        session.add(Guild(id=1))

    assert await guilds(db_service) == [1]


async def test_any_exception_rolls_a_session_back(db_service: DatabaseService) -> None:
    async def break_off() -> None:
        async with db_service.session() as session:
            session.add(Guild(id=1))
            await session.flush()
            await fail()

    with pytest.raises(LookupError):
        await break_off()

    assert await guilds(db_service) == []


async def test_cancellation_rolls_a_session_back(db_service: DatabaseService) -> None:
    written = asyncio.Event()

    async def write_and_wait() -> None:
        async with db_service.session() as session:
            session.add(Guild(id=1))
            await session.flush()
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await guilds(db_service) == []
    assert db_service._writer.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_a_session_may_commit_and_go_on(db_service: DatabaseService) -> None:
    async def break_off() -> None:
        async with db_service.session() as session:
            session.add(Guild(id=1))
            await session.commit()
            session.add(Guild(id=2))
            await session.flush()
            await fail()

    with pytest.raises(LookupError):
        await break_off()

    assert await guilds(db_service) == [1]


async def test_objects_stay_usable_after_the_commit(
    db_service: DatabaseService,
) -> None:
    async with db_service.session() as session:
        guild = Guild(id=1, name="Tux")
        session.add(guild)

    assert (guild.id, guild.name, guild.case_count) == (1, "Tux", 0)
    assert guild.created_at.tzinfo is not None


async def test_a_transaction_in_a_transaction_is_a_savepoint(
    db_service: DatabaseService,
) -> None:
    async with db_service.transaction() as outer:
        outer.add(Guild(id=1))

        async def break_off() -> None:
            async with db_service.transaction() as inner:
                inner.add(Guild(id=2))
                await inner.flush()
                await fail()

        with pytest.raises(LookupError):
            await break_off()
        async with db_service.transaction() as inner:
            assert inner is outer
            inner.add(Guild(id=3))

    assert await guilds(db_service) == [1, 3]


async def test_an_error_in_the_outer_takes_the_inner_along(
    db_service: DatabaseService,
) -> None:
    async def break_off() -> None:
        async with db_service.transaction():
            async with db_service.transaction() as inner:
                inner.add(Guild(id=1))
            await fail()

    with pytest.raises(LookupError):
        await break_off()

    assert await guilds(db_service) == []


async def test_a_broken_constraint_in_a_savepoint_leaves_the_outer_whole(
    db_service: DatabaseService,
) -> None:
    async with db_service.transaction() as outer:
        outer.add(Guild(id=1))
        with pytest.raises(Conflict):
            async with db_service.transaction() as inner:
                await inner.execute(text("INSERT INTO guilds (id) VALUES (1)"))

    assert await guilds(db_service) == [1]


async def test_other_tasks_have_no_part_in_a_transaction(
    db_service: DatabaseService,
) -> None:
    async with db_service.transaction() as session:
        session.add(Guild(id=1))
        await session.flush()

        async def child() -> tuple[AsyncSession | None, list[int]]:
            return db_service.current_session(), await guilds(db_service)

        answers = await asyncio.gather(child(), child())

        assert db_service.current_session() is session
    assert list(answers) == [(None, []), (None, [])]


async def test_two_tasks_have_two_transactions(db_service: DatabaseService) -> None:
    both = asyncio.Barrier(2)

    async def write(number: int) -> AsyncSession:
        async with db_service.transaction() as session:
            await both.wait()
            session.add(Guild(id=number))
            await session.flush()
            await both.wait()
            if number == 2:
                await session.rollback()
            return session

    one, other = await asyncio.gather(write(1), write(2))

    assert one is not other
    assert await guilds(db_service) == [1]


async def test_a_transaction_is_over_after_its_block(
    db_service: DatabaseService,
) -> None:
    async with db_service.transaction():
        pass

    async def break_off() -> None:
        async with db_service.transaction():
            await fail()

    with pytest.raises(LookupError):
        await break_off()

    assert db_service.current_session() is None


async def test_another_service_has_no_part_in_it(db_service: DatabaseService) -> None:
    async with (
        DatabaseService.open(db_service.settings) as other,
        db_service.transaction(),
    ):
        assert other.current_session() is None


async def test_run_in_transaction_commits_and_returns(
    db_service: DatabaseService,
) -> None:
    async def work(session: AsyncSession) -> str:
        assert db_service.current_session() is session
        session.add(Guild(id=1))
        return "done"

    assert await db_service.run_in_transaction(work) == "done"
    assert await guilds(db_service) == [1]
    assert db_service.current_session() is None


async def test_run_in_transaction_rolls_back_and_does_not_repeat_an_error_of_ours(
    db_service: DatabaseService,
) -> None:
    calls = []

    async def work(session: AsyncSession) -> None:
        calls.append(session)
        session.add(Guild(id=1))
        await session.flush()
        await fail()

    with pytest.raises(LookupError):
        await db_service.run_in_transaction(work)

    assert len(calls) == 1
    assert await guilds(db_service) == []


async def test_run_in_transaction_within_a_transaction_is_part_of_it(
    db_service: DatabaseService,
) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(Guild(id=2))

    async def break_off() -> None:
        async with db_service.transaction() as outer:
            outer.add(Guild(id=1))
            await db_service.run_in_transaction(work)
            await fail()

    with pytest.raises(LookupError):
        await break_off()

    assert await guilds(db_service) == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO guilds (id) VALUES (1)",
        "UPDATE guilds SET name = 'x'",
        "DELETE FROM guilds",
        "SELECT * FROM guilds FOR UPDATE",
        "SELECT nextval(pg_get_serial_sequence('users', 'id'))",
        "CREATE TABLE other (id int)",
        "TRUNCATE guilds CASCADE",
    ],
)
async def test_read_changes_nothing(
    db_service: DatabaseService, statement: str
) -> None:
    with pytest.raises(ReadOnlyDatabase):
        async with db_service.read() as session:
            await session.execute(text(statement))


async def test_reads_see_each_commit_and_hold_nothing(
    db_service: DatabaseService,
) -> None:
    other = await raw(db_service)
    async with db_service.read() as session:
        assert await session.scalar(select(func.count()).select_from(Guild)) == 0
        await other.execute("INSERT INTO guilds (id) VALUES (1)")
        assert await session.scalar(select(func.count()).select_from(Guild)) == 1
        state = await other.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in trans%'"
        )
    await other.close()

    assert state == 0


async def test_a_snapshot_sees_one_instant_and_changes_nothing(
    db_service: DatabaseService,
) -> None:
    other = await raw(db_service)
    async with db_service.snapshot() as session:
        assert await session.scalar(select(func.count()).select_from(Guild)) == 0
        await other.execute("INSERT INTO guilds (id) VALUES (1)")
        assert await session.scalar(select(func.count()).select_from(Guild)) == 0
    await other.close()

    with pytest.raises(ReadOnlyDatabase):
        async with db_service.snapshot() as session:
            await session.execute(text("DELETE FROM guilds"))


async def test_a_snapshot_leaves_its_connection_as_it_was(settings: Settings) -> None:
    one = Settings(url=settings.url, pool_size=1)
    async with DatabaseService.open(one) as service:
        async with service.snapshot():
            pass
        async with service.session() as session:
            session.add(Guild(id=1))
            timeout = await session.scalar(text("SHOW statement_timeout"))
            level = await session.scalar(text("SHOW transaction_isolation"))

        assert (timeout, level) == ("30s", "read committed")
        assert await guilds(service) == [1]


async def test_a_held_session_keeps_its_connection_and_what_is_temporary(
    db_service: DatabaseService,
) -> None:
    async with db_service.held_session() as session:
        await session.execute(text("CREATE TEMPORARY TABLE mine (id int)"))
        await session.commit()
        await session.execute(text("INSERT INTO mine VALUES (1)"))
        await session.commit()
        session.add(Guild(id=1))
        await session.flush()

    assert await guilds(db_service) == []
    async with db_service.session() as session:
        assert await session.scalar(text("SELECT to_regclass('mine')")) is None
