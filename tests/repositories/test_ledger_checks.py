"""`verify`: it says nothing of a sound ledger, and names each planted corruption."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness.economy import ANN, BOB, GUILD, join
from tests.harness.members import raw
from tuxdb.controllers.points_reports import VerifyReport
from tuxdb.database import Database
from tuxdb.engine.connections import Driver

TABLES = ("users", "points_transactions")


@pytest.fixture
async def sound(db: Database) -> Database:
    """Ann (row 1) has 70 and Bob (row 2) 30, by a grant and a transfer, entries 1, 2.

    Another guild holds an Ann (row 3) with 5, by entry 3.
    """
    await join(db, ANN, 100)
    await join(db, BOB)
    await db.points.transfer(GUILD, ANN, BOB, 30)
    await join(db, ANN, 5, guild_id=2)
    return db


@pytest.fixture
async def plant(sound: Database) -> AsyncIterator[Driver]:
    """A session that no trigger and no CHECK of the ledger stops."""
    connection = await raw(sound)
    for table in TABLES:
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        checks = await connection.fetch(
            "SELECT conname FROM pg_constraint"
            " WHERE conrelid = $1::text::regclass AND contype = 'c'",
            table,
        )
        for (name,) in checks:
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield connection
    await connection.close()


def found(report: VerifyReport) -> set[tuple[Any, ...]]:
    """Code, guild, Discord id, entry, what is recorded and what is computed."""
    return {
        (m.code, m.guild_id, m.discord_id, m.entry_id, m.recorded, m.computed)
        for m in report.mismatches
    }


ENTRY = "INSERT INTO points_transactions (guild_id, from_user, to_user, amount,"
ENTRY += " from_balance, to_balance, kind, reverses) VALUES "


async def test_a_sound_ledger_has_no_mismatch(sound: Database) -> None:
    report = await sound.points.verify()

    assert (report.accounts, report.entries, report.mismatches) == (3, 3, [])
    one = await sound.points.verify(GUILD)
    assert (one.accounts, one.entries, one.mismatches) == (2, 2, [])


async def test_an_empty_ledger_is_sound(db: Database) -> None:
    report = await db.points.verify()

    assert (report.accounts, report.entries, report.mismatches) == (0, 0, [])


@pytest.mark.parametrize(
    ("corruption", "mismatches"),
    [
        pytest.param(
            "UPDATE users SET points = 71 WHERE id = 1",
            {("I1", 1, ANN, None, 71, 70), ("I4", 1, None, None, 101, 100)},
            id="a balance was raised",
        ),
        pytest.param(
            "UPDATE users SET points = points + CASE id WHEN 1 THEN -5 ELSE 5 END"
            " WHERE id IN (1, 2)",
            {("I1", 1, ANN, None, 65, 70), ("I1", 1, BOB, None, 35, 30)},
            id="points moved without an entry",
        ),
        pytest.param(
            "INSERT INTO users (guild_id, discord_id, username, points)"
            " VALUES (1, 44, 'x', 9)",
            {("I1", 1, 44, None, 9, 0), ("I4", 1, None, None, 109, 100)},
            id="a user came with points",
        ),
        pytest.param(
            "DELETE FROM users WHERE id = 2",
            {("I1", 1, None, None, 0, 30), ("I4", 1, None, None, 70, 100)},
            id="a user went with points",
        ),
        pytest.param(
            "DELETE FROM points_transactions WHERE id = 2",
            {("I1", 1, ANN, None, 70, 100), ("I1", 1, BOB, None, 30, 0)},
            id="an entry was deleted",
        ),
        pytest.param(
            "UPDATE points_transactions SET from_balance = 69 WHERE id = 2",
            {("I2", 1, ANN, 2, 69, 70)},
            id="a balance in an entry was changed",
        ),
        pytest.param(
            "UPDATE points_transactions SET amount = 20 WHERE id = 2",
            {
                ("I1", 1, ANN, None, 70, 80),
                ("I1", 1, BOB, None, 30, 20),
                ("I2", 1, ANN, 2, 70, 80),
                ("I2", 1, BOB, 2, 30, 20),
            },
            id="an amount was changed",
        ),
        pytest.param(
            "UPDATE points_transactions SET id = 0 WHERE id = 2",
            {
                ("I2", 1, ANN, 0, 70, -30),
                ("I2", 1, ANN, 1, 100, 170),
            },
            id="entries changed places",
        ),
        pytest.param(
            f"{ENTRY} (1, 1, 2, 10, 60, 40, 'transfer', NULL)",
            {("I1", 1, ANN, None, 70, 60), ("I1", 1, BOB, None, 30, 40)},
            id="an entry was forged",
        ),
        pytest.param(
            "UPDATE points_transactions SET kind = 'grant' WHERE id = 2",
            {("I3", 1, ANN, 2, 2, 0)},
            id="a transfer was made a grant",
        ),
        pytest.param(
            "UPDATE points_transactions SET kind = 'transfer' WHERE id = 1",
            {("I3", 1, ANN, 1, 1, 2)},
            id="a grant was made a transfer",
        ),
        pytest.param(
            "UPDATE users SET points = -5 WHERE id = 2",
            {
                ("I1", 1, BOB, None, -5, 30),
                ("I4", 1, None, None, 65, 100),
                ("I5", 1, BOB, None, -5, 0),
            },
            id="a balance fell below 0",
        ),
        pytest.param(
            "UPDATE points_transactions SET reverses = 1 WHERE id = 2",
            {("I6", 1, ANN, 2, 30, 100)},
            id="a correction that mirrors nothing",
        ),
        pytest.param(
            "UPDATE points_transactions SET kind = 'reverse' WHERE id = 2",
            {("I6", 1, ANN, 2, 30, None)},
            id="a correction of nothing",
        ),
        pytest.param(
            "UPDATE points_transactions SET guild_id = 1 WHERE id = 3",
            {
                ("I1", 2, ANN, None, 5, 0),
                ("I1", 1, None, None, 0, 5),
                ("I4", 1, None, None, 100, 105),
                ("I4", 2, None, None, 5, 0),
                ("I7", 1, ANN, 3, 1, 2),
            },
            id="an entry was moved to another guild",
        ),
        pytest.param(
            "UPDATE users SET id = 50 WHERE id = 2",
            {("I1", 1, BOB, None, 30, 0), ("I1", 1, None, None, 0, 30)},
            id="a balance changed its owner",
        ),
    ],
)
async def test_a_planted_corruption_is_named_with_both_numbers(
    sound: Database, plant: Driver, corruption: str, mismatches: set[tuple[Any, ...]]
) -> None:
    await plant.execute(corruption)

    assert found(await sound.points.verify()) == mismatches


async def test_one_guild_is_judged_by_itself(sound: Database, plant: Driver) -> None:
    await plant.execute("UPDATE users SET points = 6 WHERE id = 3")

    assert (await sound.points.verify(GUILD)).mismatches == []
    assert found(await sound.points.verify(2)) == {
        ("I1", 2, ANN, None, 6, 5),
        ("I4", 2, None, None, 6, 5),
    }


async def test_nothing_is_repaired(sound: Database, plant: Driver) -> None:
    await plant.execute("UPDATE users SET points = 6 WHERE id = 3")

    first = found(await sound.points.verify())

    assert found(await sound.points.verify()) == first
    assert await plant.fetchval("SELECT points FROM users WHERE id = 3") == 6


async def test_a_mismatch_is_named_as_a_person_knows_it(
    sound: Database, plant: Driver
) -> None:
    await plant.execute("UPDATE users SET points = 71 WHERE id = 1")

    mismatch = (await sound.points.verify()).mismatches[0]

    assert (mismatch.user_id, mismatch.discord_id) == (1, ANN)
    assert mismatch.username == f"user{ANN}"
