"""The second process: the same chunks, and no process left."""

from tuxdb.seed.generator import COLUMNS, FirstIds, produce
from tuxdb.seed.plan import FakePlan
from tuxdb.seed.worker import FEW_ROWS, Producer

LARGE = FakePlan(2, FEW_ROWS, messages=100, random_seed=7)


async def test_second_process_makes_what_this_one_would() -> None:
    found = []
    with Producer(LARGE, FirstIds()) as producer:
        for table in COLUMNS:
            found += [chunk async for chunk in producer.chunks(table)]

    assert found == list(produce(LARGE, FirstIds()))


async def test_second_process_ends_with_the_block() -> None:
    with Producer(LARGE, FirstIds()) as producer:
        async for _ in producer.chunks("guilds"):
            break
        process = producer.process

    assert process is not None
    assert process.returncode is not None


async def test_few_rows_need_no_second_process() -> None:
    with Producer(FakePlan(), FirstIds()) as producer:
        assert producer.process is None
