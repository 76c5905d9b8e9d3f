"""Migrations that are cut off."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from tests.migrate.catalogue import catalogue
from tests.migrate.folders import Folder, table, until
from tuxdb.errors import DatabaseUnavailable
from tuxdb.migrate import upgrade
from tuxdb.urls import DatabaseUrl

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
CONCURRENTLY = """
with op.get_context().autocommit_block():
    op.create_index("ix_a_n", "a", ["n"], postgresql_concurrently=True)
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_a_n'::regclass"


async def start(url: str, folder: Path | None = None) -> asyncio.subprocess.Process:
    """Start a migration in a process that can be killed."""
    code = (
        "import sys; from pathlib import Path; from tuxdb.migrate import upgrade_now;"
        "upgrade_now(sys.argv[1], folder=Path(sys.argv[2]) if sys.argv[2:] else None)"
    )
    arguments = [url, *([str(folder)] if folder else [])]
    return await asyncio.create_subprocess_exec(sys.executable, "-c", code, *arguments)


@pytest.mark.parametrize("revision", ["0001", "0004", "0006", "0011"])
async def test_killed_and_run_again_leads_to_the_same_schema(
    empty_database_url: str, database_url: str, other: Connection, revision: str
) -> None:
    process = await start(empty_database_url)
    await until(other, "SELECT to_regclass('alembic_version') IS NOT NULL")
    await until(
        other, f"SELECT count(*) FROM alembic_version WHERE version_num >= '{revision}'"
    )

    os.kill(process.pid, signal.SIGKILL)
    await process.wait()

    assert (await upgrade(empty_database_url)).head
    assert await catalogue(empty_database_url) == await catalogue(database_url)


async def test_the_key_goes_with_its_session(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    """Killed within a statement: the server notices a client that is gone."""
    folder.add("0001", None, "op.execute('SELECT pg_sleep(60)')")
    process = await start(empty_database_url, folder.path)
    await until(
        other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'"
    )
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    folder.add("0001", None, table("a"))

    assert (await upgrade(empty_database_url, folder=folder.path, lock_wait=8)).head


async def test_a_concurrent_index_cut_off_is_built_at_the_next_run(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", CONCURRENTLY)
    blocker = await asyncpg.connect(
        **DatabaseUrl.parse(empty_database_url).connect_args()
    )
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("INSERT INTO a VALUES (1, 1)")
    process = await start(empty_database_url, folder.path)
    await until(other, "SELECT to_regclass('ix_a_n') IS NOT NULL")
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    await until(
        other,
        "SELECT count(*) = 0 FROM pg_stat_activity"
        " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'",
    )
    await transaction.commit()
    await blocker.close()
    assert await other.fetchval(VALID) is False

    result = await upgrade(empty_database_url, folder=folder.path)

    assert [one.revision for one in result.applied] == ["0002"]
    assert await other.fetchval(VALID) is True
    assert await other.fetchval("SELECT count(*) FROM tuxdb_migration") == 2


async def test_an_index_built_before_the_cut_is_kept(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    """The cut came between the build and the version's change."""
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", CONCURRENTLY)
    await other.execute("CREATE INDEX ix_a_n ON a (n)")
    await other.execute(
        "INSERT INTO tuxdb_migration (revision, checksum, error)"
        " VALUES ('0002', 'x', 'interrupted')"
    )
    before = await other.fetchval("SELECT 'ix_a_n'::regclass::oid")

    assert (await upgrade(empty_database_url, folder=folder.path)).head
    assert await other.fetchval("SELECT 'ix_a_n'::regclass::oid") == before


async def test_an_index_of_somebody_else_is_not_taken_for_ones_own(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", CONCURRENTLY)
    await other.execute("CREATE INDEX ix_a_n ON a (id)")

    with pytest.raises(Exception, match='relation "ix_a_n" already exists'):
        await upgrade(empty_database_url, folder=folder.path)


async def test_a_waiting_migration_does_not_hold_up_a_concurrent_index(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("0002", "0001", CONCURRENTLY)

    async with asyncio.timeout(10):
        results = await asyncio.gather(
            *(upgrade(empty_database_url, folder=folder.path) for _ in range(3))
        )

    assert sum(len(result.applied) for result in results) == 2
    assert await other.fetchval(VALID) is True


async def test_a_session_ended_by_the_server_is_one_sentence(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, "op.execute('SELECT pg_sleep(60)')")
    upgrading = asyncio.create_task(upgrade(empty_database_url, folder=folder.path))
    await until(
        other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'"
    )

    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'tuxdb migrate' AND query LIKE '%sleep(60)'"
    )

    with pytest.raises(DatabaseUnavailable, match="while revision 0001 was run"):
        await upgrading


async def test_cancelling_rolls_back_and_gives_the_key_back(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a") + "\nop.execute('SELECT pg_sleep(60)')")
    upgrading = asyncio.create_task(upgrade(empty_database_url, folder=folder.path))
    await until(
        other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60)'"
    )

    upgrading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upgrading

    folder.add("0001", None, table("a"))
    assert (await upgrade(empty_database_url, folder=folder.path, lock_wait=2)).head
