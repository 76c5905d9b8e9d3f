"""Many rows changed, each in its own way: `bulk_update` and the peers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import bindparam, case, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.peers import Member, installed, plain_engine, table
from benchmarks.place import (
    Connection,
    Place,
    Sizes,
    add_users,
    connected,
    settle,
    toolkit,
)
from tuxdb.database import Database

Rows = list[dict[str, Any]]
Way = Callable[[Rows], Awaitable[object]]

SLOW = ("executemany", "ORM bulk", "CASE WHEN", "advanced-alchemy")
GIVEN = "CREATE TEMP TABLE given (id bigint, username text, message_count bigint)"
FROM_GIVEN = """
UPDATE users SET username = given.username, message_count = given.message_count,
    updated_at = now()
FROM given WHERE users.id = given.id
"""
TIMES_MORE = 10
FROM_ARRAYS = """
UPDATE users SET username = given.username, message_count = given.message_count,
    updated_at = now()
FROM unnest($1::bigint[], $2::text[], $3::bigint[])
    AS given (id, username, message_count)
WHERE users.id = given.id
"""


class Changes:
    """Rows to write: other values in every run, so that each run changes them all."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._runs = count(1)
        self.rows: Rows = []

    async def prepare(self, server: Connection) -> None:
        """Make new rows, in the shape that every contender takes."""
        run = next(self._runs)
        self.rows = [
            {"id": n, "username": f"renamed {run} {n}", "message_count": run * n}
            for n in range(1, self._number + 1)
        ]
        await settle(server)

    async def check(self, server: Connection, _result: object) -> None:
        """Every row has its own values, and no other row was touched."""
        found = await server.fetch(
            "SELECT id, username, message_count FROM users"
            " WHERE username LIKE 'renamed%' ORDER BY id"
        )
        expect([dict(row) for row in found], self.rows, "the rows updated")


@asynccontextmanager
async def updated(place: Place, sizes: Sizes, *, times: int = 1) -> AsyncIterator[Work]:
    """Two columns of one in ten users."""
    number = sizes.updated * times
    changes = Changes(number)
    async with (
        place.database() as url,
        connected(url) as server,
        toolkit(url) as db,
        plain_engine(url) as engine,
    ):
        await add_users(server, 10 * number)
        ways: dict[str, Way] = {
            "COPY to temp + UPDATE FROM": partial(_from_temporary, server),
            "UPDATE FROM unnest": partial(_from_arrays, server),
            TUXDB: partial(_by_tuxdb, db),
            "executemany": partial(_by_executemany, engine),
            "ORM bulk": partial(_by_orm, engine),
            "CASE WHEN": partial(_by_case, engine),
        }
        if installed("advanced_alchemy"):
            ways["advanced-alchemy"] = partial(_by_repository, engine)
        yield Work(
            f"bulk update, {number:,} different rows of {10 * number:,}",
            [
                Contender(
                    name,
                    partial(_run, way, changes),
                    partial(changes.prepare, server),
                    partial(changes.check, server),
                    slow=name in SLOW,
                )
                for name, way in ways.items()
            ],
            Goal(1.2),
            repeat=2,
        )


more_updated = partial(updated, times=TIMES_MORE)


async def _run(way: Way, changes: Changes) -> object:
    return await way(changes.rows)


async def _by_tuxdb(db: Database, rows: Rows) -> None:
    expect(await db.user.bulk_update(rows), len(rows), "the count")


async def _from_temporary(server: Connection, rows: Rows) -> None:
    async with server.transaction():
        await server.execute(f"{GIVEN} ON COMMIT DROP")
        records = [tuple(row.values()) for row in rows]
        await server.copy_records_to_table("given", records=records)
        await server.execute(FROM_GIVEN)


async def _from_arrays(server: Connection, rows: Rows) -> None:
    columns = [[row[name] for row in rows] for name in rows[0]]
    await server.execute(FROM_ARRAYS, *columns)


async def _by_executemany(engine: AsyncEngine, rows: Rows) -> None:
    users = table(Member)
    statement = (
        update(users)
        .where(users.c.id == bindparam("key"))
        .values(username=bindparam("name"), message_count=bindparam("messages"))
    )
    async with engine.begin() as connection:
        await connection.execute(
            statement,
            [dict(zip(("key", "name", "messages"), r.values())) for r in rows],  # noqa: B905
        )


async def _by_orm(engine: AsyncEngine, rows: Rows) -> None:
    async with AsyncSession(engine) as session, session.begin():
        await session.execute(update(Member), rows)


async def _by_case(engine: AsyncEngine, rows: Rows) -> None:
    """In pieces: a statement has 32,767 parameters at most."""
    users = table(Member)
    async with engine.begin() as connection:
        for start in range(0, len(rows), 1000):
            some = rows[start : start + 1000]
            changed: dict[str, Any] = {
                name: case({row["id"]: row[name] for row in some}, value=users.c.id)
                for name in ("username", "message_count")
            }
            keys = [row["id"] for row in some]
            await connection.execute(
                update(users).where(users.c.id.in_(keys)).values(changed)
            )


async def _by_repository(engine: AsyncEngine, rows: Rows) -> None:
    from advanced_alchemy.repository import SQLAlchemyAsyncRepository

    class Members(SQLAlchemyAsyncRepository[Member]):  # type: ignore[misc]
        model_type = Member

    async with AsyncSession(engine) as session, session.begin():
        repository = Members(session=session)
        for start in range(0, len(rows), 5000):
            some = [Member(**row) for row in rows[start : start + 5000]]
            await repository.update_many(some)
