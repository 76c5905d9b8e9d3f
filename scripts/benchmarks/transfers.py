"""Transfers: tuxdb against one stored function called by pgbench, and others.

The limit and the peers work on a copy of the tables with the same keys, indexes and
checks, without tuxdb's triggers. All commits are durable, every transfer has a key.
"""

import asyncio
import math
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from benchmarks.harness import (
    TUXDB,
    Contender,
    Goal,
    Sample,
    Work,
    WrongResult,
    expect,
)
from benchmarks.peers import BARE, LedgerEntry, Member, plain_engine, table
from benchmarks.place import (
    FIRST_DISCORD_ID,
    GUILD,
    Connection,
    Place,
    Sizes,
    add_users,
    connected,
    settle,
    toolkit,
)
from tuxdb.urls import DatabaseUrl

DRIVER = "asyncpg, one function"
POINTS = 1_000_000
MOST = 10
GROUPED = Goal(1.0, at_least=True)
COPY = (
    "CREATE SCHEMA bare",
    "CREATE TABLE bare.users (LIKE users INCLUDING ALL)",
    "INSERT INTO bare.users OVERRIDING SYSTEM VALUE SELECT * FROM users",
    "CREATE TABLE bare.points_transactions (LIKE points_transactions INCLUDING ALL)",
    "ALTER TABLE bare.users ADD FOREIGN KEY (guild_id) REFERENCES guilds",
    "ALTER TABLE bare.points_transactions ADD FOREIGN KEY (guild_id) REFERENCES guilds",
    """
    CREATE FUNCTION bare.transfer(
        guild bigint, sender bigint, receiver bigint, moved bigint, key text
    ) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        account record;
        source record;
        target record;
        entry bigint;
    BEGIN
        FOR account IN
            SELECT id, discord_id, points FROM bare.users
            WHERE guild_id = guild AND discord_id IN (sender, receiver)
            ORDER BY id FOR NO KEY UPDATE
        LOOP
            IF account.discord_id = sender THEN source := account;
            ELSE target := account;
            END IF;
        END LOOP;
        IF source.points < moved THEN RETURN NULL; END IF;
        UPDATE bare.users SET points = points - moved, updated_at = now()
        WHERE id = source.id;
        UPDATE bare.users SET points = points + moved, updated_at = now()
        WHERE id = target.id;
        INSERT INTO bare.points_transactions (
            guild_id, from_user, to_user, amount, from_balance, to_balance, kind,
            idempotency_key
        ) VALUES (
            guild, source.id, target.id, moved, source.points - moved,
            target.points + moved, 'transfer', key
        ) RETURNING id INTO entry;
        RETURN entry;
    END
    $$
    """,
)
SCRIPT = """
\\set a random(1, {accounts})
\\set b random(1, {accounts} - 1)
\\set b case when :b >= :a then :b + 1 else :b end
\\set amount random(1, {most})
\\set key random(1, 9000000000000000000)
SELECT bare.transfer({guild}, {first} + :a, {first} + :b, :amount, 't:' || :key);
"""
CALL = "SELECT bare.transfer($1, $2, $3, $4, $5)"

USERS = table(Member)

Transfer = Callable[[int, int, int], Awaitable[object]]
"""Moves an amount from one Discord id to another."""
Way = Callable[[str, int], AbstractAsyncContextManager[Transfer]]
"""Opens what it needs for so many at once."""
Run = Callable[[], Awaitable[object]]


