"""Who waits, who holds, who is connected."""

import asyncio

from tests.inspect.conftest import Foreign
from tuxdb.inspect.activity import (
    inspect_blocking,
    inspect_connections,
    inspect_locks,
    inspect_long_queries,
)

WAITING = """
    SELECT count(*) >= {} FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


async def test_an_idle_reader_that_stops_a_migration_that_stops_a_reader_is_the_root(
    foreign: Foreign,
) -> None:
    await foreign.execute("CREATE TABLE t (a int)")
    async with (
        foreign.connected() as idle,
        foreign.connected() as migration,
        foreign.connected() as reader,
    ):
        transaction = idle.transaction()
        await transaction.start()
        await idle.execute("SELECT * FROM t")
        altering = asyncio.create_task(migration.execute("ALTER TABLE t ADD b int"))
        await foreign.until(WAITING.format(1))
        reading = asyncio.create_task(reader.fetch("SELECT * FROM t"))
        await foreign.until(WAITING.format(2))

        found = await inspect_blocking(foreign.service)

        await transaction.rollback()
        await asyncio.gather(altering, reading)
    root, next_one = found.items
    assert (root.is_root, root.blocking_state) == (True, "idle in transaction")
    assert root.waiting_query == "ALTER TABLE t ADD b int"
    assert root.fix == f"SELECT pg_terminate_backend({root.blocking_pid});"
    assert next_one.blocking_pid == root.waiting_pid
    assert next_one.fix == f"SELECT pg_cancel_backend({root.waiting_pid});"


async def test_two_writers_of_one_row_are_seen(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    async with foreign.connected() as first, foreign.connected() as second:
        transaction = first.transaction()
        await transaction.start()
        await first.execute("UPDATE t SET a = 2")
        updating = asyncio.create_task(second.execute("UPDATE t SET a = 3"))
        await foreign.until(WAITING.format(1))

        found = await inspect_blocking(foreign.service)

        await transaction.rollback()
        await updating
    (pair,) = found.items
    assert pair.waiting_query == "UPDATE t SET a = 3"


async def test_nobody_waits_in_a_quiet_database(foreign: Foreign) -> None:
    assert (await inspect_blocking(foreign.service)).items == []


async def test_locks_waited_for_come_first(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (a int)")
    async with foreign.connected() as idle, foreign.connected() as migration:
        transaction = idle.transaction()
        await transaction.start()
        await idle.execute("SELECT * FROM t")
        altering = asyncio.create_task(migration.execute("ALTER TABLE t ADD b int"))
        await foreign.until(WAITING.format(1))

        locks = await inspect_locks(foreign.service)

        await transaction.rollback()
        await altering
    assert [(lock.relation, lock.mode, lock.granted) for lock in locks.items] == [
        ("t", "AccessExclusiveLock", False),
        ("t", "AccessShareLock", True),
    ]


async def test_a_transaction_left_open_is_long_as_an_active_query_is(
    foreign: Foreign,
) -> None:
    async with foreign.connected() as idle, foreign.connected() as busy:
        transaction = idle.transaction()
        await transaction.start()
        sleeping = asyncio.create_task(busy.execute("SELECT pg_sleep(30)"))
        await asyncio.sleep(0.4)

        found = await inspect_long_queries(foreign.service, longer_than=0.2)
        patient = await inspect_long_queries(foreign.service)

        for query in found.items:
            await foreign.execute(query.fix)
        await asyncio.gather(sleeping, return_exceptions=True)
    assert {query.state for query in found.items} == {"idle in transaction", "active"}
    assert patient.items == []
    assert idle.is_closed()


async def test_sessions_that_the_role_may_not_see_are_counted_with_the_grant(
    foreign: Foreign,
) -> None:
    role = await foreign.inspect_as_stranger()
    async with foreign.connected() as other:
        await other.execute("SELECT 1")

        hidden = await inspect_long_queries(foreign.service, longer_than=0)

    assert hidden.hidden >= 1
    assert hidden.grant == f"GRANT pg_read_all_stats TO {role};"


async def test_with_the_grant_they_are_seen(foreign: Foreign) -> None:
    role = await foreign.inspect_as_stranger()
    await foreign.execute(f"GRANT pg_read_all_stats TO {role}")
    async with foreign.connected() as other:
        await other.execute("SELECT 1")

        seen = await inspect_long_queries(foreign.service, longer_than=0)

    assert seen.hidden == 0


async def test_connections_are_counted_against_what_the_server_allows(
    foreign: Foreign,
) -> None:
    async with foreign.connected(), foreign.connected():
        found = await inspect_connections(foreign.service)

    assert found.total >= 3
    assert found.total < found.max_connections - found.reserved
