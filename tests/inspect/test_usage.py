"""How tables and indexes are read."""

from tests.inspect.conftest import Foreign
from tuxdb.inspect.usage import inspect_cache_hit, inspect_seq_scans

ROWS = "CREATE TABLE t AS SELECT generate_series(1, 2000) AS a; ANALYZE t"


async def test_few_reads_are_no_base_for_a_verdict(foreign: Foreign) -> None:
    verdicts = {hit.verdict for hit in await inspect_cache_hit(foreign.service)}

    assert verdicts == {"not enough reads"}


async def test_a_table_that_scans_read_over_and_over_is_listed(
    foreign: Foreign,
) -> None:
    await foreign.execute(ROWS, *["SELECT count(*) FROM t"] * 3)

    (table,) = await inspect_seq_scans(foreign.service, times=2)

    assert (table.table, table.rows, table.seq_scans) == ("t", 2000, table.seq_scans)
    assert table.times_over >= 3


async def test_small_tables_are_read_by_scans_and_that_is_right(
    foreign: Foreign,
) -> None:
    await foreign.execute(ROWS, *["SELECT count(*) FROM t"] * 3)

    assert await inspect_seq_scans(foreign.service, min_rows=2000, times=2) == []
