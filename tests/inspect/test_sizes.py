"""Sizes of anybody's database."""

import pytest
from sqlalchemy import text

from tests.inspect.conftest import Foreign
from tuxdb.errors import Refused
from tuxdb.inspect.catalogue import Catalogue
from tuxdb.inspect.sizes import (
    RowCount,
    inspect_indexes,
    inspect_size,
    inspect_tables,
)

ODD = """
    CREATE SCHEMA "Odd Bot";
    CREATE TABLE "Odd Bot"."User" (id bigserial PRIMARY KEY, "Name" text);
    INSERT INTO "Odd Bot"."User" ("Name")
    SELECT repeat(md5(i::text), 200) FROM generate_series(1, 300) AS i;
    CREATE TABLE small (id int);
    INSERT INTO small VALUES (1);
"""


async def test_tables_are_listed_largest_first_under_names_that_sql_takes(
    foreign: Foreign,
) -> None:
    await foreign.execute(ODD)

    tables = await inspect_tables(foreign.service)

    assert [table.table for table in tables] == ['"Odd Bot"."User"', "small"]


async def test_the_parts_of_a_table_add_up_to_its_total(foreign: Foreign) -> None:
    await foreign.execute(ODD)

    user, _ = await inspect_tables(foreign.service)

    parts = [user.table_bytes, user.index_bytes, user.toast_bytes]
    assert all(parts)
    assert user.total_bytes == sum(part or 0 for part in parts)


async def test_rows_are_an_estimate_and_say_so(foreign: Foreign) -> None:
    await foreign.execute(ODD, "ANALYZE")

    user, _ = await inspect_tables(foreign.service)

    assert (user.rows, user.rows_are) == (300, RowCount.ESTIMATE)
    assert user.last_analyze is not None


async def test_the_estimate_follows_a_table_that_grew_since_it_was_analysed(
    foreign: Foreign,
) -> None:
    numbers = "INSERT INTO numbers SELECT generate_series(1, 10000)"
    await foreign.execute(
        "CREATE TABLE numbers (n bigint)", numbers, "ANALYZE numbers", numbers
    )

    (table,) = await inspect_tables(foreign.service)

    assert 19_000 < table.rows < 21_000


async def test_rows_are_counted_on_request(foreign: Foreign) -> None:
    await foreign.execute(ODD)

    tables = await inspect_tables(foreign.service, exact=True)

    assert [(t.rows, t.rows_are) for t in tables] == [
        (300, RowCount.EXACT),
        (1, RowCount.EXACT),
    ]


async def test_rows_that_may_not_be_counted_stay_an_estimate(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE secret (id int)")
    await foreign.inspect_as_stranger()

    (table,) = await inspect_tables(foreign.service, exact=True)

    assert table.rows_are == RowCount.ESTIMATE


async def test_rows_hidden_by_a_policy_are_not_taken_for_absent(
    foreign: Foreign,
) -> None:
    await foreign.execute(
        "CREATE TABLE secret (id int)",
        "INSERT INTO secret VALUES (1)",
        "ALTER TABLE secret ENABLE ROW LEVEL SECURITY",
        "GRANT SELECT ON secret TO PUBLIC",
    )
    await foreign.inspect_as_stranger()

    (table,) = await inspect_tables(foreign.service, exact=True)

    assert table.rows_are == RowCount.ESTIMATE


async def test_a_table_under_an_exclusive_lock_does_not_stop_the_list(
    foreign: Foreign,
) -> None:
    await foreign.execute(ODD)
    async with foreign.connected() as migration, migration.transaction():
        await migration.execute('ALTER TABLE "Odd Bot"."User" ADD COLUMN x int')

        tables = await inspect_tables(foreign.service)

    sizes = {table.table: table.total_bytes for table in tables}
    assert sizes['"Odd Bot"."User"'] is None
    assert sizes["small"]


async def test_the_size_of_the_database_is_the_sum_of_its_parts(
    foreign: Foreign,
) -> None:
    await foreign.execute(ODD)

    size = await inspect_size(foreign.service)

    parts = size.table_bytes + size.index_bytes + size.toast_bytes + size.other_bytes
    assert size.database_bytes == parts
    assert size.tables == 2


async def test_indexes_tell_their_kind_and_definition(foreign: Foreign) -> None:
    await foreign.execute(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int)",
        "CREATE INDEX t_a ON t (a DESC) WHERE b > 0",
    )

    indexes = {index.index: index for index in await inspect_indexes(foreign.service)}

    key, part = indexes["t_pkey"], indexes["t_a"]
    assert (key.primary, key.unique, key.partial, key.valid) == (
        True,
        True,
        False,
        True,
    )
    assert (part.primary, part.unique, part.partial) == (False, False, True)
    assert part.definition == (
        "CREATE INDEX t_a ON public.t USING btree (a DESC) WHERE (b > 0)"
    )


async def test_scans_of_an_index_are_counted(foreign: Foreign) -> None:
    await foreign.execute(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "SET enable_seqscan = off; SELECT * FROM t WHERE id = 1",
    )
    version = await foreign.value("SHOW server_version_num")

    (index,) = await inspect_indexes(foreign.service)

    assert index.scans == 1
    assert (index.last_idx_scan is not None) == (int(version) >= 160000)


async def test_nothing_of_the_settings_stays_on_the_connection(
    foreign: Foreign,
) -> None:
    await inspect_tables(foreign.service)

    async with foreign.service.session() as session:
        connection = await session.connection()
        settings = await connection.exec_driver_sql(
            "SELECT current_setting('search_path'),"
            " current_setting('transaction_read_only'),"
            " current_setting('statement_timeout')"
        )

    assert settings.one() == ('"$user", public', "off", "30s")


async def test_inspecting_cannot_write(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (id int)")
    catalogue = Catalogue(foreign.service)

    with pytest.raises(Refused):
        await catalogue.run(text("INSERT INTO public.t VALUES (1)"))
