"""Counters behind a proxy, and a folder for what they cannot write."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.harness.wire import Wire
from tuxdb.database import Database
from tuxdb.settings import Settings


@pytest.fixture
async def distant(wire: Wire) -> AsyncIterator[Database]:
    """The toolkit, by way of the proxy, as impatient as the bot."""
    settings = Settings(url=wire.url, connect_timeout=2.0, pool_timeout=2.0)
    async with Database.open(settings) as database:
        yield database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where counts go that cannot be written."""
    return tmp_path / "spool"
