"""Fake data: making users, and filling a database."""

import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.harness import TUXDB, Contender, Goal, Work, expect
from benchmarks.peers import installed
from benchmarks.place import FIRST_DISCORD_ID, Place, Sizes, connected, toolkit
from tuxdb import seed
from tuxdb.seed.generator import COLUMNS, FirstIds, produce
from tuxdb.seed.people import users as make_users
from tuxdb.seed.plan import FakePlan
from tuxdb.seed.world import World

GUILDS = 5
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
GUARDED = ("users", "points_transactions")
LARGE = (*GUARDED, "messages")
TAKEN_DOWN = """
SELECT format('DROP INDEX %s', indexrelid::regclass) AS down,
    pg_get_indexdef(indexrelid) AS up
FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
        pg_get_constraintdef(oid))
FROM pg_constraint AS c WHERE conrelid = ANY ($1::text[]::regclass[])
    AND contype IN ('u', 'f') AND NOT EXISTS (
        SELECT FROM pg_constraint AS r WHERE r.conindid = c.conindid
            AND r.contype = 'f' AND c.contype = 'u'
    )
ORDER BY 1
"""


@dataclass
class Person:
    """What the peers make."""

    discord_id: int
    guild_id: int
    username: str
    points: int
    is_active: bool
    message_count: int
    created_at: datetime


@asynccontextmanager
async def generated(_place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """Users as bytes that COPY takes; the peers make objects."""
    number = sizes.generated
    slow = max(1, number // 20)
    makers: dict[str, tuple[Callable[[int], int], int]] = {
        "own byte generator": (_plain_bytes, number),
        TUXDB: (_by_tuxdb, number),
    }
    if installed("mimesis"):
        makers["mimesis"] = (_by_mimesis, number)
    if installed("faker"):
        makers["Faker"] = (_by_faker, slow)
    if installed("polyfactory"):
        makers["polyfactory"] = (_by_polyfactory, slow)
    yield Work(
        f"generating users, of {number:,}",
        [
            Contender(
                name,
                partial(_in_loop, make, rows),
                check=partial(_made, rows),
                operations=rows,
            )
            for name, (make, rows) in makers.items()
        ],
        Goal(4.0),
    )


@asynccontextmanager
async def loaded(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """Everything that `tuxdb seed fake` does, against COPY of the bytes it makes."""
    plan = FakePlan(GUILDS, sizes.seeded_users, sizes.seeded_messages)
    with tempfile.TemporaryDirectory() as name:
        files = _written(plan, Path(name))
        filled = _Filled(place, plan)
        runs: dict[str, Callable[[], Awaitable[object]]] = {
            "COPY of ready bytes, indexes after": partial(filled.by_copy, files),
            TUXDB: filled.by_tuxdb,
            "COPY of ready bytes, indexes kept": partial(
                filled.by_copy, files, keep=True
            ),
        }
        yield Work(
            f"{plan.users:,} users and {plan.messages:,} messages seeded",
            [
                Contender(name, run, filled.empty, filled.check, slow=True)
                for name, run in runs.items()
            ],
            Goal(1.3),
        )
        await filled.close()


async def _in_loop(make: Callable[[int], int], number: int) -> int:
    return make(number)


async def _made(number: int, found: object) -> None:
    expect(found, number, "the users made")


def _plain_bytes(number: int) -> int:
    """As little as there can be: a name of syllables, a few numbers, one line."""
    made = 0
    bits = random.Random(1).getrandbits
    names = len(SYLLABLES)
    for start in range(0, number, 10_000):
        rows = min(10_000, number - start)
        lines = []
        for n in range(start, start + rows):
            word = bits(64)
            one, two = SYLLABLES[word % names], SYLLABLES[(word >> 8) % names]
            three = SYLLABLES[(word >> 16) % names]
            lines.append(
                f"{n}\t{word % GUILDS}\t{FIRST_DISCORD_ID + (n << 22)}\t{one}{two}"
                f"{three}\t{word >> 54}\tt\t{word >> 44 & 1023}\t\\N\t2024-01-01\t"
                "2024-01-01\n"
            )
        made += "".join(lines).encode().count(b"\n")
    return made


def _by_tuxdb(number: int) -> int:
    world = World(FakePlan(GUILDS, number))
    return sum(len(block) for block in make_users(world, 1))


def _people(number: int, name: Callable[[], str]) -> Iterator[Person]:
    bits = random.Random(1).getrandbits
    for n in range(number):
        word = bits(64)
        yield Person(
            FIRST_DISCORD_ID + (n << 22),
            word % GUILDS,
            name(),
            word >> 54,
            True,
            word >> 44 & 1023,
            EPOCH + timedelta(seconds=word & 0xFFFFF),
        )


def _by_mimesis(number: int) -> int:
    from mimesis import Person as Names

    names = Names(seed=1)
    return len(list(_people(number, names.username)))


def _by_faker(number: int) -> int:
    from faker import Faker

    fake = Faker()
    fake.seed_instance(1)
    return len(list(_people(number, fake.user_name)))


def _by_polyfactory(number: int) -> int:
    from polyfactory.factories import DataclassFactory

    class People(DataclassFactory[Person]):  # type: ignore[misc]
        __model__ = Person

    return len(People.batch(number))


def _written(plan: FakePlan, folder: Path) -> dict[str, Path]:
    """Write the bytes of every table into a file."""
    files = {table: folder / table for table in COLUMNS}
    streams = {table: path.open("wb") for table, path in files.items()}
    for chunk in produce(plan, FirstIds()):
        streams[chunk.table].write(chunk.data)
    for stream in streams.values():
        stream.close()
    return files


class _Filled:
    """A fresh database for each run, and ways to fill it."""

    def __init__(self, place: Place, plan: FakePlan) -> None:
        self._place = place
        self._plan = plan
        self._stack = AsyncExitStack()
        self._url = ""

    async def empty(self) -> None:
        """Drop the last database and make another."""
        await self.close()
        self._url = await self._stack.enter_async_context(self._place.database())
        async with connected(self._url) as server:
            await server.execute("CHECKPOINT")

    async def by_tuxdb(self) -> None:
        """Make the data and load it."""
        plan = self._plan
        async with toolkit(self._url) as db:
            await seed.fake(
                db, guilds=plan.guilds, users=plan.users, messages=plan.messages
            )

    async def by_copy(self, files: dict[str, Path], *, keep: bool = False) -> None:
        """Load the files in one transaction, with the guards off."""
        async with connected(self._url) as server, server.transaction():
            for table in GUARDED:
                await server.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            await server.execute("SET LOCAL maintenance_work_mem = '256MB'")
            found = [] if keep else await server.fetch(TAKEN_DOWN, list(LARGE))
            for row in found:
                await server.execute(row["down"])
            for table, path in files.items():
                await server.copy_to_table(
                    table, source=path, columns=COLUMNS[table], format="binary"
                )
            for row in reversed(found):
                await server.execute(row["up"])
            for table in GUARDED:
                await server.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    async def check(self, _result: object) -> None:
        """All rows are there."""
        async with connected(self._url) as server:
            found = {
                table: await server.fetchval(f"SELECT count(*) FROM {table}")
                for table in LARGE
            }
        wanted = {table: self._plan.rows[table] for table in LARGE}
        expect(found, wanted, "the rows loaded")

    async def close(self) -> None:
        """Drop what is there."""
        await self._stack.aclose()
