"""Revisions that fail, and locks that are not to be had."""

import asyncio
import time
from typing import TypeAlias

import asyncpg
import pytest

from tests.migrate.folders import Folder, table, until
from tuxdb.errors import Busy
from tuxdb.migrate import DataConflict, Note, RevisionFailed, State, status, upgrade

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def tables(connection: Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND length(relname) = 1"
        " AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [row[0] for row in rows]


async def test_what_is_complete_stays_and_the_statement_is_named(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("0002", "0001", table("b") + "\n" + table("a"))
    folder.add("0003", "0002", table("c"))

    with pytest.raises(RevisionFailed) as error:
        await upgrade(empty_database_url, folder=folder.path)

    assert error.value.message == (
        'revision 0002, statement 2: relation "a" already exists'
    )
    assert error.value.hint == (
        "it was: CREATE TABLE a (id bigint PRIMARY KEY, n bigint)"
    )
    assert await tables(other) == ["a"]
    assert await other.fetchval("SELECT version_num FROM alembic_version") == "0001"


async def test_a_failure_is_recorded_and_a_rerun_goes_on(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("0002", "0001", "op.execute('SELECT n FROM missing')")
    folder.add("0003", "0002", table("c"))
    with pytest.raises(RevisionFailed):
        await upgrade(empty_database_url, folder=folder.path)
    states = [one.state for one in await status(empty_database_url, folder=folder.path)]
    assert states == [State.APPLIED, State.FAILED, State.PENDING]
    await other.execute("CREATE TABLE missing (n int)")

    result = await upgrade(empty_database_url, folder=folder.path)

    assert [one.revision for one in result.applied] == ["0002", "0003"]
    assert await tables(other) == ["a", "c"]


async def test_rows_that_break_a_new_rule_are_a_conflict(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    await other.execute("INSERT INTO a VALUES (1, -4)")
    folder.add(
        "0002", "0001", "op.create_check_constraint('positive', 'a', sa.text('n > 0'))"
    )

    with pytest.raises(DataConflict, match=r'"positive".* is violated') as error:
        await upgrade(empty_database_url, folder=folder.path)

    assert error.value.exit_code == 6
    assert "-4" not in error.value.message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import nothing_of_this_name",
            "revision 0001: ModuleNotFoundError: No module",
        ),
        ("op.no_such_operation()", "revision 0001: AttributeError"),
        ("1 / 0", "revision 0001: ZeroDivisionError: division by zero"),
    ],
)
async def test_mistakes_in_its_python_are_named_too(
    empty_database_url: str, folder: Folder, code: str, said: str
) -> None:
    folder.add("0001", None, code)

    with pytest.raises(RevisionFailed, match=said):
        await upgrade(empty_database_url, folder=folder.path)


async def test_a_locked_table_gives_up_and_names_the_blocker(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", "op.execute('ALTER TABLE a ADD COLUMN m int')")
    notes: list[object] = []

    async with other.transaction():
        await other.execute("SELECT FROM a")
        with pytest.raises(Busy) as error:
            await upgrade(
                empty_database_url,
                folder=folder.path,
                lock_timeout=0.2,
                retries=3,
                report=notes.append,
            )

    pid = other.get_server_pid()
    assert f"pid {pid} (" in error.value.message
    assert "idle in transaction" in error.value.message
    assert error.value.hint == f"wait for it, or SELECT pg_terminate_backend({pid})"
    assert error.value.exit_code == 8
    assert len(notes) == 2
    assert all(isinstance(note, Note) and str(pid) in note.text for note in notes)


async def test_a_lock_that_is_released_meanwhile_is_had_at_the_next_try(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", "op.execute('ALTER TABLE a ADD COLUMN m int')")
    transaction = other.transaction()
    await transaction.start()
    await other.execute("SELECT FROM a")
    upgrading = asyncio.create_task(
        upgrade(empty_database_url, folder=folder.path, lock_timeout=0.2)
    )
    await asyncio.sleep(0.5)

    await transaction.rollback()

    assert (await upgrading).head


async def test_waiting_holds_up_others_for_the_lock_timeout_only(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    """The waiting ALTER queues every reader behind it until it gives up."""
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", "op.execute('ALTER TABLE a ADD COLUMN m int')")
    reader = await asyncpg.connect(dsn=None, **_arguments(empty_database_url))

    async with other.transaction():
        await other.execute("SELECT FROM a")
        upgrading = asyncio.create_task(
            upgrade(empty_database_url, folder=folder.path, lock_timeout=0.3, retries=1)
        )
        await until(reader, "SELECT count(*) FROM pg_locks WHERE NOT granted")
        began = time.monotonic()
        await reader.execute("SELECT FROM a")
        assert time.monotonic() - began < 1
        with pytest.raises(Busy):
            await upgrading
    await reader.close()


async def test_who_holds_the_key_is_named(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    from tuxdb.migrate.lock import KEY

    folder.add("0001", None, table("a"))
    await other.execute("SET application_name = 'a deploy'")
    await other.execute("SELECT pg_advisory_lock($1::int, $2::int)", *KEY)
    notes: list[object] = []

    with pytest.raises(Busy, match="another migration is running") as error:
        await upgrade(
            empty_database_url, folder=folder.path, lock_wait=1.3, report=notes.append
        )

    assert f"pid {other.get_server_pid()} (a deploy, idle for " in error.value.message
    assert len(notes) == 1
    assert await tables(other) == []


async def test_the_session_tells_who_it_is_and_does_not_wait_for_ever(
    empty_database_url: str, folder: Folder
) -> None:
    folder.add(
        "0001",
        None,
        """
        names = ("application_name", "statement_timeout", "lock_timeout",
                 "client_connection_check_interval", "idle_session_timeout")
        shown = [op.get_bind().exec_driver_sql(f"SHOW {n}").scalar() for n in names]
        assert shown == ["tuxdb migrate", "0", "5s", "2s", "0"], shown
        """,
    )

    assert (await upgrade(empty_database_url, folder=folder.path)).head


def _arguments(url: str) -> dict[str, object]:
    from tuxdb.urls import DatabaseUrl

    return DatabaseUrl.parse(url).connect_args()
