"""Taking revisions back."""

from typing import TypeAlias

import asyncpg
import pytest

from tests.migrate.catalogue import catalogue
from tests.migrate.folders import Folder, table
from tuxdb.errors import NotFound, Refused
from tuxdb.migrate import DownPlan, State, down, lost, status, upgrade
from tuxdb.migrate.losses import Loss

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def yes(_: DownPlan) -> bool:
    return True


async def test_down_to_base_and_up_again_is_the_same_schema(
    empty_database_url: str, database_url: str
) -> None:
    nothing = await catalogue(empty_database_url)
    await upgrade(empty_database_url)

    result = await down(empty_database_url, "base", agree=yes)

    assert result.to == "base"
    assert await catalogue(empty_database_url) == nothing
    await upgrade(empty_database_url)
    assert await catalogue(empty_database_url) == await catalogue(database_url)


async def test_each_revision_can_be_taken_back_alone(empty_database_url: str) -> None:
    applied = (await upgrade(empty_database_url)).applied

    for _ in applied:
        before = await catalogue(empty_database_url)
        await down(empty_database_url, "-1", agree=yes)
        await upgrade(empty_database_url, "+1")
        assert await catalogue(empty_database_url) == before
        await down(empty_database_url, "-1", agree=yes)


async def test_without_consent_it_says_what_would_be_lost(
    empty_database_url: str, folder: Folder, other: Connection
) -> None:
    folder.add("0001", None, table("a"), "op.drop_table('a')")
    folder.add("0002", "0001", table("b"), "op.execute('DROP TABLE IF EXISTS b')")
    folder.add(
        "0003",
        "0002",
        "op.add_column('a', sa.Column('c', sa.Text()))",
        "op.drop_column('a', 'c')",
    )
    await upgrade(empty_database_url, folder=folder.path)
    await other.execute("INSERT INTO a VALUES (1, 1, 'x'), (2, 2, NULL)")

    with pytest.raises(Refused, match=r"a\.c \(1 rows\), b \(0 rows\), a \(2 rows\)"):
        await down(empty_database_url, "base", folder=folder.path)

    assert await other.fetchval("SELECT count(*) FROM a") == 2


async def test_a_dry_run_tells_the_losses_and_changes_nothing(
    database_url: str,
) -> None:
    before = await catalogue(database_url)

    result = await down(database_url, "0002", dry_run=True)

    assert Loss("0003", "users", "points", 0) in result.losses
    assert result.reverted == ()
    assert await catalogue(database_url) == before


async def test_indexes_are_no_loss_and_need_no_consent(database_url: str) -> None:
    await down(database_url, "0006", agree=yes)

    assert (await down(database_url, "0004")).losses == ()


async def test_what_cannot_be_told_needs_consent(
    empty_database_url: str, folder: Folder
) -> None:
    folder.add("0001", None, "pass", "op.get_bind().execute(sa.text('SELECT 1')).one()")
    await upgrade(empty_database_url, folder=folder.path)

    with pytest.raises(Refused, match=r"unknown"):
        await down(empty_database_url, "base", folder=folder.path)
    assert await down(empty_database_url, "base", folder=folder.path, agree=yes)


async def test_a_protected_database_takes_its_name_and_a_reason(
    database_url: str,
) -> None:
    from tuxdb.urls import DatabaseUrl

    name = DatabaseUrl.parse(database_url).database
    await _protect(database_url)

    for consent in ({}, {"confirm": name}, {"reason": "wrong deploy"}):
        with pytest.raises(Refused, match=r"is protected \(production\)"):
            await down(database_url, "-1", agree=yes, **consent)
    with pytest.raises(Refused, match="--confirm says 'tux'"):
        await down(database_url, "-1", confirm="tux", reason="wrong deploy")

    assert await down(database_url, "-1", confirm=name, reason="wrong deploy")


async def test_what_was_taken_back_is_pending_and_may_be_edited(
    empty_database_url: str, folder: Folder
) -> None:
    folder.add("0001", None, table("a"), "op.drop_table('a')")
    await upgrade(empty_database_url, folder=folder.path)
    await down(empty_database_url, "base", folder=folder.path, agree=yes)
    folder.add("0001", None, table("b"), "op.drop_table('b')")

    (only,) = await status(empty_database_url, folder=folder.path)
    assert (only.state, only.applied_at) == (State.PENDING, None)
    assert (await upgrade(empty_database_url, folder=folder.path)).head


async def test_down_does_not_go_up(empty_database_url: str) -> None:
    await upgrade(empty_database_url, "0003")

    with pytest.raises(Refused, match="revision 0005 is not below 0003"):
        await down(empty_database_url, "0005", agree=yes)
    with pytest.raises(NotFound):
        await down(empty_database_url, "nope", agree=yes)
    assert (await down(empty_database_url, "0003")).reverted == ()


def test_losses_in_a_line() -> None:
    losses = [Loss("2", "a", "c", 3), Loss("1", "a", None, None)]

    assert lost(losses) == "a.c (3 rows), a (unknown rows)"
    assert lost([]) == "nothing"


async def _protect(url: str) -> None:
    from tuxdb.urls import DatabaseUrl

    connection = await asyncpg.connect(**DatabaseUrl.parse(url).connect_args())
    await connection.execute(
        "INSERT INTO tuxdb_meta (key, value) VALUES ('environment', 'production')"
    )
    await connection.close()
