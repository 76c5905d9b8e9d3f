"""Bringing a database up."""

import asyncio
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from tests.migrate.catalogue import catalogue
from tests.migrate.folders import Folder, table
from tuxdb.errors import ConfigurationError, DatabaseUnavailable, UsageError
from tuxdb.migrate import (
    Applied,
    EditedRevision,
    History,
    Note,
    UnknownRevision,
    UnversionedDatabase,
    migrations_folder,
    upgrade,
    upgrade_now,
)
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def versions(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT version_num FROM alembic_version")
    return [row[0] for row in rows]


async def test_an_empty_database_gets_to_head_from_within_an_async_program(
    empty_database_url: str, other: Connection
) -> None:
    head = History.read(migrations_folder()).head

    result = await upgrade(empty_database_url)

    assert (result.from_, result.to, result.head) == ("base", head, True)
    assert await versions(other) == [head]


def test_it_runs_without_a_loop_as_well(empty_database_url: str) -> None:
    assert upgrade_now(empty_database_url).head
    assert upgrade_now(empty_database_url).applied == ()


async def test_each_revision_is_reported_and_recorded(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("0002", "0001", table("b") + "\nop.execute('SELECT 1')")
    reported: list[Applied | Note] = []

    result = await upgrade(
        Settings(url=DatabaseUrl.parse(empty_database_url), actor="ann"),
        folder=folder.path,
        report=reported.append,
    )

    assert tuple(reported) == result.applied
    assert [(one.revision, one.statements) for one in result.applied] == [
        ("0001", 1),
        ("0002", 2),
    ]
    rows = await other.fetch(
        "SELECT revision, actor, finished_at >= started_at AS ended, error"
        " FROM tuxdb_migration ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("0001", "ann", True, None),
        ("0002", "ann", True, None),
    ]


async def test_four_at_once_apply_everything_once(
    empty_database_url: str, database_url: str
) -> None:
    results = await asyncio.gather(*(upgrade(empty_database_url) for _ in range(4)))

    assert sorted(bool(result.applied) for result in results) == [False] * 3 + [True]
    assert all(result.head for result in results)
    assert await catalogue(empty_database_url) == await catalogue(database_url)


async def test_two_databases_at_once_do_not_get_mixed_up(
    empty_database_url: str, databases: object
) -> None:
    second = databases.empty()  # type: ignore[attr-defined]

    await asyncio.gather(upgrade(empty_database_url), upgrade(second, "0009"))

    assert (await upgrade(empty_database_url)).applied == ()
    assert (await upgrade(second)).from_ == "0009"
    assert await catalogue(empty_database_url) == await catalogue(second)
    databases.drop(second)  # type: ignore[attr-defined]


async def test_it_stops_where_it_is_told_to(empty_database_url: str) -> None:
    result = await upgrade(empty_database_url, "0003")

    assert (result.to, result.head, len(result.applied)) == ("0003", False, 3)
    assert (await upgrade(empty_database_url, "+1")).to == "0004"


async def test_it_does_not_go_down(empty_database_url: str) -> None:
    await upgrade(empty_database_url, "0003")

    with pytest.raises(UsageError, match="the database is at 0003") as error:
        await upgrade(empty_database_url, "0001")

    assert error.value.hint == "tuxdb migrate down 0001"


async def test_a_dry_run_changes_nothing(empty_database_url: str) -> None:
    before = await catalogue(empty_database_url)

    result = await upgrade(empty_database_url, "0002", dry_run=True)

    assert [one.revision for one in result.applied] == ["0001", "0002"]
    assert await catalogue(empty_database_url) == before


async def test_a_newer_database_is_left_alone(
    database_url: str, empty_database_url: str, other: Connection
) -> None:
    await upgrade(empty_database_url)
    await other.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(UnknownRevision, match="9999") as error:
        await upgrade(empty_database_url)

    assert error.value.exit_code == 6
    assert await catalogue(empty_database_url) == await catalogue(database_url)


@pytest.mark.parametrize("pending", [True, False])
async def test_an_edited_file_is_named(
    empty_database_url: str, folder: Folder, pending: bool
) -> None:
    folder.add("0001", None, table("a"))
    await upgrade(empty_database_url, folder=folder.path)
    folder.add("0001", None, table("a") + "\nop.execute('SELECT 1')")
    if pending:
        folder.add("0002", "0001", table("b"))

    with pytest.raises(EditedRevision, match=r"0001_test\.py") as error:
        await upgrade(empty_database_url, folder=folder.path)

    assert error.value.exit_code == 6


async def test_tables_of_nobody_knows_what_are_not_taken_for_an_empty_database(
    empty_database_url: str, other: Connection
) -> None:
    await other.execute("CREATE TABLE guilds (id int)")

    with pytest.raises(UnversionedDatabase, match=r"tables \(guilds\) but no alembic"):
        await upgrade(empty_database_url)


async def test_views_and_tables_of_extensions_are_no_tables_of_somebody(
    empty_database_url: str, other: Connection
) -> None:
    await other.execute("CREATE VIEW one AS SELECT 1")

    assert (await upgrade(empty_database_url)).head


async def test_another_bots_folder_needs_no_environment_of_its_own(
    empty_database_url: str, folder: Folder
) -> None:
    folder.add("ae1027a6acf", None, table("a"))
    folder.add(
        "1975ea83b712",
        "ae1027a6acf",
        """
        from alembic import context
        assert context.get_context().connection is op.get_bind()
        op.get_bind().execute(sa.text("INSERT INTO a VALUES (1, :n)"), {"n": 5})
        """,
    )
    (folder.path / "env.py").write_text("raise SystemExit('was run')")
    settings = Settings(
        url=DatabaseUrl.parse(empty_database_url), migrations=folder.path
    )

    assert (await upgrade(settings)).to == "1975ea83b712"


async def test_another_bots_revision_may_import_the_bot(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    root = folder.path.parent
    (root / "that_bot.py").write_text("TABLE = 'a'\n")
    folder.add(
        "0001",
        None,
        """
        from dataclasses import dataclass
        from typing import ClassVar
        from that_bot import TABLE
        @dataclass
        class Point:
            kind: "ClassVar[int]" = 1
        op.create_table(TABLE, sa.Column("id", sa.Integer()))
        """,
    )
    url = DatabaseUrl.parse(empty_database_url)

    await upgrade(Settings(url=url, migrations=Path("migrations"), root=root))

    assert await other.fetchval("SELECT to_regclass('a') IS NOT NULL")


@pytest.mark.parametrize("revision", ["0002", "0004", "0006", "0009"])
async def test_rows_of_an_older_schema_are_kept(
    empty_database_url: str, other: Connection, revision: str
) -> None:
    await upgrade(empty_database_url, revision)
    await other.execute("INSERT INTO guilds (id, name) VALUES (7, 'seven')")
    await other.execute(
        "INSERT INTO users (guild_id, discord_id, username)"
        " SELECT 7, n, 'user ' || n FROM generate_series(1, 500) n"
    )

    await upgrade(empty_database_url)

    assert await other.fetchval("SELECT count(*) FROM users WHERE points = 0") == 500


async def test_branches_meet_in_a_merge(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"))
    folder.add("left", "0001", table("b"))
    folder.add("right", "0001", table("c"))
    await upgrade(empty_database_url, "left", folder=folder.path)
    await upgrade(empty_database_url, "right", folder=folder.path)
    assert sorted(await versions(other)) == ["left", "right"]
    folder.add("both", ("left", "right"))

    assert (await upgrade(empty_database_url, folder=folder.path)).to == "both"
    assert await versions(other) == ["both"]


async def test_a_pooler_in_transaction_mode_is_refused_when_there_is_work(
    empty_database_url: str, database_url: str
) -> None:
    pooled = Settings(url=DatabaseUrl.parse(database_url), pooler="transaction")
    assert (await upgrade(pooled)).applied == ()

    pooled = Settings(url=DatabaseUrl.parse(empty_database_url), pooler="transaction")
    with pytest.raises(ConfigurationError, match="direct connection"):
        await upgrade(pooled)


async def test_a_server_that_is_down_is_one_sentence(empty_database_url: str) -> None:
    nowhere = DatabaseUrl(hosts=("127.0.0.1",), ports=(1,), database="x", user="u")

    with pytest.raises(DatabaseUnavailable, match="cannot reach u@127"):
        await upgrade(nowhere)


async def test_a_read_only_database_is_refused_in_one_sentence(
    empty_database_url: str, other: Connection
) -> None:
    name = await other.fetchval("SELECT current_database()")
    await other.execute(
        f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
    )

    with pytest.raises(Exception, match="read-only") as error:
        await upgrade(empty_database_url)

    assert getattr(error.value, "exit_code", None) == 5
