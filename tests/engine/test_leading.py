"""One process leads; the others find out at once."""

import asyncio

import pytest

from tuxdb.engine.leading import leading
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import DatabaseUnavailable
from tuxdb.settings import Settings


async def test_one_of_many_leads(db_service: DatabaseService) -> None:
    led: list[bool] = []

    async def one() -> None:
        async with leading(db_service, "expiry") as lead:
            led.append(lead is not None)
            await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(4)))

    assert sorted(led) == [False, False, False, True]


async def test_tasks_do_not_get_in_each_others_way(db_service: DatabaseService) -> None:
    async with leading(db_service, "expiry") as one, leading(db_service, "sync") as two:
        assert one is not None
        assert two is not None


async def test_the_next_one_leads_when_the_first_is_done(settings: Settings) -> None:
    async with (
        DatabaseService.open(settings) as one,
        DatabaseService.open(settings) as two,
    ):
        async with leading(one, "expiry") as lead:
            assert lead is not None
            await lead.confirm()
            async with leading(two, "expiry") as other:
                assert other is None
        async with leading(two, "expiry") as other:
            assert other is not None


async def test_who_loses_the_connection_does_not_lead_on(settings: Settings) -> None:
    async with (
        DatabaseService.open(settings) as one,
        DatabaseService.open(settings) as two,
    ):
        with pytest.raises(DatabaseUnavailable):
            async with leading(one, "expiry") as lead:
                assert lead is not None
                async with two.session() as session:
                    killing = await session.connection()
                    await killing.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid()"
                        " AND datname = current_database()"
                        " AND state = 'idle in transaction'"
                    )
                async with leading(two, "expiry") as next_one:
                    assert next_one is not None
                await lead.confirm()
