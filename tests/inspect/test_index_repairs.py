"""I007, and partitions: what is rebuilt, and how a partitioned table is indexed."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from tests.inspect.conftest import Foreign
from tuxdb.inspect.findings import Code, Thresholds

UNSCANNED = Thresholds(min_bytes=0, min_age=timedelta(0), min_transactions=0)

# I007


async def invalid(foreign: Foreign, *scripts: str) -> list[str | None]:
    await foreign.execute(
        "CREATE TABLE t (a int, b int)",
        *scripts,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass",
    )
    return [f.fix for f in (await foreign.report(Code.INVALID_INDEX)).items]


async def test_an_invalid_index_is_rebuilt(foreign: Foreign) -> None:
    fixes = await invalid(foreign, "CREATE INDEX bad ON t (a)")

    assert fixes == ["REINDEX INDEX CONCURRENTLY public.bad;"]


async def test_one_that_another_covers_is_dropped(foreign: Foreign) -> None:
    fixes = await invalid(
        foreign, "CREATE UNIQUE INDEX bad ON t (a)", "CREATE UNIQUE INDEX good ON t (a)"
    )

    assert fixes == ["DROP INDEX CONCURRENTLY public.bad;"]


async def test_a_real_failure_of_concurrently_is_found(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (1)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await foreign.execute("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)")

    (finding,) = (await foreign.report()).items

    assert finding.message == "t_a is invalid: it keeps nothing unique"


async def test_an_index_that_is_being_built_is_left_alone(foreign: Foreign) -> None:
    await foreign.execute(
        "CREATE TABLE u (a int PRIMARY KEY)", "CREATE TABLE t (a int REFERENCES u)"
    )
    async with foreign.connected() as writer, foreign.connected() as builder:
        async with writer.transaction():
            await writer.execute("INSERT INTO t VALUES (NULL)")
            building = asyncio.create_task(
                builder.execute("CREATE INDEX CONCURRENTLY t_a ON t (a)")
            )
            await foreign.until("SELECT count(*) FROM pg_index WHERE NOT indisvalid")

            report = await foreign.report()

        await building
    assert report.items == []


# Partitions


PARTITIONED = """
    CREATE TABLE parent (a int PRIMARY KEY);
    CREATE TABLE t (a int REFERENCES parent, b int) PARTITION BY LIST (b);
    CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
    CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
"""


async def test_a_partitioned_table_is_indexed_part_by_part(foreign: Foreign) -> None:
    await foreign.execute(PARTITIONED)

    (fix,) = (await foreign.report()).fixes

    assert fix.splitlines() == [
        "CREATE INDEX ix_t_a ON ONLY public.t (a);",
        "CREATE INDEX CONCURRENTLY ix_t1_a ON public.t1 (a);",
        "ALTER INDEX public.ix_t_a ATTACH PARTITION public.ix_t1_a;",
        "CREATE INDEX CONCURRENTLY ix_t2_a ON public.t2 (a);",
        "ALTER INDEX public.ix_t_a ATTACH PARTITION public.ix_t2_a;",
    ]


async def test_indexes_of_its_own_in_every_partition_serve_as_well(
    foreign: Foreign,
) -> None:
    await foreign.execute(
        PARTITIONED, "CREATE INDEX ON t1 (a)", "CREATE INDEX ON t2 (a, b)"
    )

    assert (await foreign.report()).items == []


async def test_a_part_of_a_partitioned_index_is_never_dropped_alone(
    foreign: Foreign,
) -> None:
    await foreign.execute(
        PARTITIONED, "CREATE INDEX t_ab ON t (a, b)", "CREATE INDEX t1_a ON t1 (a)"
    )

    report = await foreign.report(thresholds=UNSCANNED)

    assert [finding.object for finding in report.items] == ["t1_a"]
