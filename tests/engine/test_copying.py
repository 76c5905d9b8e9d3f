"""COPY takes part in the session's transaction, and its errors are those of inserts."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests.harness.proxy import Proxy
from tuxdb.engine.copying import copy_bytes, copy_rows
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, DatabaseUnavailable, InvalidValue
from tuxdb.models import Guild, GuildConfig, Model
from tuxdb.settings import Settings

GUILDS = Model.metadata.tables["guilds"]
CONFIGS = Model.metadata.tables["guild_configs"]


async def guilds(service: DatabaseService) -> int:
    async with service.read() as session:
        return await session.scalar(select(func.count()).select_from(Guild)) or 0


async def test_copy_returns_the_count_of_the_server(
    db_service: DatabaseService,
) -> None:
    async with db_service.session() as session:
        rows = ((number, f"guild {number}") for number in range(1, 101))
        assert await copy_rows(session, GUILDS, ["id", "name"], rows) == 100

    assert await guilds(db_service) == 100


async def test_copy_as_the_first_statement_is_rolled_back_too(
    db_service: DatabaseService,
) -> None:
    async with db_service.session() as session:
        await copy_rows(session, GUILDS, ["id"], [(1,), (2,)])
        await session.rollback()

    assert await guilds(db_service) == 0


async def test_objects_become_jsonb(db_service: DatabaseService) -> None:
    async with db_service.session() as session:
        await copy_rows(session, GUILDS, ["id"], [(1,)])
        rows = [(1, {"language": "en", "ids": [2**63 - 1]})]
        await copy_rows(session, CONFIGS, ["guild_id", "settings"], rows)

    async with db_service.read() as session:
        config = await session.get(GuildConfig, 1)
    assert config is not None
    assert config.settings == {"language": "en", "ids": [2**63 - 1]}


async def test_duplicate_key_is_an_integrity_error(db_service: DatabaseService) -> None:
    async def twice() -> None:
        async with db_service.session() as session:
            await copy_rows(session, GUILDS, ["id"], [(1,), (1,)])

    with pytest.raises(IntegrityError) as error:
        await twice()
    assert isinstance(error.value, Conflict)


async def test_value_of_the_wrong_type_is_refused_without_showing_it(
    db_service: DatabaseService,
) -> None:
    async def wrong() -> None:
        async with db_service.session() as session:
            await copy_rows(session, GUILDS, ["id"], [("secret",)])

    with pytest.raises(InvalidValue) as error:
        await wrong()
    assert str(error.value) == "a value for guilds does not fit its column"


async def test_ready_bytes_come_in_chunks_of_any_size(
    db_service: DatabaseService,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in (b"1\ta", b"lpha\n2", b"\t\\N\n"):
            yield piece

    async with db_service.session() as session:
        assert await copy_bytes(session, GUILDS, ["id", "name"], chunks()) == 2

    assert await guilds(db_service) == 2


async def test_a_connection_lost_while_nothing_may_be_written_ends_the_copy(
    settings: Settings, tmp_path: Path
) -> None:
    async def without_end() -> AsyncIterator[bytes]:
        for number in itertools.count(1):
            yield f"{number}\t{'x' * 100}\n".encode() * 1_000

    async def copy(service: DatabaseService) -> None:
        async with service.session() as session:
            await copy_bytes(session, GUILDS, ["id", "name"], without_end())

    assert settings.url is not None
    proxy = Proxy(tmp_path, settings.url)
    await proxy.serve()
    async with DatabaseService.open(replace(settings, url=proxy.url)) as service:
        copying = asyncio.create_task(copy(service))
        await asyncio.sleep(0.1)
        proxy.freeze()
        await asyncio.sleep(0.5)
        proxy.cut_all()
        ended, _ = await asyncio.wait({copying}, timeout=5)
        copying.cancel()
        await proxy.close()

    assert ended
    with pytest.raises(DatabaseUnavailable):
        await copying
