"""Fixtures of caches and of the connections by which they hear of changes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.harness.cached import Feed, Reader
from tests.harness.proxy import Proxy
from tuxdb.urls import DatabaseUrl


@pytest.fixture
async def read() -> AsyncIterator[Reader]:
    yield Reader()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def feed(read: Reader) -> Feed:
    feed = Feed()
    read.cache.follow(feed, "guild_configs", int)
    return feed


@pytest.fixture
def url(empty_database_url: str) -> DatabaseUrl:
    return DatabaseUrl.parse(empty_database_url)


@pytest.fixture
async def other(url: DatabaseUrl) -> AsyncIterator[asyncpg.Connection]:
    """A connection of another process, as it were, with a table that notifies."""
    connection = await asyncpg.connect(**url.connect_args())
    await connection.execute(
        """
        CREATE TABLE things (id bigint PRIMARY KEY, version int NOT NULL);
        INSERT INTO things SELECT n, 0 FROM generate_series(1, 9) AS n;
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_notify('tuxdb_cache', 'things:' || NEW.id); RETURN NULL; END$$;
        CREATE TRIGGER tell AFTER UPDATE ON things
            FOR EACH ROW EXECUTE FUNCTION tell();
        """
    )
    yield connection
    await connection.close()


@pytest.fixture
async def proxy(url: DatabaseUrl, tmp_path: Path) -> AsyncIterator[Proxy]:
    proxy = Proxy(tmp_path, url)
    await proxy.serve()
    yield proxy
    await proxy.close()
