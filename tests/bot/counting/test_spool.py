"""Counts on disk: read back by whomever, and counted once."""

import asyncio
import signal
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.harness.command import CHECKOUT
from tests.harness.counters import (
    LONG,
    NOON,
    SOON,
    begin,
    chatter,
    count,
    mode,
    there,
    total,
    until,
)
from tests.harness.wire import (
    EXECUTE,
    Link,
    Strike,
    Wire,
    lose_the_answer,
    lose_the_request,
)
from tuxdb.bot.counters import SETTLED_SECONDS, Counters
from tuxdb.bot.spool import Batch, Spool
from tuxdb.controllers.activity import ActivityCount
from tuxdb.database import Database
from tuxdb.urls import DatabaseUrl


async def test_without_a_database_the_end_goes_to_disk_and_is_read_back_once(
    db: Database, distant: Database, wire: Wire, folder: Path
) -> None:
    counters = Counters(distant, folder, LONG)
    counters.start()
    await asyncio.sleep(0.05)
    wire.go_down()
    chatter(counters, 300)
    await counters.stop()
    (path,) = Spool(folder).files()
    assert (mode(folder), mode(path)) == (0o700, 0o600)
    assert there(folder) == [path.name]
    assert await total(db) == 0

    for _ in range(2):
        later = Counters(db, folder, LONG)
        later.start()
        await until(lambda: not there(folder))
        await later.stop()

    assert await total(db) == 300


@pytest.mark.parametrize("strike", [lose_the_answer, lose_the_request])
async def test_a_batch_in_doubt_at_the_end_keeps_its_id(
    db: Database, distant: Database, wire: Wire, folder: Path, strike: Strike
) -> None:
    counters = Counters(distant, folder, SOON)
    await begin(counters)
    wire.strike_at(EXECUTE, strike)
    chatter(counters, 20)
    await wire.struck.wait()
    wire.go_down()
    chatter(counters, 5)
    await counters.stop()
    assert len(there(folder)) == 2

    later = Counters(db, folder, LONG)
    later.start()
    await until(lambda: not there(folder))
    await later.stop()

    assert await total(db) == 27


async def test_an_end_that_is_cut_short_goes_to_disk(
    db: Database, distant: Database, wire: Wire, folder: Path
) -> None:
    counters = Counters(distant, folder, LONG)
    counters.start()
    await asyncio.sleep(0.05)
    wire.freeze()
    chatter(counters, 20)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await counters.stop()
    wire.thaw()
    later = Counters(db, folder, LONG)
    later.start()
    await until(lambda: not there(folder))
    await later.stop()

    assert await total(db) == 20


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_process_killed_between_flush_and_answer_counts_once(
    db: Database, wire: Wire, folder: Path, moment: str
) -> None:
    Spool(folder).save(Batch(uuid4(), [count(user, 3) for user in range(1, 101)]))

    async def strike(link: Link, request: bytes) -> None:
        if moment == "after":
            link.answered_until = b"never"
            link.server.write(request)
            await until_counted(db)
        process.kill()

    wire.strike_at(b"user100", strike)  # a value, so not before it is executed
    process = await reader(wire.url, folder)
    assert await process.wait() == -signal.SIGKILL
    assert await total(db) == (300 if moment == "after" else 0)
    assert len(Spool(folder).files()) == 1

    for _ in range(2):
        second = await reader(db.settings.url, folder)
        assert await second.wait() == 0

    assert await total(db) == 300


async def test_two_processes_that_read_one_folder_count_once(
    db: Database, folder: Path
) -> None:
    for number in range(10):
        Spool(folder).save(
            Batch(uuid4(), [count(u, 1, number + 1) for u in range(1, 51)])
        )

    processes = [await reader(db.settings.url, folder) for _ in range(3)]

    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await total(db) == 500


async def until_counted(db: Database) -> None:
    """Wait until the database has taken a flush."""
    async with asyncio.timeout(10):
        while not await total(db):  # noqa: ASYNC110 - not our event
            await asyncio.sleep(0.01)


async def reader(url: DatabaseUrl | None, folder: Path) -> asyncio.subprocess.Process:
    """Start a process that reads the folder back."""
    assert url is not None
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.harness.counting", url.reveal(), str(folder)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.DEVNULL,
    )


async def test_what_cannot_be_read_is_set_aside(
    db: Database, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(folder)
    spool.save(Batch(uuid4(), [count(1)]))
    (folder / f"{uuid4()}.counts").write_text('{"format": "tuxdb.counters/1"')
    (folder / f"{uuid4()}.counts").write_text('{"format": "x"}')

    counters = Counters(db, folder, LONG)
    counters.start()
    await until(lambda: not spool.files())
    await counters.stop()

    assert [name[-4:] for name in there(folder)] == [".bad", ".bad"]
    assert caplog.text.count("set aside") == 2
    assert await total(db) == 1


@pytest.mark.parametrize(("sent", "counted"), [(True, 0), (False, 1)])
async def test_what_is_too_old_to_tell_is_not_counted(
    db: Database,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    sent: bool,
    counted: int,
) -> None:
    spool = Spool(folder)
    path = spool.save(Batch(uuid4(), [count(1)], sent=sent))
    text = path.read_text()
    written = text.partition('"written":')[2].partition(",")[0]
    path.write_text(text.replace(written, str(float(written) - SETTLED_SECONDS - 60)))

    counters = Counters(db, folder, LONG)
    counters.start()
    await until(lambda: not spool.files())
    await counters.stop()

    assert await total(db) == counted


async def test_a_full_disk_is_said(
    distant: Database, wire: Wire, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    counters = Counters(distant, blocked / "spool", LONG)
    counters.start()
    await asyncio.sleep(0.05)
    wire.go_down()
    chatter(counters, 20)

    await counters.stop()

    assert "20 messages are not counted" in caplog.text


def test_a_batch_comes_back_as_it_was(folder: Path) -> None:
    spool = Spool(folder)
    batch = Batch(
        uuid4(),
        [ActivityCount(2**62, 2**63 - 1, "🐧 \\\"'\n", 2**40, NOON)],
        sent=True,
    )

    path = spool.save(batch)
    found, age = spool.load(path)

    assert found == batch
    assert 0 <= age < 60
    assert spool.files() == [path]
    assert there(folder) == [path.name]
