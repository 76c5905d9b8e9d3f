"""The ledger's triggers: no way around the ledger, and no way to change it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.harness.members import GUILD, members, raw
from tuxdb.database import Database
from tuxdb.engine.connections import Driver
from tuxdb.models import User

MERGE_NEW = "INSERT (guild_id, discord_id, username, points)"
NEW_USER = "INSERT INTO users (guild_id, discord_id, username, points)"
ON_CONFLICT = "ON CONFLICT (guild_id, discord_id) DO UPDATE SET points = 5"
MERGE = "MERGE INTO users USING (VALUES (1), (9)) AS given (id) ON users.id = given.id"
MERGE_ENTRY = "MERGE INTO points_transactions AS t USING (VALUES (1)) AS g (id)"
CHANGED_DIRECTLY, LEDGER_CHANGED = "TUX01", "TUX02"


@pytest.fixture
async def pair(db: Database) -> list[User]:
    """Two members with 100 points each; their row ids are 1 and 2."""
    return await members(db, 2, 100)


@pytest.fixture
async def sql(db: Database, pair: list[User]) -> AsyncIterator[Driver]:
    """A session of somebody who knows SQL and owns the database."""
    assert [user.id for user in pair] == [1, 2]
    connection = await raw(db)
    yield connection
    await connection.close()


async def refusal(sql: Driver, statement: str) -> str | None:
    """The SQLSTATE with which a statement is refused; None if it is not."""
    try:
        await sql.execute(statement)
    except asyncpg.PostgresError as error:
        return str(error.sqlstate)
    return None


async def state(sql: Driver) -> tuple[list[int], int]:
    """All balances in the order of ids, and how many entries there are."""
    rows = await sql.fetch("SELECT points FROM users ORDER BY id")
    entries = await sql.fetchval("SELECT count(*) FROM points_transactions")
    return [row["points"] for row in rows], entries


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET points = 1000",
        "UPDATE users SET points = points + 1 WHERE id = 1",
        "UPDATE users SET points = 0, username = 'x' WHERE id = 1",
        f"{NEW_USER} VALUES (1, 5, 'x', 1)",
        f"{NEW_USER} SELECT 1, 5, 'x', 1",
        f"{NEW_USER} SELECT 1, discord_id, 'x', 0 FROM users {ON_CONFLICT}",
        f"{MERGE} WHEN MATCHED THEN UPDATE SET points = 7",
        f"{MERGE} WHEN NOT MATCHED THEN {MERGE_NEW} VALUES (1, 9, 'x', 7)",
        "WITH changed AS (UPDATE users SET points = 1 RETURNING 1) TABLE changed",
        "DO $$ BEGIN UPDATE users SET points = 5; END $$",
    ],
)
async def test_balances_do_not_change_without_an_entry(
    sql: Driver, statement: str
) -> None:
    assert await refusal(sql, statement) == CHANGED_DIRECTLY
    assert await state(sql) == ([100, 100], 2)


async def test_copy_is_no_way_in_either(sql: Driver) -> None:
    columns = ["guild_id", "discord_id", "username", "points"]

    with pytest.raises(asyncpg.PostgresError) as error:
        await sql.copy_records_to_table(
            "users", records=[(1, 5, "x", 1)], columns=columns
        )

    assert error.value.sqlstate == CHANGED_DIRECTLY
    assert await sql.copy_records_to_table(
        "users", records=[(1, 5, "x", 0)], columns=columns
    )


async def test_a_cursor_and_a_view_are_no_ways_in_either(sql: Driver) -> None:
    await sql.execute("CREATE VIEW people AS SELECT id, points FROM users")
    through_a_cursor = """
        DO $$ DECLARE c CURSOR FOR SELECT * FROM users FOR UPDATE; r record;
        BEGIN OPEN c; FETCH c INTO r;
        UPDATE users SET points = 9 WHERE CURRENT OF c; END $$
    """

    assert await refusal(sql, "UPDATE people SET points = 9") == CHANGED_DIRECTLY
    assert await refusal(sql, through_a_cursor) == CHANGED_DIRECTLY
    assert await state(sql) == ([100, 100], 2)


async def test_what_leaves_points_as_they_are_is_allowed(sql: Driver) -> None:
    for statement in (
        "UPDATE users SET username = 'x', points = points",
        "UPDATE users SET message_count = message_count + 1",
        "INSERT INTO users (guild_id, discord_id, username) VALUES (1, 5, 'x')",
        f"{NEW_USER} VALUES (1, 6, 'x', 0)",
    ):
        assert await refusal(sql, statement) is None

    assert await state(sql) == ([100, 100, 0, 0], 2)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE points_transactions SET amount = 1",
        "UPDATE points_transactions SET reason = 'x' WHERE false",
        "DELETE FROM points_transactions",
        "DELETE FROM points_transactions WHERE false",
        "TRUNCATE points_transactions",
        f"{MERGE_ENTRY} ON t.id = g.id WHEN MATCHED THEN DELETE",
    ],
)
async def test_entries_stay_as_they_are(sql: Driver, statement: str) -> None:
    assert await refusal(sql, statement) == LEDGER_CHANGED
    assert await state(sql) == ([100, 100], 2)


async def test_the_hint_says_what_to_do_instead(sql: Driver) -> None:
    with pytest.raises(asyncpg.PostgresError) as error:
        await sql.execute("UPDATE users SET points = 1")
    assert error.value.message == "users.points changes through the ledger only"
    assert error.value.hint == "tuxdb points transfer, grant, deduct or set"

    with pytest.raises(asyncpg.PostgresError) as error:
        await sql.execute("TRUNCATE points_transactions")
    assert error.value.message == "the points ledger is append-only: TRUNCATE refused"


def entry(**values: object) -> str:
    """An INSERT of an entry of guild 1; NULL where nothing is given."""
    row = {"guild_id": 1, "amount": 30, "kind": "'transfer'", **values}
    names, given = ", ".join(row), ", ".join(str(value) for value in row.values())
    return f"INSERT INTO points_transactions ({names}) VALUES ({given})"


TRANSFER = {"from_user": 1, "to_user": 2, "from_balance": 70, "to_balance": 130}
GRANT = {"to_user": 2, "to_balance": 130, "kind": "'grant'"}


async def test_an_entry_is_the_change_of_the_balances(sql: Driver) -> None:
    await sql.execute(entry(**TRANSFER))
    assert await state(sql) == ([70, 130], 3)

    await sql.execute(entry(**{**GRANT, "to_balance": 160}))
    assert await state(sql) == ([70, 160], 4)


@pytest.mark.parametrize(
    "values",
    [
        {**TRANSFER, "from_balance": 69},
        {**TRANSFER, "to_balance": 131},
        {**TRANSFER, "amount": 29},
        {**TRANSFER, "from_user": 99},
        {**TRANSFER, "to_user": 99},
        {**TRANSFER, "guild_id": 2},
        {**GRANT, "to_balance": 30},
        {**GRANT, "to_user": 99},
    ],
)
async def test_an_entry_that_does_not_follow_from_the_balances_is_refused(
    sql: Driver, values: dict[str, object]
) -> None:
    await sql.execute("INSERT INTO guilds (id) VALUES (2)")

    assert await refusal(sql, entry(**values)) == CHANGED_DIRECTLY
    assert await state(sql) == ([100, 100], 2)


CHECK, UNIQUE = "23514", "23505"


@pytest.mark.parametrize(
    ("values", "violated"),
    [
        ({**TRANSFER, "amount": 0, "from_balance": 100, "to_balance": 100}, CHECK),
        ({**TRANSFER, "amount": -30, "from_balance": 130, "to_balance": 70}, CHECK),
        ({**TRANSFER, "amount": 101, "from_balance": -1, "to_balance": 201}, CHECK),
        ({**TRANSFER, "to_user": 1, "to_balance": 100}, CHECK),
        ({**TRANSFER, "kind": "'gift'"}, CHECK),
        ({**GRANT, "kind": "'transfer'"}, CHECK),
        ({"from_user": 1, "kind": "'deduct'"}, CHECK),
        ({**GRANT, "amount": 2**53, "to_balance": 2**53 + 100}, CHECK),
        ({**GRANT, "amount": 2**53 - 1, "to_balance": 2**53 + 99}, CHECK),
        ({"amount": 1, "kind": "'grant'"}, CHECK),
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused_by_the_table(
    sql: Driver, values: dict[str, object], violated: str
) -> None:
    assert await refusal(sql, entry(**values)) == violated
    assert await state(sql) == ([100, 100], 2)


async def test_a_key_and_a_correction_are_used_once(sql: Driver) -> None:
    await sql.execute(entry(**TRANSFER, idempotency_key="'k'", reverses=1))
    again = {**TRANSFER, "from_balance": 40, "to_balance": 160}

    assert await refusal(sql, entry(**again, idempotency_key="'k'")) == UNIQUE
    assert await refusal(sql, entry(**again, reverses=1)) == UNIQUE
    assert await state(sql) == ([70, 130], 3)


async def test_entries_in_one_statement_follow_each_other(sql: Driver) -> None:
    chained = entry(**TRANSFER) + ", (1, 30, 'transfer', 1, 2, 40, 160)"
    await sql.execute(chained)
    assert await state(sql) == ([40, 160], 4)

    not_chained = entry(**TRANSFER) + ", (1, 30, 'transfer', 1, 2, 70, 130)"
    assert await refusal(sql, not_chained) == CHANGED_DIRECTLY


FORGED = [
    pytest.param(["1, 2, 30, 70, 130", "1, 2, 30, 70, 130"], id="both from the start"),
    pytest.param(["1, 2, 30, 70, 130", "1, 2, 30, 40, 161"], id="one point more"),
    pytest.param(["1, 2, 30, 70, 130", "2, 1, 30, 100, 101"], id="back to another sum"),
    pytest.param(["1, 2, 30, 40, 160", "1, 2, 30, 70, 130"], id="the wrong way round"),
    pytest.param(["1, 2, 30, 70, 130", "1, 99, 30, 40, 30"], id="to nobody"),
    pytest.param(["1, 2, 30, 71, 131", "1, 2, 30, 41, 161"], id="from a point more"),
    pytest.param(
        ["1, 2, 30, 71, 130", "2, NULL, 30, 100, NULL", "1, 2, 30, 40, 130"],
        id="the last ones right",
    ),
    pytest.param(
        ["1, 2, 101, -1, 201", "2, 1, 101, 100, 100"], id="less than nothing between"
    ),
    pytest.param(
        [
            f"NULL, 2, {2**53 - 1}, NULL, {2**53 + 99}",
            f"2, NULL, {2**53 - 1}, 100, NULL",
        ],
        id="more than the most between",
    ),
]


@pytest.mark.parametrize("entries", FORGED)
async def test_many_entries_are_judged_as_if_each_came_alone(
    sql: Driver, entries: list[str]
) -> None:
    rows = ", ".join(f"(1, 'reverse', {entry})" for entry in entries)
    columns = "guild_id, kind, from_user, to_user, amount, from_balance, to_balance"

    assert (
        await refusal(sql, f"INSERT INTO points_transactions ({columns}) VALUES {rows}")
        == CHANGED_DIRECTLY
    )
    assert await state(sql) == ([100, 100], 2)


async def test_nobody_is_paid_by_entries_of_two_guilds(sql: Driver) -> None:
    await sql.execute("INSERT INTO guilds (id) VALUES (2)")
    grants = "(1, 'grant', 1, 5, 105), (2, 'grant', 1, 5, 110)"
    columns = "guild_id, kind, to_user, amount, to_balance"

    assert (
        await refusal(
            sql, f"INSERT INTO points_transactions ({columns}) VALUES {grants}"
        )
        == CHANGED_DIRECTLY
    )
    assert await state(sql) == ([100, 100], 2)


async def test_entries_of_several_parts_of_a_statement_are_judged_together(
    sql: Driver,
) -> None:
    first, second = entry(**GRANT), entry(**{**GRANT, "to_balance": 160})

    assert await refusal(sql, f"WITH one AS ({first}) {first}") == CHANGED_DIRECTLY
    assert await state(sql) == ([100, 100], 2)

    await sql.execute(f"WITH one AS ({second}) {first}")  # the main part comes first
    assert await state(sql) == ([100, 160], 4)


async def test_a_statement_that_enters_nothing_changes_nothing(sql: Driver) -> None:
    nothing = entry(**GRANT).replace("VALUES (", "SELECT ").removesuffix(")")

    await sql.execute(f"{nothing} WHERE false")

    assert await state(sql) == ([100, 100], 2)


async def test_entries_may_come_by_copy(sql: Driver) -> None:
    await sql.copy_records_to_table(
        "points_transactions",
        columns=["guild_id", "to_user", "amount", "to_balance", "kind"],
        records=[(1, 1, 1, 101, "grant"), (1, 1, 1, 102, "grant")],
    )

    assert await state(sql) == ([102, 100], 4)


async def test_who_goes_leaves_an_entry_for_what_was_left(
    db: Database, sql: Driver
) -> None:
    await sql.execute("DELETE FROM users WHERE id = 1")

    last = (await db.points.history(GUILD, limit=1)).items[0]
    assert (last.kind, last.amount, last.from_balance) == ("deduct", 100, 0)
    assert last.reason == "account deleted"
    assert await state(sql) == ([100], 3)
    assert (await db.points.verify()).mismatches == []


async def test_who_goes_with_nothing_leaves_nothing(db: Database, sql: Driver) -> None:
    await sql.execute(
        "INSERT INTO users (guild_id, discord_id, username) VALUES (1, 5, 'x')"
    )
    await sql.execute("DELETE FROM users WHERE discord_id = 5")

    assert await state(sql) == ([100, 100], 2)


async def test_a_guild_with_entries_cannot_go(sql: Driver) -> None:
    assert await refusal(sql, "DELETE FROM guilds") == "23503"
    assert await state(sql) == ([100, 100], 2)


async def test_a_balance_does_not_change_its_owner(db: Database, sql: Driver) -> None:
    """Moving a row to another id or guild would move its points past the ledger."""
    await sql.execute("INSERT INTO guilds (id) VALUES (2)")
    for statement in (
        "UPDATE users SET id = 50 WHERE id = 1",
        "UPDATE users SET guild_id = 2 WHERE id = 1",
    ):
        assert await refusal(sql, statement) == CHANGED_DIRECTLY, statement
    assert (await db.points.verify()).mismatches == []


async def test_users_do_not_vanish_with_their_points(db: Database, sql: Driver) -> None:
    for table in ("users", "guilds"):
        assert await refusal(sql, f"TRUNCATE {table} CASCADE") == CHANGED_DIRECTLY
    assert await state(sql) == ([100, 100], 2)

    await db.points.set_balance(GUILD, (await db.user.get_or_raise(1)).discord_id, 0)
    await sql.execute("DELETE FROM users WHERE id = 2")
    assert await refusal(sql, "TRUNCATE users CASCADE") is None
    assert (await db.points.verify()).mismatches == []
