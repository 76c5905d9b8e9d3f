"""`status`, `stamp`, and how a database stands to the files."""

from typing import TypeAlias

import asyncpg
import pytest

from tests.migrate.catalogue import catalogue
from tests.migrate.folders import Folder, table
from tuxdb.errors import NotFound, SchemaBehind
from tuxdb.migrate import (
    State,
    UnknownRevision,
    history,
    is_clean,
    read_schema_state,
    schema_state,
    show,
    stamp,
    status,
    upgrade,
)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_status_tells_every_state(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("0002", "0001", table("b"))
    folder.add("0003", "0002", "op.execute('SELECT 1 / 0')")
    with pytest.raises(Exception, match="division"):
        await upgrade(empty_database_url, folder=folder.path)
    folder.add("0002", "0001", "pass")
    folder.add("0004", "0003")
    await other.execute(
        "INSERT INTO tuxdb_migration (revision, checksum, finished_at)"
        " VALUES ('0000', 'x', now())"
    )

    found = await status(empty_database_url, folder=folder.path)

    assert [(one.revision, one.state) for one in found] == [
        ("0001", State.APPLIED),
        ("0002", State.EDITED),
        ("0003", State.FAILED),
        ("0004", State.PENDING),
        ("0000", State.MISSING),
    ]
    assert found[0].applied_at is not None
    assert not is_clean(found)


async def test_a_database_at_head_is_clean(database_url: str) -> None:
    assert is_clean(await status(database_url))


async def test_an_empty_database_is_all_pending(empty_database_url: str) -> None:
    found = await status(empty_database_url)

    assert {one.state for one in found} == {State.PENDING}


async def test_stamp_runs_nothing_and_takes_the_files_as_they_are(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    await other.execute("CREATE TABLE a (id bigint)")

    result = await stamp(empty_database_url, "head", folder=folder.path)

    assert (result.from_, result.to, result.recorded) == ("base", "0001", 1)
    assert (await upgrade(empty_database_url, folder=folder.path)).applied == ()
    folder.add("0001", None, "pass")
    states = [one.state for one in await status(empty_database_url, folder=folder.path)]
    assert states == [State.EDITED]


async def test_stamping_base_declares_tables_to_be_none_of_the_revisions(
    empty_database_url: str, other: Connection
) -> None:
    await other.execute("CREATE TABLE unrelated (id int)")

    await stamp(empty_database_url, "base")

    assert (await upgrade(empty_database_url)).head


async def test_an_unknown_version_is_forgotten_with_purge_only(
    database_url: str,
) -> None:
    before = await catalogue(database_url)
    await _set_version(database_url, "9999")

    with pytest.raises(UnknownRevision):
        await stamp(database_url, "head")
    await stamp(database_url, "head", purge=True)

    assert (await upgrade(database_url)).applied == ()
    assert await catalogue(database_url) == before


async def test_stamping_a_revision_that_is_not_there(database_url: str) -> None:
    with pytest.raises(NotFound, match="no revision nope"):
        await stamp(database_url, "nope")


def test_history_is_newest_first_and_needs_no_database() -> None:
    entries = history("postgresql://nobody@127.0.0.1:1/nowhere")

    assert entries[0].head
    assert entries[-1].revises is None
    assert [one.revises for one in entries[:-1]] == [o.revision for o in entries[1:]]


def test_show_tells_what_a_file_says() -> None:
    details = show("postgresql://nobody@127.0.0.1:1/nowhere", "0005")

    assert (details.revises, details.transactional) == ("0004", False)
    assert "SHARE UPDATE EXCLUSIVE" in details.notes


async def test_a_database_behind_says_by_how_much(
    empty_database_url: str, other: Connection
) -> None:
    state = await read_schema_state(other)
    with pytest.raises(
        SchemaBehind, match=r"database is \d+ revisions behind \(at base"
    ):
        state.require_head()

    await upgrade(empty_database_url)
    await upgrade(empty_database_url)
    (await read_schema_state(other)).require_head()


def test_a_version_without_a_file_is_not_head() -> None:
    with pytest.raises(UnknownRevision, match="9999"):
        schema_state(["9999"]).require_head()


async def _set_version(url: str, revision: str) -> None:
    from tuxdb.urls import DatabaseUrl

    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    await connection.execute("UPDATE alembic_version SET version_num = $1", revision)
    await connection.close()
