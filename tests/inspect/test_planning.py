"""Whatever the indexes and foreign keys: after the planned fixes, nothing is left."""

import re
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tuxdb.inspect.facts import Facts, ForeignKey, Index, Relation
from tuxdb.inspect.findings import Code, Statistics, Thresholds
from tuxdb.inspect.planning import IndexPlan, plan_indexes

T = TypeVar("T")

TABLE = Relation(1, "public", "public", "t", "public.t", "r", 0, None)
NOW = datetime(2026, 1, 31, tzinfo=UTC)
STATISTICS = Statistics(since=NOW - timedelta(days=30), now=NOW)
CHECKS = (
    Code.UNUSED_INDEX,
    Code.REDUNDANT_INDEX,
    Code.MISSING_FK_INDEX,
    Code.INVALID_INDEX,
)

SOME_CHECKS = [c for size in range(1, 4) for c in combinations(CHECKS, size)]

# few columns and mostly usual properties, so that indexes meet each other often
columns = st.sampled_from(["a", "a", "ab", "ab", "b", "ba", "abc"]).map(tuple)
some_checks = st.just(CHECKS) | st.sampled_from(SOME_CHECKS)


def seldom(unusual: T, usual: T) -> st.SearchStrategy[T]:
    return st.sampled_from([usual] * 4 + [unusual])


@st.composite
def indexes(draw: st.DrawFn) -> list[Index]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        keys = draw(columns)
        unique = draw(seldom(True, False))
        index = Index(
            oid=100 + number,
            table_oid=TABLE.oid,
            sql=f"public.i{number}",
            keys=keys,
            signature=keys,
            included=frozenset(draw(seldom("c", ""))),
            predicate=draw(seldom("(a IS NOT NULL)", None)),
            is_unique=unique,
            is_needed_by_constraint=unique and draw(st.booleans()),
            is_valid=draw(seldom(False, True)),
            bytes=draw(seldom(1 << 10, 1 << 21)),
            scans=draw(st.sampled_from([0, 10, 1000])),
            transactions_old=draw(seldom(10, 1_000_000)),
        )
        found.append(index)
    return found


@st.composite
def databases(draw: st.DrawFn) -> Facts:
    keys = [
        ForeignKey(200 + number, f"k{number}", TABLE.oid, one, TABLE.oid, one, "")
        for number, one in enumerate(draw(st.lists(columns, max_size=4)))
    ]
    return Facts({TABLE.oid: TABLE}, tuple(draw(indexes())), tuple(keys))


def fixed(facts: Facts, plan: IndexPlan) -> Facts:
    """The database after all of the plan's statements."""
    statements = {
        *(s for missing in plan.missing for s in missing.statements),
        *(s for rebuild in plan.rebuilds for s in rebuild.statements),
        *(f"DROP INDEX CONCURRENTLY {index.sql};" for index in plan.unused),
        *(f"DROP INDEX CONCURRENTLY {one.index.sql};" for one in plan.redundant),
    }
    after = [
        index
        for index in facts.indexes
        if f"DROP INDEX CONCURRENTLY {index.sql};" not in statements
    ]
    for statement in sorted(statements):
        if found := re.match(r"REINDEX INDEX CONCURRENTLY (\S+);", statement):
            after = [
                replace(i, is_valid=True, transactions_old=1)
                if i.sql == found[1]
                else i
                for i in after
            ]
        if found := re.match(
            r"CREATE INDEX CONCURRENTLY (\S+) ON .*\((.*)\)", statement
        ):
            keys = tuple(found[2].split(", "))
            oid = 1000 + len(after)
            after.append(Index(oid, TABLE.oid, f"public.{found[1]}", keys, keys))
    return replace(facts, indexes=tuple(after))


def served(facts: Facts) -> set[int]:
    return {
        key.oid
        for key in facts.foreign_keys
        if any(i.is_valid and i.finds(key.columns) for i in facts.indexes)
    }


def plan(facts: Facts, codes: Collection[Code]) -> IndexPlan:
    return plan_indexes(facts, STATISTICS, codes, Thresholds())


@given(databases(), some_checks)
@settings(max_examples=500, deadline=None)
def test_after_the_fixes_the_same_checks_find_nothing(
    facts: Facts, codes: tuple[Code, ...]
) -> None:
    assert plan(fixed(facts, plan(facts, codes)), codes) == IndexPlan()


@given(databases(), some_checks)
@settings(max_examples=300, deadline=None)
def test_no_fix_takes_a_foreign_keys_last_index(
    facts: Facts, codes: tuple[Code, ...]
) -> None:
    assert served(facts) <= served(fixed(facts, plan(facts, codes)))


@given(databases())
@settings(max_examples=300, deadline=None)
def test_what_constraints_need_stays(facts: Facts) -> None:
    after = {index.oid for index in fixed(facts, plan(facts, CHECKS)).indexes}

    assert {i.oid for i in facts.indexes if i.is_needed_by_constraint} <= after


@given(databases())
@settings(max_examples=300, deadline=None)
def test_what_was_unique_stays_unique(facts: Facts) -> None:
    after = fixed(facts, plan(facts, CHECKS)).indexes

    for index in facts.indexes:
        if index.is_unique and index.is_valid:
            assert any(
                one.is_unique
                and one.is_valid
                and one.keys == index.keys
                and one.predicate == index.predicate
                for one in after
            )


@given(databases(), some_checks)
@settings(max_examples=500, deadline=None)
def test_what_is_scanned_stays_or_is_covered(
    facts: Facts, codes: tuple[Code, ...]
) -> None:
    after = fixed(facts, plan(facts, codes)).indexes

    for index in facts.indexes:
        if index.is_valid and index.scans >= Thresholds().max_scans:
            assert any(one.is_valid and one.covers(index) for one in after)
