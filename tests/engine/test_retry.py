"""What is run again, how often, and what never is."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tests.harness.failing import attempts, fail_at_first
from tests.harness.listening import until
from tests.harness.members import raw
from tests.harness.wire import (
    COMMIT,
    EXECUTE,
    Wire,
    cut_at_once,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.database import Database
from tuxdb.engine.retry import retrying
from tuxdb.errors import Busy, DatabaseUnavailable, OutcomeUnknown
from tuxdb.models import Guild
from tuxdb.settings import Settings


@pytest.fixture
async def distant(wire: Wire) -> AsyncIterator[Database]:
    async with Database.open(Settings(url=wire.url)) as database:
        yield database


class Work:
    """A unit of work that inserts a guild, and counts how often it is run."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, session: AsyncSession) -> int:
        self.calls += 1
        session.add(Guild(id=self.calls))
        await session.flush()
        return self.calls


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("times", [1, 4])
async def test_a_transaction_is_repeated_from_its_start(
    db: Database, times: int, state: str
) -> None:
    await fail_at_first(db, times, state=state)
    work = Work()

    assert await db.run_in_transaction(work) == times + 1
    assert [guild.id for guild in await db.guild.find_all()] == [times + 1]


async def test_the_fifth_failure_is_an_answer(db: Database) -> None:
    await fail_at_first(db, 5)
    work = Work()

    with pytest.raises(Busy):
        await db.run_in_transaction(work)

    assert work.calls == 5
    assert await db.guild.count() == 0


async def test_attempts_can_be_limited(db: Database) -> None:
    await fail_at_first(db, 1)

    with pytest.raises(Busy):
        await db.run_in_transaction(Work(), attempts=1)


async def test_a_failure_in_a_savepoint_repeats_the_whole(db: Database) -> None:
    await fail_at_first(db, 2)

    async def work(session: AsyncSession) -> None:
        async with db.transaction() as inner:
            inner.add(Guild(id=1))

    await db.run_in_transaction(work)

    assert await db.guild.count() == 1
    assert await attempts(db) == 3


async def test_single_statements_and_bulk_calls_are_repeated(db: Database) -> None:
    await fail_at_first(db, 2)
    await db.guild.create(id=1)
    assert await attempts(db) == 3


async def test_bulk_calls_are_repeated(db: Database) -> None:
    await fail_at_first(db, 2)
    assert await db.guild.bulk_create([{"id": 1}]) == 1
    assert await attempts(db) == 3


async def test_other_errors_are_not_repeated(db: Database) -> None:
    await db.guild.create(id=1)
    work = Work()

    with pytest.raises(IntegrityError):
        await db.run_in_transaction(work)

    assert work.calls == 1


async def test_a_real_deadlock_ends_well_for_both(db: Database) -> None:
    await db.guild.bulk_create([{"id": 1}, {"id": 2}])
    connection = await raw(db)
    await connection.execute("ALTER SYSTEM SET deadlock_timeout = '50ms'")
    await connection.execute("SELECT pg_reload_conf()")
    both = asyncio.Barrier(2)
    calls: list[int] = []

    async def lock(first: int, second: int) -> None:
        async def work(session: AsyncSession) -> None:
            calls.append(first)
            await db.guild.update_by_id(first, name=f"{first}", session=session)
            if len(calls) <= 2:
                await both.wait()
            await db.guild.update_by_id(second, name=f"{first}", session=session)

        await db.run_in_transaction(work)

    await asyncio.gather(lock(1, 2), lock(2, 1))

    await connection.execute("ALTER SYSTEM RESET deadlock_timeout")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    assert len(calls) == 3
    assert len({guild.name for guild in await db.guild.find_all()}) == 1


async def test_a_lost_answer_to_commit_is_of_unknown_outcome_and_not_repeated(
    distant: Database, db: Database, wire: Wire
) -> None:
    work = Work()
    wire.strike_at(COMMIT, lose_the_answer)

    with pytest.raises(OutcomeUnknown):
        await distant.run_in_transaction(work)

    assert work.calls == 1
    assert await db.guild.count() == 1  # it was committed