@asynccontextmanager
async def at_8(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """Eight at once: each alone."""
    async with _transfers(place, sizes, 8, Goal(0.5, at_least=True)) as work:
        yield work


@asynccontextmanager
async def at_32(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """Thirty-two at once: those who wait for each other go in groups."""
    async with _transfers(place, sizes, 32, GROUPED) as work:
        yield work


@asynccontextmanager
async def at_32_of_100(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """The same between a hundred accounts."""
    few = replace(sizes, accounts=min(100, sizes.accounts))
    async with _transfers(place, few, 32, GROUPED) as work:
        yield work


@asynccontextmanager
async def at_32_of_2(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """The same between two accounts, which every transfer needs."""
    async with _transfers(place, replace(sizes, accounts=2), 32, GROUPED) as work:
        yield work


@asynccontextmanager
async def _transfers(
    place: Place, sizes: Sizes, clients: int, goal: Goal
) -> AsyncIterator[Work]:
    async with place.database() as url, connected(url) as server:
        await add_users(server, sizes.accounts, POINTS)
        for statement in COPY:
            await server.execute(statement)
        await settle(server)
        ways: dict[str, Way] = {
            DRIVER: _by_function,
            TUXDB: _by_tuxdb,
            "Core lock, UPDATE, INSERT": _by_core,
            "ORM with_for_update": _by_orm,
        }
        runs: dict[str, Run] = {
            "pgbench, one function": partial(_by_pgbench, place, url, sizes, clients),
            **{
                name: partial(_run, way, url, sizes, clients)
                for name, way in ways.items()
            },
        }
        before, check = partial(settle, server), partial(_check, server, sizes)
        yield Work(
            f"transfer, {clients} at once, {sizes.accounts:,} accounts, durable",
            [Contender(name, run, before, check) for name, run in runs.items()],
            goal,
            inverted=True,
            notes={"p99": Goal(2.0)},
            facts_of=DRIVER,
        )
        async with toolkit(url) as db:
            report = await db.points.verify()
        expect(report.mismatches, [], "the ledger")


async def _run(way: Way, url: str, sizes: Sizes, clients: int) -> Sample:
    """Have `clients` tasks move points between random accounts until time is up."""
    latencies: list[float] = []

    async def client(move: Transfer, seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while (start := time.perf_counter()) < deadline:
            one, other = random.sample(range(1, sizes.accounts + 1), 2)
            amount = random.randint(1, MOST)
            await move(FIRST_DISCORD_ID + one, FIRST_DISCORD_ID + other, amount)
            latencies.append(time.perf_counter() - start)

    async with way(url, clients) as move:
        for seconds in (sizes.transfer_seconds / 10, sizes.transfer_seconds):
            latencies.clear()  # the first time opened the connections
            start = time.perf_counter()
            await asyncio.gather(*(client(move, seconds) for _ in range(clients)))
            passed = time.perf_counter() - start
    return _sample(passed, latencies)


def _sample(seconds: float, latencies: list[float]) -> Sample:
    ordered = sorted(latencies)
    facts = {
        "p50": statistics.median(ordered),
        "p99": ordered[math.ceil(0.99 * len(ordered)) - 1],
    }
    return Sample(seconds / len(ordered), len(ordered), facts)


async def _by_pgbench(place: Place, url: str, sizes: Sizes, clients: int) -> Sample:
    return await asyncio.to_thread(_pgbench, place, url, sizes, clients)


def _pgbench(place: Place, url: str, sizes: Sizes, clients: int) -> Sample:
    database = DatabaseUrl.parse(url)
    seconds = sizes.transfer_seconds
    length = ["-T", f"{seconds:.0f}"] if seconds >= 1 else ["-t", "5"]
    values = {"guild": GUILD, "first": FIRST_DISCORD_ID, "most": MOST}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "transfer.sql"
        script.write_text(SCRIPT.format(accounts=sizes.accounts, **values))
        command = [
            *(str(pgbench(place)), "-n", "-M", "prepared", "-f", str(script)),
            *("-c", str(clients), "-j", "2", *length, "-l"),
            *("-h", database.hosts[0] or "", "-U", database.user or ""),
            database.database or "",
        ]
        done = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            raise WrongResult(done.stderr)
        logs = [path.read_text() for path in folder.glob("pgbench_log.*")]
    lines = [line.split() for log in logs for line in log.splitlines()]
    latencies = [int(line[2]) / 1e6 for line in lines]
    ends = [int(line[4]) + int(line[5]) / 1e6 for line in lines]
    return _sample(max(ends) - min(ends) + min(latencies), latencies)


def pgbench(place: Place) -> Path:
    """Find pgbench: the server's own, or the system's."""
    own = place.cluster.binaries.bindir / "pgbench"
    found = own if own.exists() else shutil.which("pgbench")
    if found is None:
        raise FileNotFoundError("pgbench is neither beside the server nor in the path")
    return Path(found)


@asynccontextmanager
async def _by_tuxdb(url: str, clients: int) -> AsyncIterator[Transfer]:
    async with toolkit(url, pool_size=clients) as db:
        yield partial(db.points.transfer, GUILD)


@asynccontextmanager
async def _by_function(url: str, clients: int) -> AsyncIterator[Transfer]:
    address = DatabaseUrl.parse(url).connect_args()
    async with asyncpg.create_pool(
        **address, min_size=clients, max_size=clients
    ) as pool:

        async def move(sender: int, receiver: int, amount: int) -> None:
            key = f"t:{uuid4().hex}"
            async with pool.acquire() as connection:
                await connection.fetchval(CALL, GUILD, sender, receiver, amount, key)

        yield move


@asynccontextmanager
async def _by_core(url: str, clients: int) -> AsyncIterator[Transfer]:
    async with plain_engine(url, clients, schema=BARE) as engine:
        yield partial(_moved_by_core, engine)


@asynccontextmanager
async def _by_orm(url: str, clients: int) -> AsyncIterator[Transfer]:
    async with plain_engine(url, clients, schema=BARE) as engine:
        yield partial(_moved_by_orm, engine)


async def _moved_by_core(
    engine: AsyncEngine, sender: int, receiver: int, amount: int
) -> None:
    async with engine.begin() as connection:
        rows = await connection.execute(
            select(USERS.c.id, USERS.c.discord_id, USERS.c.points)
            .where(USERS.c.guild_id == GUILD)
            .where(USERS.c.discord_id.in_((sender, receiver)))
            .order_by(USERS.c.id)
            .with_for_update(key_share=True)
        )
        found = {row.discord_id: row for row in rows}
        for discord_id, change in ((sender, -amount), (receiver, amount)):
            changed = update(USERS).where(USERS.c.id == found[discord_id].id)
            await connection.execute(changed.values(points=USERS.c.points + change))
        source, target = found[sender], found[receiver]
        await connection.execute(
            insert(table(LedgerEntry)).values(
                guild_id=GUILD,
                from_user=source.id,
                to_user=target.id,
                amount=amount,
                from_balance=source.points - amount,
                to_balance=target.points + amount,
                kind="transfer",
                idempotency_key=f"t:{uuid4().hex}",
            )
        )


async def _moved_by_orm(
    engine: AsyncEngine, sender: int, receiver: int, amount: int
) -> None:
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        rows = await session.scalars(
            select(Member)
            .where(Member.guild_id == GUILD)
            .where(Member.discord_id.in_((sender, receiver)))
            .order_by(Member.id)
            .with_for_update(key_share=True)
        )
        found = {row.discord_id: row for row in rows}
        source, target = found[sender], found[receiver]
        source.points -= amount
        target.points += amount
        session.add(
            LedgerEntry(
                guild_id=GUILD,
                from_user=source.id,
                to_user=target.id,
                amount=amount,
                from_balance=source.points,
                to_balance=target.points,
                kind="transfer",
                idempotency_key=f"t:{uuid4().hex}",
            )
        )


async def _check(server: Connection, sizes: Sizes, moved: object) -> None:
    """No point was made or lost in either copy, and somebody moved some."""
    for users in ("users", "bare.users"):
        total = await server.fetchval(f"SELECT sum(points) FROM {users}")
        expect(int(total), POINTS * sizes.accounts, f"the sum of {users}")
    if not moved:
        raise WrongResult("nothing was transferred")
