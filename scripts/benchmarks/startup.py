"""Start-up of commands: processor time of the process, against `python -c pass`."""

import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import TUXDB, Contender, Goal, Sample, Work, WrongResult
from benchmarks.place import (
    GUILD,
    Place,
    Sizes,
    add_users,
    connected,
    process_environment,
)

LIMIT = "python -c pass"
CONNECT = """
import asyncio, asyncpg
async def main():
    connection = await asyncpg.connect(host={host!r}, user="tuxdb", database={name!r})
    print(await connection.fetchval("SELECT 1"))
    await connection.close()
asyncio.run(main())
"""
PEERS = {
    "sqlite-utils --help": ("sqlite-utils", "--help"),
    "django-admin": ("django-admin", "help"),
    "pgcli --help": ("pgcli", "--help"),
    "alembic --help": ("alembic", "--help"),
}


@asynccontextmanager
async def version(_place: Place, _sizes: Sizes) -> AsyncIterator[Work]:
    """What must not import anything."""
    yield _work("start-up: `tuxdb --version`", ["--version"], {}, Goal(3.0))


@asynccontextmanager
async def usage(_place: Place, _sizes: Sizes) -> AsyncIterator[Work]:
    """The help page, beside those of others."""
    here = Path(sys.executable).parent
    peers = {
        name: [str(here / program), *arguments]
        for name, (program, *arguments) in PEERS.items()
        if shutil.which(str(here / program))
    }
    yield _work("start-up: `tuxdb --help`", ["--help"], {}, Goal(16.0), peers)


@asynccontextmanager
async def migrate(place: Place, _sizes: Sizes) -> AsyncIterator[Work]:
    """A deployment that changes nothing."""
    async with place.database() as url:
        yield _work(
            "start-up: `tuxdb migrate` with nothing to do",
            ["migrate"],
            {"TUXDB_DATABASE_URL": url},
            Goal(24.0),
            _connecting(place, url),
        )


@asynccontextmanager
async def users(place: Place, _sizes: Sizes) -> AsyncIterator[Work]:
    """A page of users."""
    async with place.database() as url, connected(url) as server:
        await add_users(server, 100)
        yield _work(
            "start-up: `tuxdb users list`",
            ["users", "list", "--guild", str(GUILD)],
            {"TUXDB_DATABASE_URL": url},
            Goal(50.0),
            _connecting(place, url),
        )


def _connecting(place: Place, url: str) -> dict[str, list[str]]:
    name = url.partition("?")[0].rpartition("/")[2]
    code = CONNECT.format(host=str(place.cluster.socket_dir), name=name)
    return {"asyncpg connect + SELECT 1": [sys.executable, "-c", code]}


def _work(
    title: str,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    goal: Goal,
    peers: Mapping[str, Sequence[str]] | None = None,
) -> Work:
    commands: dict[str, Sequence[str]] = {
        LIMIT: [sys.executable, "-c", "pass"],
        TUXDB: [sys.executable, "-m", "tuxdb", *arguments],
        **(peers or {}),
    }
    return Work(
        title,
        [
            Contender(name, partial(_spent, command, environ))
            for name, command in commands.items()
        ],
        goal,
    )


async def _spent(command: Sequence[str], environ: Mapping[str, str]) -> Sample:
    """Run a command twice; the processor time of the second run."""
    for _ in range(2):  # the first may have to compile
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(  # noqa: ASYNC221 - nothing else is to run meanwhile
            command,
            check=False,
            capture_output=True,
            text=True,
            env={**process_environment(), **environ},
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise WrongResult(f"{' '.join(command)}: {done.stderr}")
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return Sample(user + system, done.stdout)
