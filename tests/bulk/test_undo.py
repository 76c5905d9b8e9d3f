"""Taking change sets back."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.bulk.undo import RowsChanged
from tuxdb.database import Database
from tuxdb.errors import Busy, Conflict, NotFound

pytestmark = pytest.mark.usefixtures("members")


async def change(db: Database, *texts: str, where: str = "id <= 5") -> Any:
    wanted = UpdateRequest("users", ANN, assignments=texts, where=where)
    return (await db.changes.update(wanted)).changeset


async def test_rows_are_restored_to_the_byte(db: Database) -> None:
    before = await dump(db, "users")
    changeset = await change(db, "username=x", "last_active=2026-01-01")

    undone = await db.changes.undo(changeset, ANN)

    assert undone.changed == 5
    assert await dump(db, "users") == before


async def test_an_undo_is_a_change_set_and_can_be_undone(db: Database) -> None:
    changeset = await change(db, "username=x")
    changed = await dump(db, "users")

    undo = await db.changes.undo(changeset, Author("test", "bob", "wrong"))
    redo = await db.changes.undo(undo.changeset, ANN)

    assert await dump(db, "users") == changed
    latest, middle, first = (await db.changes.list()).items
    assert (latest.id, latest.undoes) == (redo.changeset, undo.changeset)
    assert (middle.undone_by, middle.undoes) == (redo.changeset, changeset)
    assert (middle.actor, middle.reason) == ("bob", "wrong")
    assert first.undone_by == undo.changeset


async def test_after_a_redo_it_can_be_undone_again(db: Database) -> None:
    before = await dump(db, "users")
    changeset = await change(db, "username=x")
    undo = await db.changes.undo(changeset, ANN)
    await db.changes.undo(undo.changeset, ANN)

    await db.changes.undo(changeset, ANN)

    assert await dump(db, "users") == before


async def test_twice_is_refused_and_says_by_what_it_was_undone(db: Database) -> None:
    changeset = await change(db, "username=x")
    undo = await db.changes.undo(changeset, ANN)

    with pytest.raises(RowsChanged, match=f"was undone by {undo.changeset}"):
        await db.changes.undo(changeset, ANN)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE users SET message_count = 9 WHERE id = 2", "changed"),
        ("UPDATE users SET username = 'y' WHERE id = 2", "changed"),
        ("DELETE FROM users WHERE id = 2", "deleted"),
    ],
)
async def test_a_foreign_change_of_one_row_refuses_it_all_and_is_named(
    db: Database, statement: str, problem: str
) -> None:
    changeset = await change(db, "username=x")
    await execute(db, statement)
    touched = await dump(db, "users")

    with pytest.raises(RowsChanged) as caught:
        await db.changes.undo(changeset, ANN)

    assert caught.value.lines == (f"users id 2: {problem}",)
    assert caught.value.details["changed"] == 1
    assert await dump(db, "users") == touched
    assert len((await db.changes.list()).items) == 1


async def test_in_part_the_touched_rows_are_left_alone_and_named(db: Database) -> None:
    changeset = await change(db, "username=x")
    await execute(db, "UPDATE users SET username = 'y' WHERE id = 2")

    undone = await db.changes.undo(changeset, ANN, partial=True)

    assert undone.changed == 4
    assert [(row.key, row.problem) for row in undone.left] == [("id 2", "changed")]
    names = {user.id: user.username for user in await db.user.find_all()}
    assert [names[n] for n in range(1, 6)] == [
        "member1",
        "y",
        "member3",
        "member4",
        "member5",
    ]


async def test_what_came_later_is_undone_first(db: Database) -> None:
    before = await dump(db, "users")
    first = await change(db, "username=x")
    second = await change(db, "message_count=3", where="id = 1")

    with pytest.raises(RowsChanged):
        await db.changes.undo(first, ANN)
    await db.changes.undo(second, ANN)
    await db.changes.undo(first, ANN)

    assert await dump(db, "users") == before


async def test_nobody_agrees_and_nothing_is_undone(db: Database) -> None:
    changeset = await change(db, "username=x")
    changed = await dump(db, "users")

    async with db.changes.undoing(changeset, ANN) as pending:
        assert pending.done.changed == 5

    assert await dump(db, "users") == changed


async def test_an_unknown_change_set_is_not_found(db: Database) -> None:
    with pytest.raises(NotFound, match="no change set"):
        await db.changes.undo(uuid4(), ANN)


async def test_a_column_that_came_since_refuses_it(db: Database) -> None:
    changeset = await change(db, "username=x")
    await execute(db, "ALTER TABLE users ADD COLUMN nick text")

    with pytest.raises(Conflict, match="users has other columns than when"):
        await db.changes.undo(changeset, ANN)


async def test_a_rule_that_the_old_values_break_is_named(db: Database) -> None:
    changeset = await change(db, "message_count=3")
    await execute(db, "ALTER TABLE users ADD CONSTRAINT busy CHECK (message_count > 2) NOT VALID")  # fmt: skip

    with pytest.raises(Conflict, match=r"breaks a rule of the table \(busy\)"):
        await db.changes.undo(changeset, ANN)


async def test_rows_locked_by_somebody_are_waited_for_and_then_compared(
    db: Database,
) -> None:
    changeset = await change(db, "username=x")
    other = await db.connect()
    await other.execute("BEGIN; UPDATE users SET username = 'y' WHERE id = 3")

    async with db.transaction() as session:
        await session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(Busy):
            await db.changes.undo(changeset, ANN)
    await other.execute("COMMIT")
    await other.close()

    with pytest.raises(RowsChanged, match="1 rows of change set"):
        await db.changes.undo(changeset, ANN)
