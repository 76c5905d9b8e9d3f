"""What the tests of migrations share."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.migrate.folders import Folder
from tuxdb.urls import DatabaseUrl


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty folder of revisions."""
    return Folder(tmp_path / "migrations")


@pytest.fixture
async def other(
    empty_database_url: str,
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """Somebody else's connection to the empty database."""
    parsed = DatabaseUrl.parse(empty_database_url)
    connection = await asyncpg.connect(**parsed.connect_args())
    yield connection
    await connection.close()
