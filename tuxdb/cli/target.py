"""The database that a command works on: its name, whether it answers, its schema."""

import time

from tuxdb.errors import DatabaseUnavailable
from tuxdb.settings import Settings, environment

POLL_SECONDS = 0.25


def target(settings: Settings, marker: str | None = None) -> str:
    """Name the database that a command works on, for people, with its marker."""
    return f"{_place(settings)} [protected: {marker}]" if marker else _place(settings)


def _place(settings: Settings) -> str:
    if settings.url is not None:
        return settings.url.display()
    from tuxdb.engine.embedded import Cluster

    data = str(Cluster(settings.home).data)
    home = environment().get("HOME", "")
    short = (
        f"~{data.removeprefix(home)}" if home and data.startswith(f"{home}/") else data
    )
    return f"embedded {short} (tuxdb)"


async def require_head(settings: Settings) -> None:
    """Raise SchemaBehind, naming by how much, unless the schema is at head."""
    from tuxdb.migrate.connection import opened
    from tuxdb.migrate.state import read_schema_state

    async with opened(settings) as connection:
        (await read_schema_state(connection)).require_head()


async def marker_of(
    settings: Settings, *, at_head: bool, foreign: bool = False
) -> str | None:
    """What the database says it is: `production`; None where it is not protected.

    Raises SchemaBehind, on the same connection, if it is to be at head and is not;
    with `foreign` it may as well be another bot's, of which tuxdb has no revision.
    """
    from tuxdb.migrate.connection import opened
    from tuxdb.migrate.state import protection, read_schema_state

    async with opened(settings) as connection:
        if at_head:
            state = await read_schema_state(connection)
            if not (foreign and state.foreign):
                state.require_head()
        return await protection(connection)


async def reachable(settings: Settings, patience: float) -> None:
    """Wait until the server takes connections; raises its last refusal."""
    import asyncio

    from tuxdb.migrate.connection import opened

    deadline = time.monotonic() + patience
    while True:
        try:
            async with opened(settings):
                return
        except DatabaseUnavailable:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(POLL_SECONDS)
