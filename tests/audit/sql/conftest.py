"""A scratch schema for the tests of the SQL side."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.audit.sql.bot import SCHEMA
from tuxdb.audit.sql.applying import SchemaSource
from tuxdb.audit.sql.schema import ScratchSchema
from tuxdb.engine.embedded import Cluster
from tuxdb.settings import Settings

Opened: TypeAlias = AbstractAsyncContextManager[ScratchSchema]
Opener: TypeAlias = Callable[..., Opened]


@pytest.fixture
def server(cluster: Cluster, bindir: Path | None) -> Settings:
    """The settings that lead to the server of this run."""
    cluster.ensure("admin")
    return Settings(home=cluster.home, pg_bindir=bindir)


@pytest.fixture
def opened(server: Settings) -> Opener:
    """Open a schema from the text of a script."""

    def open_text(text: str = "", **options: object) -> Opened:
        sources = [SchemaSource("schema.sql", text)]
        return ScratchSchema.open(server, sources, **options)  # type: ignore[arg-type]

    return open_text


@pytest.fixture
async def bot(opened: Opener) -> AsyncIterator[ScratchSchema]:
    """The schema of the imaginary bot."""
    async with opened(SCHEMA) as schema:
        yield schema
