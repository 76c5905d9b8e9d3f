"""Many new rows: `bulk_create` and `bulk_upsert` against COPY, and the peers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.peers import Member, installed, plain_engine, table
from benchmarks.place import (
    FIRST_DISCORD_ID,
    GUILD,
    Connection,
    Place,
    Sizes,
    connected,
    toolkit,
)
from tuxdb.database import Database
from tuxdb.models import User

COLUMNS = ("guild_id", "discord_id", "username", "message_count")
Rows = list[dict[str, Any]]
KEY = ("guild_id", "discord_id")


@asynccontextmanager
async def created(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """New users, as dicts, each checked."""
    async with _compared(place, sizes, lambda db, rows: db.user.bulk_create(rows)) as (
        contenders,
        number,
    ):
        yield Work(f"bulk insert, {number:,} rows", contenders, Goal(1.5))


@asynccontextmanager
async def upserted(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """The same rows, as if each could be there already."""

    def run(db: Database, rows: Rows) -> Awaitable[int]:
        return db.user.bulk_upsert(rows, KEY)

    async with _compared(place, sizes, run) as (contenders, number):
        chosen = [c for c in contenders if c.name in (TUXDB, contenders[0].name)]
        title = f"bulk insert with ON CONFLICT, {number:,} rows"
        yield Work(title, chosen, Goal(1.8))


@asynccontextmanager
async def _compared(
    place: Place, sizes: Sizes, way: Callable[[Database, Rows], Awaitable[int]]
) -> AsyncIterator[tuple[Sequence[Contender], int]]:
    number = sizes.inserted
    rows: Rows = [
        {
            "guild_id": GUILD,
            "discord_id": FIRST_DISCORD_ID + n,
            "username": f"member {n}",
            "message_count": n % 1000,
        }
        for n in range(1, number + 1)
    ]
    records = [tuple(row.values()) for row in rows]
    async with (
        place.database() as url,
        connected(url) as server,
        toolkit(url) as db,
        plain_engine(url) as engine,
    ):
        await server.execute("INSERT INTO guilds (id) VALUES ($1)", GUILD)
        runs: dict[str, Callable[[], Awaitable[object]]] = {
            "asyncpg COPY": partial(_copied, server, records),
            TUXDB: partial(way, db, rows),
            "Core insertmanyvalues": partial(_by_core, engine, rows),
            "ORM bulk insert": partial(_by_orm, engine, rows),
            "ORM add_all": partial(_added, engine, rows, Member),
            "SQLModel add_all": partial(_added, engine, rows, User),
        }
        if installed("advanced_alchemy"):
            runs["advanced-alchemy"] = partial(_by_repository, engine, rows)
        before, check = partial(_emptied, server), partial(_checked, server, number)
        slow = ("add_all", "advanced-alchemy")
        yield (
            [
                Contender(name, run, before, check, slow=name.endswith(slow))
                for name, run in runs.items()
            ],
            number,
        )


async def _copied(server: Connection, records: Sequence[tuple[Any, ...]]) -> None:
    await server.copy_records_to_table("users", records=records, columns=COLUMNS)


async def _by_core(engine: AsyncEngine, rows: Rows) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(table(Member)), rows)


async def _by_orm(engine: AsyncEngine, rows: Rows) -> None:
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(insert(Member), rows)


async def _added(engine: AsyncEngine, rows: Rows, model: type[Any]) -> None:
    async with AsyncSession(engine) as session, session.begin():
        session.add_all([model(**row) for row in rows])


async def _by_repository(engine: AsyncEngine, rows: Rows) -> None:
    from advanced_alchemy.repository import SQLAlchemyAsyncRepository

    class Members(SQLAlchemyAsyncRepository[Member]):  # type: ignore[misc]
        model_type = Member

    async with AsyncSession(engine) as session, session.begin():
        await Members(session=session).add_many([Member(**row) for row in rows])


async def _emptied(server: Connection) -> None:
    await server.execute("TRUNCATE users CASCADE")
    await server.execute("CHECKPOINT")


async def _checked(server: Connection, number: int, _result: object) -> None:
    found = await server.fetchrow(
        "SELECT count(*), count(DISTINCT discord_id), max(username), sum(message_count)"
        " FROM users"
    )
    total = sum(n % 1000 for n in range(1, number + 1))
    names = max(f"member {n}" for n in range(1, number + 1))
    expect(tuple(found or ()), (number, number, names, total), "the rows inserted")
