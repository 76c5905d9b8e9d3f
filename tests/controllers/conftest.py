"""A database behind a proxy, for what goes wrong on the way."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.harness.economy import ANN, BOB, join
from tests.harness.wire import Wire
from tuxdb.database import Database
from tuxdb.models import User
from tuxdb.settings import Settings

RoundTrips = Callable[[Callable[[], Awaitable[object]]], Awaitable[int]]


@pytest.fixture
async def distant(wire: Wire) -> AsyncIterator[Database]:
    """The toolkit, on the database of this test by way of the proxy."""
    async with Database.open(Settings(url=wire.url)) as database:
        yield database


@pytest.fixture
def round_trips(wire: Wire) -> RoundTrips:
    """Count what a call sends the second time, when its statements are prepared."""

    async def counted(call: Callable[[], Awaitable[object]]) -> int:
        await call()
        wire.requests.clear()
        await call()
        return len(wire.requests)

    return counted


@pytest.fixture
async def ann(db: Database) -> User:
    """Ann has 100 points."""
    return await join(db, ANN, 100)


@pytest.fixture
async def bob(db: Database) -> User:
    """Bob has none."""
    return await join(db, BOB)
