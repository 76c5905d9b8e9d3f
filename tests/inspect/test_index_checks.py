"""I002, I003, I004: each rule by a schema that meets or just misses it."""

from datetime import timedelta

import pytest

from tests.inspect.conftest import Foreign
from tuxdb.inspect.findings import Code, Severity, Thresholds

UNSCANNED = Thresholds(min_bytes=0, min_age=timedelta(0), min_transactions=0)


async def redundant(foreign: Foreign, *scripts: str) -> list[str]:
    await foreign.execute("CREATE TABLE t (a int, b int, c text)", *scripts)
    return [f.object for f in (await foreign.report(Code.REDUNDANT_INDEX)).items]


async def unused(foreign: Foreign, *scripts: str) -> set[str]:
    await foreign.execute("CREATE TABLE t (id int PRIMARY KEY, a int, b int)", *scripts)
    report = await foreign.report(Code.UNUSED_INDEX, thresholds=UNSCANNED)
    return {finding.object for finding in report.items}


# I003


@pytest.mark.parametrize(
    ("first", "second", "goes"),
    [
        ("INDEX one ON t (a)", "INDEX two ON t (a)", ["two"]),
        ("INDEX one ON t (a)", "INDEX two ON t (a, b)", ["one"]),
        ("INDEX one ON t (a)", "UNIQUE INDEX two ON t (a)", ["one"]),
        ("UNIQUE INDEX one ON t (a)", "UNIQUE INDEX two ON t (a)", ["two"]),
        ("INDEX one ON t (lower(c))", "INDEX two ON t (lower(c), a)", ["one"]),
        (
            "INDEX one ON t (a) WHERE b > 0",
            "INDEX two ON t (a, c) WHERE b > 0",
            ["one"],
        ),
        ("INDEX one ON t (a) INCLUDE (b)", "INDEX two ON t (a, b)", ["one"]),
        ("INDEX one ON t USING hash (a)", "INDEX two ON t USING hash (a)", ["two"]),
    ],
)
async def test_of_two_indexes_the_covered_one_goes(
    foreign: Foreign, first: str, second: str, goes: list[str]
) -> None:
    assert await redundant(foreign, f"CREATE {first}", f"CREATE {second}") == goes


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("INDEX one ON t (a)", "INDEX two ON t (b, a)"),
        ("INDEX one ON t (a)", "INDEX two ON t (a DESC, b)"),
        ("INDEX one ON t (a)", "INDEX two ON t (a, b) WHERE b > 0"),
        ("INDEX one ON t (a) WHERE b > 0", "INDEX two ON t (a, b) WHERE b > 1"),
        ("INDEX one ON t (a) INCLUDE (c)", "INDEX two ON t (a, b)"),
        ("INDEX one ON t (c)", "INDEX two ON t (c text_pattern_ops, a)"),
        ('INDEX one ON t (c COLLATE "C")', "INDEX two ON t (c, a)"),
        ("INDEX one ON t USING hash (a)", "INDEX two ON t (a, b)"),
        ("UNIQUE INDEX one ON t (a)", "INDEX two ON t (a, b)"),
        ("UNIQUE INDEX one ON t (a)", "UNIQUE INDEX two ON t (a, b)"),
        (
            "UNIQUE INDEX one ON t (a)",
            "UNIQUE INDEX two ON t (a) NULLS NOT DISTINCT",
        ),
    ],
)
async def test_indexes_that_answer_different_questions_stay(
    foreign: Foreign, first: str, second: str
) -> None:
    assert await redundant(foreign, f"CREATE {first}", f"CREATE {second}") == []


async def test_an_index_beside_a_constraint_goes_and_the_constraint_stays(
    foreign: Foreign,
) -> None:
    goes = await redundant(
        foreign, "CREATE UNIQUE INDEX t_a ON t (a)", "ALTER TABLE t ADD UNIQUE (a)"
    )

    assert goes == ["t_a"]


async def test_the_index_behind_a_foreign_keys_target_stays(foreign: Foreign) -> None:
    goes = await redundant(
        foreign,
        "CREATE UNIQUE INDEX t_a ON t (a)",
        "CREATE TABLE u (a int PRIMARY KEY REFERENCES t (a))",
        "CREATE UNIQUE INDEX t_a2 ON t (a)",
    )

    assert goes == ["t_a2"]


async def test_the_replica_identity_stays(foreign: Foreign) -> None:
    goes = await redundant(
        foreign,
        "ALTER TABLE t ALTER a SET NOT NULL",
        "CREATE UNIQUE INDEX t_a ON t (a)",
        "CREATE UNIQUE INDEX t_a2 ON t (a)",
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_a2",
    )

    assert goes == ["t_a"]


async def test_of_a_chain_only_the_longest_stays(foreign: Foreign) -> None:
    goes = await redundant(
        foreign,
        "CREATE INDEX t_a ON t (a)",
        "CREATE INDEX t_ab ON t (a, b)",
        "CREATE INDEX t_abc ON t (a, b, c)",
    )

    assert goes == ["t_a", "t_ab"]


# I004


async def missing(foreign: Foreign, *scripts: str) -> list[str | None]:
    await foreign.execute(
        "CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b), UNIQUE (a))", *scripts
    )
    return [f.fix for f in (await foreign.report(Code.MISSING_FK_INDEX)).items]


