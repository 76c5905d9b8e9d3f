"""Callers who give up: nothing of theirs stays behind, and nothing is done twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import text

from tests.harness.command import CHECKOUT
from tests.harness.economy import ANN, BOB, GUILD, assert_conserved, join
from tests.harness.members import raw, somebody_waits
from tuxdb.database import Database
from tuxdb.engine.connections import Driver
from tuxdb.models import User
from tuxdb.settings import Settings

NAME = "gives up"
CANCELS = 40
GONE_SECONDS = 8.0
LEFT = """
    SELECT count(*) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()
      AND state <> 'idle'
"""
PROGRAM = """
import asyncio, sys
from tuxdb.database import Database
async def main():
    async with Database.open(sys.argv[1], application_name=sys.argv[2]) as db:
        await db.user.update_by_id(int(sys.argv[3]), message_count=1)
asyncio.run(main())
"""


async def nothing_left(other: Driver, seconds: float = 5.0) -> bool:
    """Whether, in a while, every session of the service has nothing to do."""
    deadline = asyncio.get_running_loop().time() + seconds
    while await other.fetchval(LEFT, NAME):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def test_forty_cancelled_at_any_moment_leave_no_session_in_a_transaction(
    db: Database, settings: Settings
) -> None:
    ann, bob = await join(db, ANN, 1000), await join(db, BOB, 1000)
    other = await raw(db)
    async with Database.open(settings, application_name=NAME) as service:

        async def in_a_transaction() -> None:
            async with service.transaction():
                user = await service.user.get_or_raise(ann.id)
                await service.user.update_by_id(ann.id, message_count=1)
                await service.points.grant(GUILD, user.discord_id, 1)
                await asyncio.sleep(0.001)
                await service.points.deduct(GUILD, user.discord_id, 1)

        calls = (
            in_a_transaction,
            lambda: service.user.get_by_id(ann.id),
            lambda: service.user.find_all(User.guild_id == GUILD),
            lambda: service.points.transfer(GUILD, ANN, BOB, 1),
            lambda: service.user.bulk_update([{"id": bob.id, "is_active": True}]),
            service.points.verify,
        )
        for call in calls:  # connections are open and statements prepared
            await call()
        for _ in range(CANCELS):
            task = asyncio.ensure_future(random.choice(calls)())
            await asyncio.sleep(random.uniform(0, 0.01))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        async with asyncio.timeout(10):
            await asyncio.gather(*(in_a_transaction() for _ in range(12)))
        assert await nothing_left(other)
        for engine in (service._writer, service._reader):
            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    await other.close()
    await assert_conserved(db, 2000)


@pytest.mark.parametrize("way", ["statement", "transaction", "bulk"])
async def test_whoever_gives_up_waiting_for_a_lock_does_not_get_it_later(
    db: Database, settings: Settings, way: str
) -> None:
    user = await join(db, ANN)
    other = await raw(db)
    await other.execute("BEGIN; SELECT * FROM users FOR UPDATE")
    async with Database.open(settings, application_name=NAME) as service:

        async def change() -> None:
            if way == "statement":
                await service.user.update_by_id(user.id, message_count=1)
            elif way == "bulk":
                await service.user.bulk_update([{"id": user.id, "message_count": 1}])
            else:
                async with service.transaction():
                    await service.user.update_by_id(user.id, message_count=1)

        task = asyncio.create_task(change())
        await somebody_waits(db)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        watch = await raw(db)
        assert await nothing_left(watch, GONE_SECONDS)
        await watch.close()
        await other.execute("COMMIT")
        await other.close()

        assert (await service.user.get_or_raise(user.id)).message_count == 0
        assert await service.user.update_by_id(user.id, message_count=2)


async def test_a_time_limit_of_the_caller_is_a_cancellation(
    db: Database, settings: Settings
) -> None:
    one = replace(settings, pool_size=1)
    async with Database.open(one) as service:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await limited(service)

        assert await service.user.count() == 0
        async with service.session() as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def limited(service: Database) -> None:
    async with asyncio.timeout(0.05), service.session() as session:
        await session.execute(text("SELECT pg_sleep(10)"))


async def test_a_killed_client_that_waits_for_a_lock_is_gone_in_eight_seconds(
    db: Database, settings: Settings
) -> None:
    user = await join(db, ANN)
    other = await raw(db)
    await other.execute("BEGIN; SELECT * FROM users FOR UPDATE")
    assert settings.url is not None
    arguments = [settings.url.reveal(), NAME, str(user.id)]
    client = subprocess.Popen(  # noqa: ASYNC220 - it is to be killed
        [sys.executable, "-c", PROGRAM, *arguments], cwd=CHECKOUT
    )
    await somebody_waits(db)

    os.kill(client.pid, signal.SIGKILL)
    client.wait()

    watch = await raw(db)
    assert await nothing_left(watch, GONE_SECONDS)
    await watch.close()
    await other.close()
    assert (await db.user.get_or_raise(user.id)).message_count == 0
