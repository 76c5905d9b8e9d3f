"""Which indexes to build, rebuild and drop, decided together.

Every fix is planned on the state that the other fixes lead to, so that a report
made after all of them is empty: no drop takes the last support of a foreign key,
and what a new index will cover is dropped along with it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from tuxdb.inspect.facts import Facts, ForeignKey, Index
from tuxdb.inspect.findings import Code, Statistics, Thresholds
from tuxdb.inspect.statements import Builder


@dataclass(frozen=True)
class Rebuild:
    """An invalid index; `covered_by` another, it goes instead."""

    index: Index
    covered_by: Index | None
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Redundant:
    """An index to drop, and the one that does its work as well."""

    index: Index
    covered_by: Index


@dataclass(frozen=True)
class Missing:
    """A foreign key without a valid index; several may share their statements."""

    foreign_key: ForeignKey
    statements: tuple[str, ...]
    invalid: Index | None = None


@dataclass
class IndexPlan:
    """The fixes of the checks on indexes, in no order."""

    missing: list[Missing] = field(default_factory=list)
    rebuilds: list[Rebuild] = field(default_factory=list)
    unused: list[Index] = field(default_factory=list)
    redundant: list[Redundant] = field(default_factory=list)


def plan_indexes(
    facts: Facts,
    statistics: Statistics,
    codes: Collection[Code],
    thresholds: Thresholds,
) -> IndexPlan:
    """Plan what the chosen checks ask for, and nothing that others would."""
    planner = _Planner(facts, statistics, thresholds)
    plan = IndexPlan()
    if Code.MISSING_FK_INDEX in codes:
        plan.missing = list(planner.index_foreign_keys())
    if Code.INVALID_INDEX in codes:
        plan.rebuilds = list(planner.rebuild_invalid())
    if Code.UNUSED_INDEX in codes:
        plan.unused = list(planner.drop_unused())
    if Code.REDUNDANT_INDEX in codes:
        plan.redundant = list(planner.drop_redundant())
    return plan


class _Planner:
    """The indexes as they will be; each step changes them and tells how."""

    def __init__(
        self, facts: Facts, statistics: Statistics, thresholds: Thresholds
    ) -> None:
        self._facts = facts
        self._statistics = statistics
        self._thresholds = thresholds
        self._builder = Builder(facts)
        self._rebuilt: dict[int, tuple[str, ...]] = {}
        self._new_oids = count(-1, -1)
        self._keys_by_root: dict[int, list[ForeignKey]] = defaultdict(list)
        for key in facts.foreign_keys:
            self._keys_by_root[self._facts.root(key.table_oid)].append(key)
        # What is being built or dropped right now counts as there, untouched.
        self._usable: dict[int, dict[int, Index]] = defaultdict(dict)
        for index in facts.indexes:
            if index.is_valid or index.is_being_changed:
                self._add(index)

    # Steps

    def index_foreign_keys(self) -> Iterator[Missing]:
        """Give every foreign key an index; those with most columns first."""
        for keys in self._keys_by_root.values():
            yield from self._index(keys)

    def _index(self, keys: list[ForeignKey]) -> Iterator[Missing]:
        waiting = sorted(
            (key for key in keys if not self._is_served(key)),
            key=lambda key: (-len(key.columns), key.oid),
        )
        while waiting:
            invalid = self._invalid_for(waiting[0])
            statements = (
                self._rebuild(invalid) if invalid else self._create_for(waiting[0])
            )
            for key in waiting:
                if self._is_served(key):
                    yield Missing(key, statements, invalid)
            waiting = [key for key in waiting if not self._is_served(key)]

    def rebuild_invalid(self) -> Iterator[Rebuild]:
        """Rebuild what is invalid, unless another index covers it.

        Parts of an invalid partitioned index are rebuilt along with that.
        """
        invalid = [i for on_table in self._facts.invalid.values() for i in on_table]
        oids = {index.oid for index in invalid}
        whole = [index for index in invalid if index.parent not in oids]
        for index in sorted(whole, key=lambda i: (-len(i.keys), i.oid)):
            cover = self._cover(index) if index.may_go else None
            if cover and index.oid not in self._rebuilt:
                yield Rebuild(index, cover, (self._builder.drop(index),))
            else:
                yield Rebuild(index, None, self._rebuild(index))

    def drop_unused(self) -> Iterator[Index]:
        """Drop what nobody uses, the largest first, but no foreign key's last."""
        unused = [index for index in self._all() if self._is_unused(index)]
        for index in sorted(unused, key=lambda i: (-i.bytes, -i.oid)):
            if self._drop_if_keys_stay_served(index):
                yield index

    def drop_redundant(self) -> Iterator[Redundant]:
        """Drop what another index covers; of equals, the less used and newer."""
        real = [index for index in self._all() if index.oid > 0 and index.may_go]
        dropped = [
            index
            for index in sorted(real, key=lambda i: (i.is_unique, i.scans, -i.oid))
            if self._cover(index) and self._drop_if_keys_stay_served(index)
        ]
        for index in dropped:  # only now is it known which covers stay
            if cover := self._cover(index):
                yield Redundant(index, cover)

    # State

    def _all(self) -> list[Index]:
        return [i for on_table in self._usable.values() for i in on_table.values()]

    def _add(self, index: Index) -> None:
        self._usable[index.table_oid][index.oid] = index

    def _with_parts(self, index: Index) -> list[Index]:
        parts = self._facts.parts.get(index.oid, [])
        return [index, *(p for part in parts for p in self._with_parts(part))]

    def _drop_if_keys_stay_served(self, index: Index) -> bool:
        """Take an index out, with the parts that go with it, if that is harmless."""
        near = self._keys_by_root[self._facts.root(index.table_oid)]
        served = [key for key in near if self._is_served(key)]
        gone = [
            part
            for part in self._with_parts(index)
            if self._usable[part.table_oid].pop(part.oid, None)
        ]
        if all(self._is_served(key) for key in served):
            return True
        for part in gone:
            self._add(part)
        return False

    def _cover(self, index: Index) -> Index | None:
        """A usable index that does this one's work as well, best a unique one."""
        covers = [
            other
            for other in self._usable[index.table_oid].values()
            if other.oid != index.oid and other.covers(index)
        ]
        return max(covers, key=lambda i: (i.is_unique, i.oid > 0), default=None)

    def _is_unused(self, index: Index) -> bool:
        limits, now = self._thresholds, self._statistics.now
        return (
            index.may_go
            and not index.is_unique
            and index.scans < limits.max_scans
            and index.bytes >= limits.min_bytes
            and self._statistics.age >= limits.min_age
            and index.transactions_old >= limits.min_transactions
            and (index.last_scan is None or now - index.last_scan >= limits.min_age)
        )

    # Foreign keys

    def _is_served(self, key: ForeignKey, table_oid: int | None = None) -> bool:
        """Whether an index finds a foreign key's rows, in every partition."""
        table = self._facts.relations[table_oid or key.table_oid]
        if table.kind == "f":
            return True  # a foreign table has no indexes
        if any(i.finds(key.columns) for i in self._usable[table.oid].values()):
            return True
        partitions = self._facts.partitions.get(table.oid, [])
        return bool(partitions) and all(self._is_served(key, p) for p in partitions)

    def _invalid_for(self, key: ForeignKey) -> Index | None:
        invalid = self._facts.invalid.get(key.table_oid, [])
        return next((i for i in invalid if i.finds(key.columns)), None)

    def _create_for(self, key: ForeignKey) -> tuple[str, ...]:
        model = Index(
            oid=0,
            table_oid=key.table_oid,
            sql="",
            keys=key.columns,
            signature=key.columns,
        )
        for table_oid in self._tree(key.table_oid):
            self._add_new(model, table_oid)
        return self._builder.create(key.table_oid, key.columns)

    def _add_new(self, model: Index, table_oid: int) -> None:
        """Count on an index that the fix will make; it has no name yet."""
        new = replace(
            model,
            oid=next(self._new_oids),
            table_oid=table_oid,
            sql="",
            is_valid=True,
            bytes=0,
            transactions_old=0,
        )
        self._add(new)

    def _tree(self, table_oid: int) -> Iterator[int]:
        yield table_oid
        for partition in self._facts.partitions.get(table_oid, []):
            yield from self._tree(partition)

    def _rebuild(self, index: Index) -> tuple[str, ...]:
        if index.oid not in self._rebuilt:
            self._rebuilt[index.oid] = self._builder.rebuild(index)
            for part in self._with_parts(index):
                self._add(replace(part, is_valid=True))
            have = {part.table_oid for part in self._with_parts(index)}
            for table_oid in self._tree(index.table_oid):
                if table_oid not in have:
                    self._add_new(index, table_oid)
        return self._rebuilt[index.oid]