@pytest.mark.parametrize(
    "index",
    [
        "(a)",
        "(a, x)",
        "USING hash (a)",
        "(a) WHERE a IS NOT NULL",
        "(a, x) WHERE a IS NOT NULL",
    ],
)
async def test_an_index_that_leads_with_the_column_serves(
    foreign: Foreign, index: str
) -> None:
    fixes = await missing(
        foreign,
        "CREATE TABLE child (x int, a int REFERENCES parent (a))",
        f"CREATE INDEX ON child {index}",
    )

    assert fixes == []


@pytest.mark.parametrize(
    "index",
    [
        "(x, a)",
        "((a + 0))",
        "(a) WHERE x > 0",
        "(a) WHERE a IS NOT NULL AND x > 0",
        "USING brin (a)",
    ],
)
async def test_other_indexes_do_not(foreign: Foreign, index: str) -> None:
    fixes = await missing(
        foreign,
        "CREATE TABLE child (x int, a int REFERENCES parent (a))",
        f"CREATE INDEX ON child {index}",
    )

    assert fixes == ["CREATE INDEX CONCURRENTLY ix_child_a ON public.child (a);"]


async def test_several_columns_may_stand_in_any_order(foreign: Foreign) -> None:
    fixes = await missing(
        foreign,
        "CREATE TABLE child (x int, a int, b int)",
        "ALTER TABLE child ADD FOREIGN KEY (a, b) REFERENCES parent",
        "CREATE INDEX ON child (b, a, x)",
    )

    assert fixes == []


async def test_one_index_serves_two_foreign_keys(foreign: Foreign) -> None:
    fixes = await missing(
        foreign,
        "CREATE TABLE child (a int REFERENCES parent (a), b int,"
        " FOREIGN KEY (a, b) REFERENCES parent)",
    )

    assert fixes == [
        "CREATE INDEX CONCURRENTLY ix_child_a_b ON public.child (a, b);",
        "CREATE INDEX CONCURRENTLY ix_child_a_b ON public.child (a, b);",
    ]


async def test_a_name_that_is_taken_is_avoided(foreign: Foreign) -> None:
    fixes = await missing(
        foreign,
        "CREATE TABLE child (a int REFERENCES parent (a))",
        "CREATE SEQUENCE ix_child_a",
    )

    assert fixes == ["CREATE INDEX CONCURRENTLY ix_child_a_2 ON public.child (a);"]


async def test_a_large_table_makes_it_an_error(foreign: Foreign) -> None:
    await foreign.execute(
        "CREATE TABLE parent (a int PRIMARY KEY)",
        "INSERT INTO parent SELECT generate_series(1, 10000)",
        "CREATE TABLE small (a int REFERENCES parent)",
        "CREATE TABLE large (a int REFERENCES parent)",
        "INSERT INTO large SELECT generate_series(1, 10000)",
        "ANALYZE",
    )

    report = await foreign.report(Code.MISSING_FK_INDEX)

    assert {f.object: f.severity for f in report.items} == {
        "large.large_a_fkey": Severity.ERROR,
        "small.small_a_fkey": Severity.WARNING,
    }


# I002


async def test_what_nobody_scans_is_unused(foreign: Foreign) -> None:
    assert await unused(foreign, "CREATE INDEX t_a ON t (a)") == {"t_a"}


async def test_unique_indexes_are_used_by_every_insert(foreign: Foreign) -> None:
    assert await unused(foreign, "CREATE UNIQUE INDEX t_a ON t (a)") == set()


async def test_the_only_index_of_a_foreign_key_is_not_unused(foreign: Foreign) -> None:
    unneeded = await unused(
        foreign,
        "CREATE TABLE child (a int REFERENCES t)",
        "CREATE INDEX child_a ON child (a)",
    )

    assert unneeded == set()


async def test_of_two_that_a_foreign_key_could_use_one_stays(foreign: Foreign) -> None:
    unneeded = await unused(
        foreign,
        "CREATE TABLE child (a int REFERENCES t, b int)",
        "CREATE INDEX child_a ON child (a)",
        "CREATE INDEX child_ab ON child (a, b)",
    )

    assert unneeded == {"child_ab"}


async def test_a_covered_index_in_use_stays_if_the_wider_one_is_unused(
    foreign: Foreign,
) -> None:
    scan = "SET enable_seqscan = off; SELECT * FROM t WHERE a = 1"
    await foreign.execute(
        "CREATE TABLE t (a int, b int)",
        "CREATE INDEX t_a ON t (a)",
        *[scan] * 2,
        "CREATE INDEX t_ab ON t (a, b)",
    )
    thresholds = Thresholds(
        max_scans=2, min_bytes=0, min_age=timedelta(0), min_transactions=0
    )

    report = await foreign.report(thresholds=thresholds)

    assert [(f.code, f.object) for f in report.items] == [("I002", "t_ab")]


async def test_young_statistics_say_nothing(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (a int)", "CREATE INDEX t_a ON t (a)")

    report = await foreign.report(thresholds=Thresholds(min_bytes=0))

    assert report.items == []


async def test_a_young_index_is_not_judged(foreign: Foreign) -> None:
    await foreign.execute("CREATE TABLE t (a int)", "CREATE INDEX t_a ON t (a)")

    report = await foreign.report(
        thresholds=Thresholds(min_bytes=0, min_age=timedelta(0))
    )

    assert report.items == []
