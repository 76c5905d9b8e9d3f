"""Changing many rows by a condition."""

from dataclasses import replace
from typing import Any

import pytest

from tests.bulk.conftest import ANN, dump, execute
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import Conflict, NotFound, Refused, UsageError

pytestmark = pytest.mark.usefixtures("members")


def request(*assignments: str, **more: Any) -> UpdateRequest:
    return UpdateRequest(
        **{"table": "users", "author": ANN, "assignments": assignments, **more}
    )


async def test_the_rows_of_a_condition_change(db: Database) -> None:
    done = await db.changes.update(
        request("message_count=message_count+5", "is_active=false", where="id <= 3")
    )

    assert (done.matched, done.changed, done.unchanged) == (3, 3, 0)
    assert done.sample[0].row_key == {"id": "1"}
    assert done.sample[0].before is not None
    assert done.sample[0].before["message_count"] == "0"
    assert done.sample[0].after is not None
    assert done.sample[0].after["message_count"] == "5"
    users = await db.user.find_all()
    changed = {user.id: user.message_count for user in users if not user.is_active}
    assert changed == {1: 5, 2: 5, 3: 5}


async def test_rows_that_are_so_already_are_left_alone(db: Database) -> None:
    before = (await dump(db, "users"))[-1]

    done = await db.changes.update(request("username=member9", where="id >= 8"))

    assert (done.matched, done.changed, done.unchanged) == (13, 12, 1)
    assert before in await dump(db, "users")  # not even its updated_at has moved


async def test_nothing_is_committed_unless_somebody_agrees(db: Database) -> None:
    before = await dump(db, "users")

    async with db.changes.updating(request("username=x", all_rows=True)) as pending:
        assert pending.done.changed == 20

    assert await dump(db, "users") == before
    assert (await db.changes.list()).items == []


async def test_within_a_transaction_of_the_caller_only_the_change_is_rolled_back(
    db: Database,
) -> None:
    async with db.transaction():
        await db.user.update_by_id(1, username="kept")
        async with db.changes.updating(request("username=x", all_rows=True)):
            pass

    user = await db.user.get_by_id(1)
    assert user is not None
    assert user.username == "kept"


async def test_who_why_and_what_are_recorded(db: Database) -> None:
    done = await db.changes.update(request("username=x", where="id in (1, 2)"))

    found = (await db.changes.list()).items[0]
    rows = (await db.changes.rows(done.changeset)).items
    assert (found.id, found.actor, found.reason) == (done.changeset, "ann", "because")
    assert (found.tables, found.rows, found.complete) == ("users", 2, True)
    assert [row.row_key["id"] for row in rows] == ["1", "2"]
    assert [list(row.before or {}) for row in rows] == [["username", "updated_at"]] * 2


async def test_more_rows_than_allowed_are_refused_with_their_number(
    db: Database,
) -> None:
    before = await dump(db, "users")

    with pytest.raises(Refused, match="would change 20 rows of users, more than"):
        await db.changes.update(request("username=x", all_rows=True, max_rows=19))

    assert await dump(db, "users") == before


async def test_rows_that_match_and_stay_do_not_count_towards_the_limit(
    db: Database,
) -> None:
    done = await db.changes.update(
        request("username=member1", where="id < 3", max_rows=1)
    )

    assert (done.matched, done.changed) == (2, 1)


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        ("id=5", "users.id is the primary key"),
        ("points=5", "balances change through the ledger only"),
        ("created_at=2026-01-01", "users.created_at is kept by the database's clock"),
        ("updated_at=2026-01-01", "users.updated_at is kept by the database's clock"),
    ],
)
async def test_protected_columns_are_refused(
    db: Database, assignment: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        await db.changes.update(request(assignment, all_rows=True))


@pytest.mark.parametrize(
    "table",
    ["points_transactions", "tuxdb_meta", "tuxdb_change", "alembic_version", "pg_catalog.pg_class", "information_schema.tables"],
)  # fmt: skip
async def test_protected_tables_are_refused(db: Database, table: str) -> None:
    with pytest.raises(Refused):
        await db.changes.update(request("amount=5", table=table, all_rows=True))


async def test_an_unknown_table_is_named_with_the_nearest(db: Database) -> None:
    with pytest.raises(NotFound, match="no table userz") as caught:
        await db.changes.update(request("a=1", table="userz", all_rows=True))

    assert caught.value.hint == "did you mean 'users'?"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"where": None}, "one of --where and --all-rows is needed"),
        ({"where": "id = 1", "all_rows": True}, "one of --where and --all-rows"),
        ({"assignments": (), "all_rows": True}, "nothing to change"),
        ({"file": "x.csv", "key": ("id",)}, "--from goes with --key only"),
        ({"assignments": (), "file": "x.csv"}, "--from needs --key"),
        ({"all_rows": True, "key": ("id",)}, "--key goes with --from only"),
        ({"table": "", "all_rows": True}, "which table"),
        ({"plan": "x"}, "--apply goes with no other way"),
    ],
)
async def test_options_that_do_not_go_together_are_refused(
    db: Database, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        await db.changes.update(replace(request("username=x"), **changes))


@pytest.mark.parametrize(
    ("assignment", "where", "why", "row"),
    [
        ("username=", "id = 3", "breaks a rule of the table (ck_users_username_not_blank)", "Failing row contains (3, "),
        ("message_count=-1", "id = 4", "(ck_users_message_count_not_negative)", "Failing row contains (4, "),
        ("discord_id=1", "id in (1, 2)", "already exists (uq_users_guild_id_discord_id)", "Key (guild_id, discord_id)=(1, 1) already exists."),
        ("guild_id=7", "id = 1", "refers to a row that is not there (fk_users_guild_id_guilds)", "Key (guild_id)=(7) is not present"),
        ("message_count=message_count+9223372036854775807", "id = 5", "bigint out of range", ""),
    ],
)  # fmt: skip
async def test_a_broken_rule_is_named_with_row_and_value(
    db: Database, assignment: str, where: str, why: str, row: str
) -> None:
    await execute(db, "UPDATE users SET message_count = 1 WHERE id = 5")
    before = await dump(db, "users")

    with pytest.raises(Conflict) as caught:
        await db.changes.update(request(assignment, where=where))

    assert why in caught.value.message
    assert "".join(caught.value.lines).startswith(row)
    assert await dump(db, "users") == before


async def test_the_whole_of_it_holds_for_a_value_that_looks_like_sql(
    db: Database,
) -> None:
    evil = "'); DROP TABLE users; --"

    await db.changes.update(request(f"username={evil}", where="id = 1"))

    user = await db.user.get_by_id(1)
    assert user is not None
    assert user.username == evil


async def test_every_row_of_a_large_change_can_be_read(db: Database) -> None:
    await execute(
        db,
        "INSERT INTO users (guild_id, discord_id, username) "
        "SELECT 1, g, 'm' FROM generate_series(21, 2520) g",
    )

    wanted = request("username=x", all_rows=True, max_rows=None)
    async with db.changes.updating(wanted) as pending:
        before = [row async for rows in pending.rows() for row in rows]
        pending.agree()
    after = [
        r async for rows in db.changes.every_row(pending.done.changeset) for r in rows
    ]

    assert len(before) == 2520
    assert before == after
