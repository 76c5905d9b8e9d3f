"""DatabaseService: whose transaction it is, and what becomes of it."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.harness.members import raw
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import ReadOnlyDatabase
from tuxdb.errors import (
    Busy,
    ConfigurationError,
    Conflict,
    DatabaseUnavailable,
    SchemaBehind,
)
from tuxdb.models import Guild
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


async def guilds(service: DatabaseService) -> list[int]:
    """The ids that are committed."""
    async with service.read() as session:
        return list(await session.scalars(select(Guild.id).order_by(Guild.id)))  # type: ignore[call-overload]


async def fail() -> None:
    raise LookupError


async def test_a_session_commits_at_a_clean_end(db_service: DatabaseService) -> None:
    async with db_service.session() as session:
        session.add(Guild(id=1))

    assert await guilds(db_service) == [1]


async def test_any_exception_rolls_a_session_back(db_service: DatabaseService) -> None:
    with pytest.raises(LookupError):
        async with db_service.session() as session:
            session.add(Guild(id=1))
            await session.flush()
            await fail()

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
    with pytest.raises(LookupError):
        async with db_service.session() as session:
            session.add(Guild(id=1))
            await session.commit()
            session.add(Guild(id=2))
            await session.flush()
            await fail()

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
        with pytest.raises(LookupError):
            async with db_service.transaction() as inner:
                inner.add(Guild(id=2))
                await inner.flush()
                await fail()
        async with db_service.transaction() as inner:
            assert inner is outer
            inner.add(Guild(id=3))

    assert await guilds(db_service) == [1, 3]


async def test_an_error_in_the_outer_takes_the_inner_along(
    db_service: DatabaseService,
) -> None:
    with pytest.raises(LookupError):
        async with db_service.transaction():
            async with db_service.transaction() as inner:
                inner.add(Guild(id=1))
            await fail()

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
    assert answers == [(None, []), (None, [])]


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
    with pytest.raises(LookupError):
        async with db_service.transaction():
            await fail()

    assert db_service.current_session() is None


async def test_another_service_has_no_part_in_it(db_service: DatabaseService) -> None:
    async with DatabaseService.open(db_service.settings) as other:
        async with db_service.transaction():
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

    with pytest.raises(LookupError):
        async with db_service.transaction() as outer:
            outer.add(Guild(id=1))
            await db_service.run_in_transaction(work)
            await fail()

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


@pytest.mark.parametrize("read_only", [False, True])
async def test_every_session_sets_its_limits(
    settings: Settings, read_only: bool
) -> None:
    limits = {
        "application_name": "tuxdb test",
        "statement_timeout": "12s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "1min",
        "client_connection_check_interval": "2s",
        "default_transaction_read_only": "on" if read_only else "off",
        "TimeZone": "UTC",
    }
    chosen = Settings(url=settings.url, statement_timeout=12.0, lock_timeout=3.0)
    async with DatabaseService.open(chosen, application_name="tuxdb test") as service:
        async with service.read() if read_only else service.session() as session:
            shown = {
                name: await session.scalar(text(f"SHOW {name}")) for name in limits
            }
            synchronous = await session.scalar(text("SHOW synchronous_commit"))

    assert shown == limits
    assert synchronous == "on"


async def test_behind_a_pooler_nothing_is_set_and_reads_are_read_only_still(
    settings: Settings,
) -> None:
    pooled = Settings(url=settings.url, pooler="transaction", lock_timeout=3.0)
    async with DatabaseService.open(pooled) as service:
        async with service.session() as session:
            session.add(Guild(id=1))
            assert await session.scalar(text("SHOW lock_timeout")) == "0"
            assert await session.scalar(text("SHOW application_name")) == ""
        assert await guilds(service) == [1]
        with pytest.raises(ReadOnlyDatabase):
            async with service.read() as session:
                await session.execute(text("DELETE FROM guilds"))


async def test_a_full_pool_is_an_error_that_names_it_and_it_passes(
    settings: Settings,
) -> None:
    small = Settings(url=settings.url, pool_size=2, pool_timeout=0.2)
    async with DatabaseService.open(small) as service:
        async with service.session() as one, service.session() as other:
            await one.execute(text("SELECT 1"))
            await other.execute(text("SELECT 1"))
            with pytest.raises(Busy) as error:
                async with service.session() as third:
                    await third.execute(text("SELECT 1"))

        assert str(error.value) == "no free connection to the database in time"
        async with service.session() as session:
            session.add(Guild(id=1))
        assert await guilds(service) == [1]


async def test_more_callers_than_connections_take_turns(settings: Settings) -> None:
    small = Settings(url=settings.url, pool_size=2)
    async with DatabaseService.open(small) as service:

        async def write(number: int) -> None:
            async with service.session() as session:
                session.add(Guild(id=number))

        await asyncio.gather(*(write(number) for number in range(1, 61)))

        assert len(await guilds(service)) == 60


async def test_no_such_table_says_that_the_schema_is_behind(
    empty_database_url: str,
) -> None:
    async with DatabaseService.open(empty_database_url) as service:
        with pytest.raises(SchemaBehind) as error:
            await guilds(service)

    assert error.value.hint == "tuxdb migrate"


async def test_no_server_is_unavailable_and_the_password_is_in_no_text() -> None:
    url = "postgresql://bot:hunter2@127.0.0.1:1/tux"
    async with DatabaseService.open(url) as service:
        with pytest.raises(DatabaseUnavailable) as error:
            await guilds(service)

    told = f"{error.value} {error.value!r} {error.value.hint} {error.value.details}"
    assert "bot@127.0.0.1:1/tux" in told
    assert "hunter2" not in told
    assert "hunter2" not in repr(service.settings)


async def test_no_such_database_is_said(db_service: DatabaseService) -> None:
    url = db_service.settings.url
    assert url is not None
    async with DatabaseService.open(url.with_database("nowhere")) as service:
        with pytest.raises(DatabaseUnavailable, match="no such database"):
            await guilds(service)


async def test_a_service_can_be_used_again_after_its_disposal(
    db_service: DatabaseService,
) -> None:
    assert await guilds(db_service) == []
    await db_service.dispose()
    assert await guilds(db_service) == []


async def test_a_closed_service_leaves_no_session_behind(settings: Settings) -> None:
    async with DatabaseService.open(settings, application_name="gone") as service:
        await guilds(service)
        async with service.session() as session:
            await session.execute(text("SELECT 1"))
    async with DatabaseService.open(settings) as service:
        async with service.read() as session:
            left = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name='gone'"
                )
            )

    assert left == 0


@pytest.mark.parametrize("target", ["mysql://x/y", "postgresql://host:port/x"])
def test_a_bad_url_is_a_configuration_error(target: str) -> None:
    with pytest.raises(ConfigurationError):
        DatabaseService(target)


def test_a_target_is_settings_a_url_or_its_text() -> None:
    url = DatabaseUrl.parse("postgresql://bot@db.example/tux")

    for target in (url, "postgresql://bot@db.example/tux", Settings(url=url)):
        assert DatabaseService(target).place == "bot@db.example:5432/tux"
