"""Connections of a service: their limits, their pool, and servers out of reach."""

import asyncio

import pytest
from sqlalchemy import text

from tests.harness.members import guilds
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.translate import ReadOnlyDatabase
from tuxdb.errors import (
    Busy,
    ConfigurationError,
    DatabaseUnavailable,
    SchemaBehind,
)
from tuxdb.models import Guild
from tuxdb.settings import Settings
from tuxdb.urls import DatabaseUrl


@pytest.mark.parametrize("read_only", [False, True])
async def test_every_session_sets_its_limits(
    settings: Settings, read_only: bool
) -> None:
    limits = {
        "application_name": "tuxdb test",
        "statement_timeout": "12s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "1min",
        "client_connection_check_interval": "2s",
        "default_transaction_read_only": "on" if read_only else "off",
        "TimeZone": "UTC",
    }
    chosen = Settings(url=settings.url, statement_timeout=12.0, lock_timeout=3.0)
    async with (
        DatabaseService.open(chosen, application_name="tuxdb test") as service,
        service.read() if read_only else service.session() as session,
    ):
        shown = {name: await session.scalar(text(f"SHOW {name}")) for name in limits}
        synchronous = await session.scalar(text("SHOW synchronous_commit"))

    assert shown == limits
    assert synchronous == "on"


async def test_behind_a_pooler_nothing_is_set_and_reads_are_read_only_still(
    settings: Settings,
) -> None:
    pooled = Settings(url=settings.url, pooler="transaction", lock_timeout=3.0)
    async with DatabaseService.open(pooled) as service:
        async with service.session() as session:
            session.add(Guild(id=1))
            assert await session.scalar(text("SHOW lock_timeout")) == "0"
            assert await session.scalar(text("SHOW application_name")) == ""
        assert await guilds(service) == [1]
        with pytest.raises(ReadOnlyDatabase):
            async with service.read() as session:
                await session.execute(text("DELETE FROM guilds"))


async def test_a_full_pool_is_an_error_that_names_it_and_it_passes(
    settings: Settings,
) -> None:
    small = Settings(url=settings.url, pool_size=2, pool_timeout=0.2)
    async with DatabaseService.open(small) as service:
        async with service.session() as one, service.session() as other:
            await one.execute(text("SELECT 1"))
            await other.execute(text("SELECT 1"))
            with pytest.raises(Busy) as error:
                async with service.session() as third:
                    await third.execute(text("SELECT 1"))

        assert str(error.value) == "no free connection to the database in time"
        async with service.session() as session:
            session.add(Guild(id=1))
        assert await guilds(service) == [1]


async def test_more_callers_than_connections_take_turns(settings: Settings) -> None:
    small = Settings(url=settings.url, pool_size=2)
    async with DatabaseService.open(small) as service:

        async def write(number: int) -> None:
            async with service.session() as session:
                session.add(Guild(id=number))

        await asyncio.gather(*(write(number) for number in range(1, 61)))

        assert len(await guilds(service)) == 60


async def test_no_such_table_says_that_the_schema_is_behind(
    empty_database_url: str,
) -> None:
    async with DatabaseService.open(empty_database_url) as service:
        with pytest.raises(SchemaBehind) as error:
            await guilds(service)

    assert error.value.hint == "tuxdb migrate"


async def test_no_server_is_unavailable_and_the_password_is_in_no_text() -> None:
    url = "postgresql://bot:hunter2@127.0.0.1:1/tux"
    async with DatabaseService.open(url) as service:
        with pytest.raises(DatabaseUnavailable) as error:
            await guilds(service)

    told = f"{error.value} {error.value!r} {error.value.hint} {error.value.details}"
    assert "bot@127.0.0.1:1/tux" in told
    assert "hunter2" not in told
    assert "hunter2" not in repr(service.settings)


async def test_no_such_database_is_said(db_service: DatabaseService) -> None:
    url = db_service.settings.url
    assert url is not None
    async with DatabaseService.open(url.with_database("nowhere")) as service:
        with pytest.raises(DatabaseUnavailable, match="no such database"):
            await guilds(service)


async def test_a_service_can_be_used_again_after_its_disposal(
    db_service: DatabaseService,
) -> None:
    assert await guilds(db_service) == []
    await db_service.dispose()
    assert await guilds(db_service) == []


async def test_a_closed_service_leaves_no_session_behind(settings: Settings) -> None:
    async with DatabaseService.open(settings, application_name="gone") as service:
        await guilds(service)
        async with service.session() as session:
            await session.execute(text("SELECT 1"))
    async with DatabaseService.open(settings) as service, service.read() as session:
        left = await session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE application_name='gone'")
        )

    assert left == 0


@pytest.mark.parametrize("target", ["mysql://x/y", "postgresql://host:port/x"])
def test_a_bad_url_is_a_configuration_error(target: str) -> None:
    with pytest.raises(ConfigurationError):
        DatabaseService(target)


def test_a_target_is_settings_a_url_or_its_text() -> None:
    url = DatabaseUrl.parse("postgresql://bot@db.example/tux")

    for target in (url, "postgresql://bot@db.example/tux", Settings(url=url)):
        assert DatabaseService(target).place == "bot@db.example:5432/tux"
