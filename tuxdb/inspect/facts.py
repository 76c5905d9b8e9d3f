"""What the catalogue says about tables, indexes and foreign keys, as values."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from sqlalchemy import RowMapping

from tuxdb.inspect.catalogue import Catalogue


@dataclass(frozen=True)
class Relation:
    """A table, index, sequence or view; `sql` is its qualified name."""

    oid: int
    schema: str
    schema_sql: str
    name: str
    sql: str
    kind: str
    estimated_rows: int
    partition_of: int | None

    @property
    def is_partitioned(self) -> bool:
        """Whether its rows are in partitions."""
        return self.kind == "p"


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key; columns are SQL, in the order of the constraint."""

    oid: int
    name: str
    table_oid: int
    columns: tuple[str, ...]
    target_oid: int
    target_columns: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class Index:
    """An index that is there, or one that a fix will make.

    `keys` are SQL; `signature` are the keys with whatever is not their default, so
    that equal signatures mean equal order.
    """

    oid: int
    table_oid: int
    sql: str
    keys: tuple[str, ...]
    signature: tuple[str, ...]
    method: str = "btree"
    included: frozenset[str] = frozenset()
    predicate: str | None = None
    definition: str = ""
    is_partitioned: bool = False
    parent: int | None = None
    is_unique: bool = False
    is_immediate: bool = True
    nulls_collide: bool = False
    is_replica_identity: bool = False
    is_needed_by_constraint: bool = False
    is_valid: bool = True
    is_being_changed: bool = False
    bytes: int = 0
    scans: int = 0
    last_scan: datetime | None = None
    transactions_old: int = 0

    @property
    def may_go(self) -> bool:
        """Whether it could be dropped by itself without taking a promise away."""
        return not (
            self.is_needed_by_constraint
            or self.is_replica_identity
            or self.is_being_changed
            or self.parent
        )

    def finds(self, columns: Iterable[str]) -> bool:
        """Whether it finds the rows where these columns have given values."""
        wanted = set(columns)
        if self.method == "hash":
            leads = wanted == set(self.keys)
        else:
            leads = self.method == "btree" and set(self.keys[: len(wanted)]) == wanted
        return leads and self._has_all_rows_with(wanted)

    def covers(self, other: "Index") -> bool:
        """Whether `other` answers nothing that this index does not answer too."""
        if (
            self.table_oid != other.table_oid
            or self.method != other.method
            or self.predicate != other.predicate
            or self.signature[: len(other.signature)] != other.signature
            or not other.included <= {*self.keys, *self.included}
        ):
            return False
        if other.is_unique:
            same_keys = len(self.signature) == len(other.signature)
            return same_keys and self._enforces(other)
        return self.method == "btree" or self.definition == other.definition

    def _enforces(self, other: "Index") -> bool:
        """Whether it is unique in the same way, for the same columns."""
        return (
            self.is_unique
            and self.is_immediate >= other.is_immediate
            and self.nulls_collide == other.nulls_collide
        )

    def _has_all_rows_with(self, columns: set[str]) -> bool:
        if self.predicate is None:
            return True
        terms = re.sub(r"[()]", "", self.predicate).split(" AND ")
        return {*terms} <= {f"{column} IS NOT NULL" for column in columns}


@dataclass(frozen=True)
class Facts:
    """One look at the catalogue."""

    relations: dict[int, Relation]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]

    @classmethod
    async def load(cls, catalogue: Catalogue) -> "Facts":
        """Ask the database."""
        indexes = await catalogue.ask("index_facts")
        keys = await catalogue.ask("foreign_keys")
        relations = {
            row["oid"]: Relation(**row) for row in await catalogue.ask("relations")
        }
        # A table that was dropped between the questions has nothing to be said of.
        return cls(
            relations,
            tuple(_summed(_index(i) for i in indexes if i["table_oid"] in relations)),
            tuple(_foreign_key(k) for k in keys if k["table_oid"] in relations),
        )

    @cached_property
    def partitions(self) -> dict[int, list[int]]:
        """The partitions right below each partitioned table."""
        below: dict[int, list[int]] = defaultdict(list)
        for relation in self.relations.values():
            if relation.partition_of:
                below[relation.partition_of].append(relation.oid)
        return below

    @cached_property
    def parts(self) -> dict[int, list[Index]]:
        """The indexes of partitions that make up each partitioned index."""
        return _by_parent(self.indexes)

    @cached_property
    def invalid(self) -> dict[int, list[Index]]:
        """Each table's invalid indexes, those left out that are being built."""
        found: dict[int, list[Index]] = defaultdict(list)
        for index in self.indexes:
            if not index.is_valid and not index.is_being_changed:
                found[index.table_oid].append(index)
        return found

    def rows(self, oid: int) -> int:
        """How many rows a table has, about, with all its partitions."""
        below = sum(self.rows(partition) for partition in self.partitions.get(oid, []))
        return self.relations[oid].estimated_rows + below

    def root(self, oid: int) -> int:
        """The table that a partition, or a partition of that, belongs to."""
        above = self.relations[oid].partition_of
        return oid if above is None else self.root(above)

    def table(self, oid: int) -> str:
        """The qualified SQL name of a table."""
        return self.relations[oid].sql

    @cached_property
    def names(self) -> dict[str, set[str]]:
        """The names that are taken in each schema."""
        taken: dict[str, set[str]] = defaultdict(set)
        for relation in self.relations.values():
            taken[relation.schema].add(relation.name)
        return taken


def _index(row: RowMapping) -> Index:
    lists = {name: tuple(row[name]) for name in ("keys", "signature")}
    return Index(**{**row, **lists, "included": frozenset(row["included"])})


def _foreign_key(row: RowMapping) -> ForeignKey:
    lists = {name: tuple(row[name]) for name in ("columns", "target_columns")}
    return ForeignKey(**{**row, **lists})


def _summed(indexes: Iterable[Index]) -> list[Index]:
    """Give a partitioned index the size and use of its parts."""
    found = list(indexes)
    below = _by_parent(found)

    def with_sums(index: Index) -> Index:
        if not index.is_partitioned:
            return index
        parts = [with_sums(part) for part in below[index.oid]]
        return replace(
            index,
            bytes=sum(part.bytes for part in parts),
            scans=sum(part.scans for part in parts),
            last_scan=max((p.last_scan for p in parts if p.last_scan), default=None),
        )

    return [with_sums(index) for index in found]


def _by_parent(indexes: Iterable[Index]) -> dict[int, list[Index]]:
    below: dict[int, list[Index]] = defaultdict(list)
    for index in indexes:
        if index.parent:
            below[index.parent].append(index)
    return below
