"""The production marker: what the database itself says it is."""

import pytest

from tuxdb.bulk.changesets import Author
from tuxdb.database import Database
from tuxdb.errors import InvalidValue, Refused
from tuxdb.migrate.connection import opened
from tuxdb.migrate.state import protection

WHO = Author("db protect", "ann", "it went live")


async def test_a_database_is_marked_for_every_client(db: Database) -> None:
    before = await db.guard.protection()
    marked = await db.guard.protect("production", WHO)

    assert (before.protected, marked.protected) == (False, True)
    assert (await db.guard.protection()).environment == "production"
    async with opened(db.settings) as connection:
        assert await protection(connection) == "production"


async def test_a_mark_that_was_taken_away_is_none(db: Database) -> None:
    await db.guard.protect("production", WHO)
    after = await db.guard.unprotect(WHO)

    assert not after.protected
    assert not (await db.guard.protection()).protected
    async with opened(db.settings) as connection:
        assert await protection(connection) is None


async def test_who_marked_it_is_recorded_and_no_undo_takes_it_back(
    db: Database,
) -> None:
    await db.guard.protect("production", WHO)
    await db.guard.protect("production", WHO)
    await db.guard.unprotect(Author("db unprotect", "bob", "moved"))

    unmarked, marked = (await db.changes.list()).items
    assert (marked.command, marked.actor, marked.reason) == (
        "db protect",
        "ann",
        "it went live",
    )
    assert (unmarked.command, unmarked.actor) == ("db unprotect", "bob")
    for change in (marked, unmarked):
        with pytest.raises(Refused):
            await db.changes.undo(change.id, WHO)


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 64, "pro\x1bd", "-x"])
async def test_an_environment_has_a_plain_name(db: Database, name: str) -> None:
    with pytest.raises(InvalidValue, match="environment is not 1 to 63 letters"):
        await db.guard.protect(name, WHO)
