"""While a thousand transfers run, every snapshot holds the same sum as before."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text

from tests.harness.economy import GUILD, join, outcomes
from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import InsufficientPoints
from tuxdb.settings import Settings

OPENING = 500
TRANSFERS = 1000

TOTALS = text("SELECT sum(points), min(points) FROM users")
STRAYS = text(
    """
    SELECT id FROM users WHERE points <> (
        SELECT coalesce(sum(CASE to_user WHEN users.id THEN amount ELSE -amount END), 0)
        FROM points_transactions WHERE users.id IN (from_user, to_user)
    )
    """
)
"""Users whose points are not what came in less what went out."""
DEADLOCKS = text(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
)


class Snapshots:
    """Looks at the ledger again and again, each time as of one instant."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.sums: set[int] = set()
        self.lowest = 0
        self.strays: list[int] = []
        self.taken = 0
        self.over = asyncio.Event()

    async def watch(self) -> None:
        while not self.over.is_set():
            async with self.db.snapshot() as session:
                total, lowest = (await session.execute(TOTALS)).one()
                self.sums.add(int(total))
                self.lowest = min(self.lowest, lowest)
                self.strays += await session.scalars(STRAYS)
            self.taken += 1


@pytest.mark.parametrize("accounts", [2, 6])
async def test_a_thousand_opposite_transfers_create_and_lose_nothing(
    settings: Settings, accounts: int
) -> None:
    users = list(range(1, accounts + 1))
    async with AsyncExitStack() as stack:
        watcher, *others = [
            await stack.enter_async_context(Database.open(settings)) for _ in range(4)
        ]
        for user in users:
            await join(watcher, user, OPENING)
        snapshots = Snapshots(watcher)
        watching = asyncio.create_task(snapshots.watch())

        movements = []
        for number in range(TRANSFERS):
            sender, receiver = random.sample(users, 2)
            transfer = others[number % 3].points.transfer
            amount = random.randint(1, 400)
            movements.append(transfer(GUILD, sender, receiver, amount))
        answers = await outcomes(*movements)
        snapshots.over.set()
        await watching
        report = await watcher.points.verify()

    assert {type(answer) for answer in answers} <= {Movement, InsufficientPoints}
    assert snapshots.sums == {OPENING * accounts}
    assert snapshots.strays == []
    assert snapshots.lowest >= 0
    assert snapshots.taken > 3
    assert report.mismatches == []
    made = sum(isinstance(answer, Movement) for answer in answers)
    assert report.entries == made + accounts
    assert await deadlocks(settings) == 0


async def deadlocks(settings: Settings) -> int:
    """How many the server has had to break; sessions tell it when they end."""
    async with Database.open(settings) as db, db.read() as session:
        return int(await session.scalar(DEADLOCKS) or 0)
