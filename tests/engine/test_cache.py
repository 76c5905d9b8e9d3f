"""What a cache keeps, for how long, and how many loads it takes."""

import asyncio
from contextvars import ContextVar

import pytest

from tests.harness.cached import TTL, Reader, settle
from tuxdb.engine.cache import Cache

# --- what is kept


async def test_a_value_is_loaded_once_however_often_it_is_awaited(read: Reader) -> None:
    read.source.values[1] = [7]

    assert [await read(1) for _ in range(3)] == [[7], [7], [7]]
    assert read.source.loads == [1]


async def test_absence_is_remembered_too(read: Reader) -> None:
    assert await read(1) is None
    assert await read(1) is None

    assert read.source.loads == [1]


async def test_what_a_caller_does_to_its_copy_nobody_else_sees(read: Reader) -> None:
    read.source.values[1] = [7]
    for _ in range(2):
        mine = await read(1)
        assert mine is not None
        mine.append(8)

    assert await read(1) == [7]


async def test_an_entry_is_loaded_again_when_its_time_is_over(read: Reader) -> None:
    await read(1)
    read.clock.now = TTL - 0.001
    await read(1)
    assert read.source.loads == [1]

    read.clock.now = TTL
    await read(1)

    assert read.source.loads == [1, 1]


async def test_age_counts_from_the_beginning_of_the_load(read: Reader) -> None:
    read.source.gate.clear()
    slow = read.begin(1)
    await settle()
    read.clock.now = 200.0
    read.source.gate.set()
    await slow

    read.clock.now = TTL
    await read(1)

    assert read.source.loads == [1, 1]


async def test_a_ttl_of_zero_keeps_nothing() -> None:
    read = Reader(ttl_seconds=0.0)

    await read(1)
    await read(1)

    assert read.source.loads == [1, 1]


async def test_when_it_is_full_the_oldest_entry_goes() -> None:
    read = Reader(max_entries=2)
    for key in (1, 2, 3):
        await read(key)

    await read(2)
    await read(3)
    assert read.source.loads == [1, 2, 3]
    assert len(read.cache) == 2

    await read(1)
    assert read.source.loads == [1, 2, 3, 1]


async def test_an_invalidation_ends_its_key_and_no_other(read: Reader) -> None:
    await read(1)
    await read(2)

    read.cache.invalidate(1)
    read.cache.invalidate(99)

    await read(1)
    await read(2)
    assert read.source.loads == [1, 2, 1]


async def test_clear_ends_every_key(read: Reader) -> None:
    await read(1)
    await read(2)

    read.cache.clear()

    await read(1)
    await read(2)
    assert read.source.loads == [1, 2, 1, 2]


# --- one load at a time


async def test_a_hundred_misses_at_once_are_one_load(read: Reader) -> None:
    read.source.values[1] = [7]

    values = await asyncio.gather(*(read(1) for _ in range(100)))

    assert values == [[7]] * 100
    assert len({id(value) for value in values}) == 100
    assert read.source.loads == [1]


async def test_different_keys_do_not_wait_for_each_other(read: Reader) -> None:
    await asyncio.gather(*(read(key % 10) for key in range(100)))

    assert sorted(read.source.loads) == list(range(10))


async def test_a_caller_that_gives_up_does_not_take_the_load_along(
    read: Reader,
) -> None:
    read.source.values[1] = [7]
    read.source.gate.clear()
    first, second = read.begin(1), read.begin(1)
    await settle()

    first.cancel()
    await settle()
    read.source.gate.set()

    assert await second == [7]
    assert first.cancelled()
    assert read.source.loads == [1]


async def test_when_every_caller_gives_up_the_load_has_ended_before_they_return() -> (
    None
):
    cache: Cache[int, int] = Cache(int)
    steps: list[str] = []

    async def load() -> int:
        try:
            await asyncio.get_running_loop().create_future()
            return 7
        finally:
            await asyncio.sleep(0.01)
            steps.append("connection given back")

    caller = asyncio.create_task(cache.get(1, load))
    await settle()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    steps.append("caller is back")

    assert steps == ["connection given back", "caller is back"]


async def test_a_caller_after_an_abandoned_load_begins_its_own(read: Reader) -> None:
    read.source.gate.clear()
    abandoned = read.begin(1)
    await settle()
    abandoned.cancel()
    later = read.begin(1)
    await settle()
    read.source.gate.set()

    assert await later is None
    assert abandoned.cancelled()


async def test_a_failed_load_fails_every_caller_and_is_forgotten() -> None:
    cache: Cache[int, int] = Cache(int)

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ConnectionError("the server is away")

    async def succeed() -> int:
        return 7

    outcomes = await asyncio.gather(
        *(cache.get(1, fail) for _ in range(5)), return_exceptions=True
    )

    assert [str(outcome) for outcome in outcomes] == ["the server is away"] * 5
    assert await cache.get(1, succeed) == 7


async def test_a_load_sees_nothing_of_the_context_of_who_happened_to_be_first() -> None:
    transaction: ContextVar[str] = ContextVar("transaction", default="none")
    cache: Cache[int, str] = Cache(str)

    async def load() -> str:
        return transaction.get()

    transaction.set("the caller's")

    assert await cache.get(1, load) == "none"


# --- invalidation while loading


async def test_a_load_that_was_overtaken_by_a_write_is_not_kept(read: Reader) -> None:
    read.source.values[1] = [1]
    read.source.gate.clear()
    before = read.begin(1)
    await settle()

    read.source.values[1] = [2]
    read.cache.invalidate(1)
    after = read.begin(1)
    await settle()
    read.source.gate.set()

    assert await before == [1]
    assert await after == [2]
    assert await read(1) == [2]
    assert read.source.loads == [1, 1]


async def test_an_overtaken_load_that_ends_last_does_not_come_back(
    read: Reader,
) -> None:
    read.source.values[1] = [1]
    read.source.gate.clear()
    before = read.begin(1)
    await settle()
    held, read.source.gate = read.source.gate, asyncio.Event()
    read.source.gate.set()
    read.source.values[1] = [2]
    read.cache.clear()
    assert await read(1) == [2]

    held.set()

    assert await before == [1]
    assert await read(1) == [2]
