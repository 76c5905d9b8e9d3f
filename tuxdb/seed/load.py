"""Fake data into a database: by COPY, in one transaction, proven before its end."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.copying import copy_bytes
from tuxdb.engine.service import DatabaseService
from tuxdb.models import Model
from tuxdb.seed import catalog, records
from tuxdb.seed.check import verify_ledger
from tuxdb.seed.generator import COLUMNS, FirstIds
from tuxdb.seed.plan import FakePlan
from tuxdb.seed.report import SeedReport
from tuxdb.seed.worker import Producer
from tuxdb.seed.world import guild_ids

MANY_ROWS = 20_000
"""From so many rows on, making an index at the end is cheaper than keeping it."""

MEMORY = "256MB"
"""For sorting, by indexes and by the proof of the ledger."""

Progress = Callable[[str, int, int], None]
"""Told the stage, and how many rows of how many are done."""


@dataclass(frozen=True)
class FakeReport:
    """What `fake` did, table by table; `unchanged` if the data was there before."""

    name: str
    unchanged: bool
    guild_ids: tuple[int, ...]
    items: list[SeedReport]


async def fake(
    db: DatabaseService,
    *,
    guilds: int = 5,
    users: int = 1000,
    messages: int = 0,
    transfers: int = 0,
    cases: int = 0,
    random_seed: int = 1,
    actor: str | None = None,
    progress: Progress | None = None,
) -> FakeReport:
    """Fill the database with fake guilds and what happens in them.

    The same numbers make the same data, and a second time nothing; others make new
    guilds beside those that are there. Raises Refused on a protected database.
    """
    plan = FakePlan(guilds, users, messages, transfers, cases, random_seed)
    told = progress or _silent
    async with db.transaction() as session:
        await records.refuse_protected(session)
        await records.lift_timeout(session)
        total = sum(plan.rows.values())
        new = await records.claim(session, plan.name, plan.digest, total, actor)
        if new:
            await _load(session, plan, told)
    return _report(plan, new=new)


async def _load(session: AsyncSession, plan: FakePlan, told: Progress) -> None:
    """COPY all tables; what was switched off for that is on again at the end."""
    tables = [table for table, rows in plan.rows.items() if rows]
    await catalog.require_owner(session, tables)
    for name in ("work_mem", "maintenance_work_mem"):
        await session.execute(select(func.set_config(name, MEMORY, True)))
    guards = await catalog.disable_guards(session, tables)
    rest: list[str] = []
    for table in tables:
        if plan.rows[table] >= MANY_ROWS and await _is_empty(session, table):
            rest += await catalog.take_down(session, table)
    await _copy(session, plan, told)
    for done, statement in enumerate(rest):
        told("indexes", done, len(rest))
        await catalog.run_ddl(session, [statement])
    told("ledger", 0, 1)
    await catalog.analyze(session, tables)
    await verify_ledger(session, guild_ids(plan))
    await catalog.run_ddl(session, guards)
    told("ledger", 1, 1)


async def _copy(session: AsyncSession, plan: FakePlan, told: Progress) -> None:
    with Producer(plan, await _first_ids(session, plan)) as producer:
        for table, rows in plan.rows.items():
            source = _counted(producer, table, rows, told)
            await copy_bytes(
                session,
                Model.metadata.tables[table],
                COLUMNS[table],
                source,
                binary=True,
            )


async def _is_empty(session: AsyncSession, table: str) -> bool:
    rows = select(exists().select_from(Model.metadata.tables[table]))
    return not await session.scalar(rows)


async def _first_ids(session: AsyncSession, plan: FakePlan) -> FirstIds:
    found = {
        table: await catalog.reserve_ids(session, table, plan.rows[table])
        for table in ("users", "points_transactions", "cases")
        if plan.rows[table]
    }
    return FirstIds(**found)


async def _counted(
    producer: Producer, table: str, total: int, told: Progress
) -> AsyncIterator[bytes]:
    done = 0
    async for chunk in producer.chunks(table):
        yield chunk.data
        done += chunk.rows
        told(table, done, total)


def _report(plan: FakePlan, *, new: bool) -> FakeReport:
    items = [
        SeedReport(plan.name, table, rows if new else 0, 0, 0 if new else rows)
        for table, rows in plan.rows.items()
        if rows
    ]
    return FakeReport(plan.name, not new, tuple(guild_ids(plan)), items)


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Tell nobody."""
