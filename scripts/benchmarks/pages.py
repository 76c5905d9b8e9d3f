"""Pages of a long list: `page_after` and numbered pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.peers import Member, plain_engine
from benchmarks.place import (
    FIRST_DISCORD_ID,
    GUILD,
    USERS,
    Place,
    Sizes,
    connected,
    settle,
    toolkit,
)
from tuxdb.database import Database
from tuxdb.models import User

FIRST = "SELECT * FROM users WHERE guild_id = $1 ORDER BY id LIMIT $2"
AFTER = "SELECT * FROM users WHERE guild_id = $1 AND id > $3 ORDER BY id LIMIT $2"
PAGES = 4
REPEAT = 6
LARGEST = 1000

Fetch = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def _at(index: int, place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    number = sizes.pages[min(index, len(sizes.pages) - 1)]
    async with (
        listed(place, sizes) as url,
        connected(url) as server,
        toolkit(url) as db,
        plain_engine(url) as engine,
    ):
        skipped = (number - 1) * sizes.page
        cursor = await _cursor(db, skipped)
        keyset: Fetch = (
            partial(server.fetch, AFTER, GUILD, sizes.page, skipped)
            if skipped
            else partial(server.fetch, FIRST, GUILD, sizes.page)
        )
        ways: dict[str, Fetch] = {
            "asyncpg keyset": keyset,
            TUXDB: partial(_by_tuxdb, db, cursor, sizes.page),
            "ORM OFFSET": partial(_by_offset, engine, skipped, sizes.page),
            "ORM OFFSET and count": partial(
                _by_offset, engine, skipped, sizes.page, count=True
            ),
        }
        yield Work(
            f"page of {sizes.page}: page {number:,} of {sizes.listed:,} rows",
            [
                Contender(
                    name,
                    partial(_repeated, way, _times(name, number)),
                    check=partial(_check, skipped, sizes.page),
                    operations=_times(name, number),
                    slow="OFFSET" in name,
                )
                for name, way in ways.items()
            ],
            Goal(6.0),
            repeat=REPEAT,
        )


first = partial(_at, 0)
far = partial(_at, 1)
last = partial(_at, 2)


@asynccontextmanager
async def listed(place: Place, sizes: Sizes) -> AsyncIterator[str]:
    """Make one guild with a great many users, once for all pages."""
    if place.listed is None:
        url = await place.keep()
        async with connected(url) as server:
            await server.execute("INSERT INTO guilds (id) VALUES ($1)", GUILD)
            await server.execute(USERS, GUILD, FIRST_DISCORD_ID, sizes.listed)
            await settle(server)
        place.listed = url
    yield place.listed


async def _cursor(db: Database, skipped: int) -> str | None:
    """Walk to a page as a caller would, in large steps."""
    cursor = None
    while skipped:
        step = min(skipped, LARGEST)
        found = await _page(db, cursor, step)
        cursor, skipped = found.next, skipped - step
    return cursor


async def _page(db: Database, cursor: str | None, size: int) -> Any:  # noqa: ANN401
    return await db.user.page_after(
        cursor,
        filters=[col(User.guild_id) == GUILD],
        order_by=col(User.id),
        limit=size,
    )


async def _by_tuxdb(db: Database, cursor: str | None, size: int) -> list[User]:
    found: list[User] = (await _page(db, cursor, size)).items
    return found


async def _by_offset(
    engine: AsyncEngine, skipped: int, size: int, *, count: bool = False
) -> list[Member]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        members = select(Member).where(Member.guild_id == GUILD)
        rows = await session.scalars(
            members.order_by(Member.id).offset(skipped).limit(size)
        )
        if count:
            total = select(func.count()).select_from(members.subquery())
            await session.scalar(total)
        return list(rows)


def _times(name: str, number: int) -> int:
    """How often a page is read in a run: once where it takes a second."""
    return 1 if name.endswith("count") or (number > 1 and "OFFSET" in name) else PAGES


async def _repeated(way: Fetch, times: int) -> object:
    for _ in range(times - 1):
        await way()
    return await way()


async def _check(skipped: int, size: int, found: object) -> None:
    assert isinstance(found, list)
    expect(
        [row["id"] if hasattr(row, "keys") else row.id for row in found],
        list(range(skipped + 1, skipped + size + 1)),
        "the page",
    )
