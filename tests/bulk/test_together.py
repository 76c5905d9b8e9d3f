"""Bulk updates beside each other and beside a bot: nothing lost, nobody stuck."""

import asyncio
import random

import asyncpg
import pytest

from tests.bulk.conftest import ANN
from tuxdb.bulk.requests import UpdateRequest
from tuxdb.database import Database
from tuxdb.errors import Busy

pytestmark = pytest.mark.usefixtures("members")

ROUNDS = 5


def increase(where: str) -> UpdateRequest:
    return UpdateRequest(
        "users", ANN, assignments=("message_count=message_count+1",), where=where
    )


async def test_changes_at_once_of_the_same_rows_all_count(db: Database) -> None:
    requests = [increase("id >= 1"), increase("id <= 20"), increase("id > 0")]

    await asyncio.gather(*(db.changes.update(r) for r in requests for _ in range(3)))

    assert {user.message_count for user in await db.user.find_all()} == {9}


async def test_a_bot_that_locks_in_any_order_is_survived(db: Database) -> None:
    """It locks two rows of which the second may be held by us: a deadlock, retried."""
    random.seed(1)
    writing = True
    written = 0

    async def bot() -> None:
        nonlocal written
        connection = await db.connect()
        while writing:
            pair = random.sample(range(1, 21), 2)
            try:
                async with connection.transaction():
                    for number in pair:
                        await connection.execute(
                            "UPDATE users SET message_count = message_count + 1 "
                            "WHERE id = $1",
                            number,
                        )
            except asyncpg.DeadlockDetectedError:
                continue
            written += 2
        await connection.close()

    bots = [asyncio.create_task(bot()) for _ in range(3)]
    done = 0
    for _ in range(ROUNDS):
        try:
            done += (await db.changes.update(increase("id > 0"))).changed
        except Busy:  # every one of its attempts met a deadlock
            continue
    writing = False
    await asyncio.gather(*bots)

    counted = sum(user.message_count for user in await db.user.find_all())
    assert counted == written + done
    assert done >= 20 * (ROUNDS - 1)


async def test_a_deadlock_is_tried_again_with_what_was_read(db: Database) -> None:
    """The other one takes row 20, waits for row 1, which is ours by then."""
    other = await db.connect()
    await other.execute("SET deadlock_timeout = '10s'")  # so that we are the victim
    transaction = other.transaction()
    await transaction.start()
    change = "UPDATE users SET message_count = message_count + 1 WHERE id = $1"
    await other.execute(change, 20)

    ours = asyncio.create_task(db.changes.update(increase("id > 0")))
    await asyncio.sleep(0.3)
    await other.execute(change, 1)
    await transaction.commit()
    await other.close()
    done = await ours

    assert done.changed == 20
    users = {user.id: user.message_count for user in await db.user.find_all()}
    assert (users[1], users[2], users[20]) == (2, 1, 2)