async def test_a_commit_that_the_server_never_heard_is_of_unknown_outcome_too(
    distant: Database, db: Database, wire: Wire
) -> None:
    work = Work()
    wire.strike_at(COMMIT, lose_the_request)

    with pytest.raises(OutcomeUnknown):
        await distant.run_in_transaction(work)

    assert work.calls == 1
    assert await db.guild.count() == 0


@pytest.mark.parametrize("strike", [lose_the_answer, lose_the_request, cut_at_once])
async def test_sessions_and_transactions_tell_of_a_commit_in_doubt(
    distant: Database, wire: Wire, strike: object
) -> None:
    for number, opened in enumerate((distant.session, distant.transaction), 1):
        wire.strike_at(COMMIT, strike)  # type: ignore[arg-type]
        with pytest.raises(OutcomeUnknown):
            async with opened() as session:
                session.add(Guild(id=number))


async def test_a_break_before_the_commit_repeats_the_transaction(
    distant: Database, wire: Wire
) -> None:
    work = Work()
    wire.strike_at(b"INSERT INTO guilds", lose_the_answer)

    assert await distant.run_in_transaction(work) == 2
    assert [guild.id for guild in await distant.guild.find_all()] == [2]


async def test_a_break_before_the_commit_of_a_session_changed_nothing(
    distant: Database, wire: Wire
) -> None:
    wire.strike_at(b"INSERT INTO guilds", lose_the_answer)

    async def add() -> None:
        async with distant.session() as session:
            session.add(Guild(id=1))
            await session.flush()

    with pytest.raises(DatabaseUnavailable):
        await add()

    assert await distant.guild.count() == 0


async def test_a_broken_read_is_repeated(distant: Database, wire: Wire) -> None:
    await distant.guild.create(id=1)
    for part in (b"guilds", EXECUTE):
        wire.strike_at(part, lose_the_answer)
        assert await distant.guild.get_by_id(1) is not None
        assert wire.struck.is_set()


async def test_a_write_that_was_sent_and_not_answered_is_of_unknown_outcome(
    distant: Database, wire: Wire
) -> None:
    await distant.guild.create(id=1)
    wire.strike_at(EXECUTE, lose_the_answer)

    with pytest.raises(OutcomeUnknown):
        await distant.guild.update_by_id(1, name="new")

    assert (await distant.guild.get_or_raise(1)).name == "new"


async def test_killed_sessions_are_replaced_before_anybody_notices(
    db: Database, settings: Settings
) -> None:
    async with Database.open(settings, application_name="killed") as service:

        async def read() -> int:
            return await service.guild.count()

        async def write() -> None:
            async with service.session() as session:
                await session.execute(text("SELECT pg_sleep(0.02)"))

        for first in (read, write):
            await asyncio.gather(*(read() for _ in range(5)))
            await asyncio.gather(*(write() for _ in range(5)))
            assert await terminate(db, "killed") > 4
            await first()

        await terminate(db, "killed")
        await service.guild.create(id=1)


async def terminate(db: Database, name: str) -> int:
    """End all sessions of a service and wait until the server has."""
    connection = await raw(db)
    mine = "application_name = $1 AND datname = current_database()"
    count = await connection.fetchval(
        "SELECT count(pg_terminate_backend(pid, 5000))"
        f" FROM pg_stat_activity WHERE {mine}",
        name,
    )
    await connection.close()
    return int(count)


async def test_the_unit_is_told_apart_by_what_it_raised() -> None:
    calls = []

    async def unit() -> None:
        calls.append(1)
        raise asyncpg.SerializationError("x") if len(calls) < 3 else LookupError

    with pytest.raises(LookupError):
        await retrying(unit)

    assert len(calls) == 3


async def test_a_caller_who_gives_up_ends_the_retries(db: Database) -> None:
    await fail_at_first(db, 1000)
    work = Work()
    task = asyncio.create_task(db.run_in_transaction(work, attempts=1000))
    await until(lambda: work.calls > 2)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await db.guild.count() == 0
