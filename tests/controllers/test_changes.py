"""The use cases around change sets: guarded, listed, doubted."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.bulk.conftest import ANN, execute
from tests.harness.wire import (
    COMMIT,
    Strike,
    Wire,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.bulk.changesets import Author
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import DatabaseUnavailable, NotFound, OutcomeUnknown, Refused

SILENT = Author("test", "ann")


@pytest.fixture(autouse=True)
async def things(db: Database) -> None:
    """Two hundred rows of a table of somebody's own."""
    await execute(
        db,
        "CREATE TABLE things (id int PRIMARY KEY, n int);"
        "INSERT INTO things SELECT g, 0 FROM generate_series(1, 200) g",
    )


def increase(where: str, author: Author = ANN) -> UpdateRequest:
    return UpdateRequest("things", author, assignments=("n=n+1",), where=where)


async def test_on_a_protected_database_a_hundred_rows_are_free(db: Database) -> None:
    await db.guard.protect("production", ANN)

    await db.changes.update(increase("id <= 100", SILENT))
    with pytest.raises(Refused, match="is protected .production.: say why"):
        await db.changes.update(increase("id <= 101", SILENT))
    done = await db.changes.update(increase("id <= 101"))

    assert done.changed == 101
    with pytest.raises(Refused, match="say why"):
        await db.changes.undo(done.changeset, SILENT)


async def test_a_preview_says_whether_the_name_has_to_be_typed(db: Database) -> None:
    async with db.changes.updating(increase("id <= 101")) as pending:
        assert not pending.guarded
    await db.guard.protect("production", ANN)
    async with db.changes.updating(increase("id <= 101")) as pending:
        assert pending.guarded
        assert pending.protection.place.endswith("[protected: production]")


async def test_batches_of_many_rows_want_a_reason_there(db: Database) -> None:
    await db.guard.protect("production", ANN)

    with pytest.raises(Refused, match="say why"):
        await db.changes.update_in_batches(
            increase("id > 0", SILENT),
            50,
            agree=lambda *_: None,
            committed=lambda _: None,
        )


async def test_change_sets_are_found_by_table_actor_and_time(db: Database) -> None:
    await db.changes.update(increase("id = 1"))
    await db.changes.update(increase("id = 2", Author("test", "bob")))
    now = datetime.now(UTC)

    by_bob = (await db.changes.list(actor="bob")).items
    assert [found.actor for found in by_bob] == ["bob"]
    assert len((await db.changes.list(table="things")).items) == 2
    assert (await db.changes.list(table="users")).items == []
    assert (await db.changes.list(since=now + timedelta(hours=1))).items == []


async def test_rows_come_in_pages(db: Database) -> None:
    done = await db.changes.update(increase("id <= 5"))

    first = await db.changes.rows(done.changeset, limit=3)
    second = await db.changes.rows(done.changeset, limit=3, after=first.next)

    assert [row.row_key["id"] for row in (*first.items, *second.items)] == list("12345")
    assert second.next is None


async def test_one_is_found_by_its_id(db: Database) -> None:
    done = await db.changes.update(increase("id <= 5"))

    assert (await db.changes.get(done.changeset)).rows == 5
    with pytest.raises(NotFound):
        await db.changes.get(type(done.changeset)(int=1))


async def test_a_connection_that_breaks_before_the_commit_is_an_outage(
    db: Database, distant: Database, wire: Wire
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with distant.changes.updating(increase("id = 1")) as pending:
            pending.agree()
            wire.cut_all()

    assert (await db.changes.list()).items == []


@pytest.mark.parametrize(
    ("strike", "made"), [(lose_the_answer, True), (lose_the_request, False)]
)
async def test_a_commit_of_unknown_outcome_names_the_command_that_settles_it(
    db: Database, distant: Database, wire: Wire, strike: Strike, made: bool
) -> None:
    wire.strike_at(COMMIT, strike)

    with pytest.raises(OutcomeUnknown) as caught:
        await distant.changes.update(increase("id = 1"))
    await wire.over.wait()

    found = (await db.changes.list()).items
    assert caught.value.hint is not None
    assert len(found) == made
    if made:
        assert caught.value.hint == f"tuxdb changes show {found[0].id}"
