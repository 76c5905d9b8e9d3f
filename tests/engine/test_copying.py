"""COPY takes part in the session's transaction, and its errors are those of inserts."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tuxdb.engine.copying import copy_bytes, copy_rows
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, InvalidValue
from tuxdb.models import Guild, GuildConfig, Model

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
