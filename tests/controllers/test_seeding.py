"""Seeds leave change sets: who, why, and rows that can be taken back."""

from pathlib import Path

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.undo import RowsChanged
from tuxdb.database import Database
from tuxdb.errors import Refused

GUILDS = "# table=guilds key=id\nid,name\n1,Tavern\n2,Lounge\n"
USERS = (
    "# table=users key=guild_id,discord_id\n"
    "guild_id,discord_id,username,points\n"
    "1,101,alice,100\n"
    "1,102,bob,0\n"
)
CASES = (
    "# table=cases key=guild_id,case_number\n"
    "guild_id,case_number,user,case_type\n"
    "1,5,101,warn\n"
)
TABLES = ("guilds", "users", "cases", "tuxdb_seed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder of seeds."""
    (tmp_path / "guilds.csv").write_text(GUILDS)
    (tmp_path / "users.csv").write_text(USERS)
    (tmp_path / "cases.csv").write_text(CASES)
    return tmp_path


async def state(db: Database) -> list[list[str]]:
    return [await dump(db, table) for table in TABLES]


async def test_a_seed_is_a_change_set(db: Database, folder: Path) -> None:
    await db.seeds.apply((), ANN, folder=folder)

    (made,) = (await db.changes.list()).items
    rows = (await db.changes.rows(made.id)).items
    assert (made.actor, made.reason, made.rows) == ("ann", "because", 3 + 2 + 2 + 1 + 1)
    assert made.tables == "cases, guilds, tuxdb_seed, users"
    assert [row.before for row in rows if row.row_key.get("name") == "users"] == [None]


async def test_what_was_seeded_is_gone_after_an_undo_and_comes_back_with_the_next(
    db: Database, folder: Path
) -> None:
    (folder / "users.csv").write_text(USERS.replace("100", "0"))
    before = await state(db)
    await db.seeds.apply((), ANN, folder=folder)
    seeded = await state(db)
    (made,) = (await db.changes.list()).items

    undone = await db.changes.undo(made.id, ANN)
    empty = await state(db)
    await db.changes.undo(undone.changeset, ANN)

    assert empty == before
    assert await state(db) == seeded


async def test_a_guild_with_a_ledger_stands_against_the_undo(
    db: Database, folder: Path
) -> None:
    await db.seeds.apply((), ANN, folder=folder)
    seeded = await state(db)
    (made,) = (await db.changes.list()).items

    with pytest.raises(RowsChanged) as caught:
        await db.changes.undo(made.id, ANN)

    assert caught.value.lines == ("guilds id 1: points_transactions refers to it",)
    assert await state(db) == seeded


async def test_seeded_members_are_undone_with_their_points(
    db: Database, folder: Path
) -> None:
    await db.seeds.apply(("guilds",), ANN, folder=folder)
    await db.seeds.apply(("users",), ANN, folder=folder)
    seeded = await state(db)
    made = (await db.changes.list()).items[0]

    undone = await db.changes.undo(made.id, ANN)
    left = await dump(db, "users")
    await db.changes.undo(undone.changeset, ANN)

    assert left == []
    assert await state(db) == seeded
    assert (await db.points.verify()).mismatches == []


async def test_of_a_changed_file_only_the_difference_is_recorded(
    db: Database, folder: Path
) -> None:
    await db.seeds.apply((), ANN, folder=folder)
    before = await state(db)
    (folder / "users.csv").write_text(USERS.replace("bob", "bert"))

    await db.seeds.apply((), ANN, folder=folder)

    latest = (await db.changes.list()).items[0]
    rows = (await db.changes.rows(latest.id)).items
    assert (latest.rows, latest.tables) == (2, "tuxdb_seed, users")
    assert [(row.before or {}).get("username") for row in rows] == [None, "bob"]
    await db.changes.undo(latest.id, ANN)
    assert await state(db) == before


async def test_a_seed_that_changes_nothing_leaves_no_change_set(
    db: Database, folder: Path
) -> None:
    await db.seeds.apply((), ANN, folder=folder)

    await db.seeds.apply((), ANN, folder=folder)

    assert len((await db.changes.list()).items) == 1


async def test_rows_that_moved_on_stand_against_the_undo(
    db: Database, folder: Path
) -> None:
    await db.seeds.apply((), ANN, folder=folder)
    (made,) = (await db.changes.list()).items
    await execute(db, "UPDATE users SET username = 'x' WHERE discord_id = 102")

    with pytest.raises(RowsChanged):
        await db.changes.undo(made.id, ANN)


async def test_fake_data_is_counted_and_not_recorded(db: Database) -> None:
    await db.seeds.fake(ANN, guilds=2, users=50)
    await db.seeds.fake(ANN, guilds=2, users=50)

    (made,) = (await db.changes.list()).items
    assert made.rows == 2 + 2 + 50 + 50
    assert (await db.changes.rows(made.id)).items == []
    with pytest.raises(Refused, match="says how many rows were loaded"):
        await db.changes.undo(made.id, ANN)
