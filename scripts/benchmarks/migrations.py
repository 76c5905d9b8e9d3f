"""Migrations: nothing to do, and a long history on an empty database."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import TUXDB, Contender, Goal, Sample, Work, WrongResult, expect
from benchmarks.place import Place, Sizes, connected, process_environment
from tuxdb.migrate import upgrade

ROOT = Path(__file__).parents[2]
STATEMENTS = (
    "CREATE TABLE things_{n} (id bigint PRIMARY KEY, name text NOT NULL)",
    "ALTER TABLE things_{n} ADD COLUMN size bigint NOT NULL DEFAULT 0",
    "ALTER TABLE things_{n} ADD CONSTRAINT ck_things_{n} CHECK (size >= 0)",
    "CREATE INDEX ix_things_{n} ON things_{n} (name)",
)
REVISION = '''"""{statement}"""

from alembic import op

revision = "{number:04}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("{statement}")


def downgrade() -> None:
    op.execute("SELECT 1")
'''
ENVIRONMENT = """
import asyncio
import os

import asyncpg
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


def run(connection):
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


async def main():
    def connect(*_, **__):
        return asyncpg.connect(
            host=os.environ["BENCH_HOST"], user="tuxdb",
            database=os.environ["BENCH_DATABASE"],
        )

    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool,
        connect_args={"async_creator_fn": connect},
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
"""
CONFIGURATION = "[alembic]\nscript_location = %(here)s/migrations\n"
VERSION = "SELECT version_num FROM alembic_version"
TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = $1"


@asynccontextmanager
async def nothing_to_do(place: Place, _sizes: Sizes) -> AsyncIterator[Work]:
    """Connect, see that the database is at head, disconnect; also Alembic's process."""
    async with place.database() as url, place.maintenance() as server:
        name = _name(url)

        async def version() -> None:
            async with connected(url) as connection:
                await connection.fetch(VERSION)

        async def by_tuxdb() -> None:
            expect((await upgrade(url)).applied, (), "what was applied")

        async def counted(run: object) -> Sample:
            before = await server.fetchval(TRANSACTIONS, name)
            start = asyncio.get_running_loop().time()
            await run()  # type: ignore[operator]
            seconds = asyncio.get_running_loop().time() - start
            await asyncio.sleep(0.2)  # a session's counters arrive after its end
            after = await server.fetchval(TRANSACTIONS, name)
            return Sample(seconds, None, {"transactions": after - before})

        alembic = _Alembic(ROOT, {"TUXDB_DATABASE_URL": url})
        limit = "asyncpg connect + SELECT"
        yield Work(
            "`migrate` with nothing to do, in process",
            [
                Contender(limit, partial(counted, version)),
                Contender(TUXDB, partial(counted, by_tuxdb)),
                Contender("alembic upgrade head", alembic.upgrade, slow=True),
            ],
            facts_of=limit,
            notes={"transactions": Goal(1.0)},
        )


@asynccontextmanager
async def long_history(place: Place, sizes: Sizes) -> AsyncIterator[Work]:
    """Every revision is one statement of DDL."""
    statements = [
        STATEMENTS[n % len(STATEMENTS)].format(n=n // len(STATEMENTS))
        for n in range(sizes.revisions)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, statements)
        fresh = _Fresh(place)

        async def plainly() -> None:
            async with connected(fresh.url) as connection:
                for statement in statements:
                    await connection.execute(statement)

        async def by_tuxdb() -> None:
            found = await upgrade(fresh.url, folder=folder / "migrations")
            expect(len(found.applied), len(statements), "the revisions applied")

        async def by_alembic() -> None:
            environ = {
                "BENCH_HOST": str(place.cluster.socket_dir),
                "BENCH_DATABASE": _name(fresh.url),
            }
            await _Alembic(folder, environ).upgrade()

        runs = {
            "DDL, statement by statement": plainly,
            TUXDB: by_tuxdb,
            "alembic upgrade head": by_alembic,
        }
        check = partial(fresh.check, len(statements))
        yield Work(
            f"{len(statements)} revisions on an empty database",
            [Contender(name, run, fresh.make, check) for name, run in runs.items()],
            Goal(6.0),
        )
        await fresh.close()


class _Fresh:
    """An empty database for each run."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._stack = AsyncExitStack()
        self.url = ""

    async def make(self) -> None:
        """Drop the last one and create another."""
        await self.close()
        self.url = await self._stack.enter_async_context(
            self._place.database(empty=True)
        )

    async def check(self, statements: int, _result: object) -> None:
        """Every table is there."""
        async with connected(self.url) as connection:
            found = await connection.fetchval(
                "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'things%'"
            )
        expect(found, -(-statements // len(STATEMENTS)), "the tables")

    async def close(self) -> None:
        """Drop what is there."""
        await self._stack.aclose()


class _Alembic:
    """Alembic's own command, in a folder with its configuration."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    async def upgrade(self) -> None:
        """Run `alembic upgrade head`."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            cwd=self._folder,
            env={**process_environment(), **self._environ},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise WrongResult(done.stderr)


def _write(folder: Path, statements: Sequence[str]) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(CONFIGURATION)
    (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
    for number, statement in enumerate(statements, 1):
        before = f'"{number - 1:04}"' if number > 1 else None
        text = REVISION.format(statement=statement, number=number, before=before)
        (versions / f"{number:04}_thing.py").write_text(text)


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]
