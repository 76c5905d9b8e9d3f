"""The SQL of fixes for indexes: online wherever PostgreSQL has a way."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuxdb.inspect.facts import Facts, Index, Relation
from tuxdb.inspect.naming import listed, new_index_name, quoted


def are_safe_online(statements: Sequence[str]) -> bool:
    """Whether nobody who writes has to wait for long.

    What is made ON ONLY a partitioned table, or attached to it, is a matter of the
    catalogue; to drop a partitioned index stops everybody on all its partitions.
    """
    return not any(
        statement.startswith("DROP INDEX ") and " CONCURRENTLY " not in statement
        for statement in statements
    )


NEW = 0  # the oid of an index that is still to be made


@dataclass(frozen=True)
class _Design:
    """An index as any partition could have it."""

    columns: tuple[str, ...]
    definition: str
    unique: str = ""


class Builder:
    """Writes statements for one database; gives every new index a free name."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._taken: dict[str, set[str]] = {}

    def drop(self, index: Index) -> str:
        """Drop an index; a partitioned one cannot go CONCURRENTLY."""
        how = "" if index.is_partitioned else "CONCURRENTLY "
        return f"DROP INDEX {how}{index.sql};"

    def create(self, table_oid: int, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Index these columns, in every partition."""
        design = _Design(columns, f"({listed(columns)})")
        _, statements = self._build(self._facts.relations[table_oid], design)
        return tuple(statements)

    def rebuild(self, index: Index) -> tuple[str, ...]:
        """Make an invalid index valid; a partitioned one gets the parts it lacks."""
        if not index.is_partitioned:
            return (f"REINDEX INDEX CONCURRENTLY {index.sql};",)
        design = _Design(
            index.keys, index.definition, "UNIQUE " if index.is_unique else ""
        )
        return tuple(self._parts(index.table_oid, index.oid, index.sql, design))

    def _build(self, table: Relation, design: _Design) -> tuple[str, list[str]]:
        """The new index's qualified name and how to make it."""
        name = quoted(self._new_name(table, design.columns))
        index = f"{table.schema_sql}.{name}"
        if not table.is_partitioned:
            how, only, parts = "CONCURRENTLY ", "", []
        else:
            how, only = "", "ONLY "
            parts = self._parts(table.oid, NEW, index, design)
        create = (
            f"CREATE {design.unique}INDEX {how}{name} "
            f"ON {only}{table.sql} {design.definition};"
        )
        return index, [create, *parts]

    def _parts(self, table_oid: int, oid: int, sql: str, design: _Design) -> list[str]:
        """Make what a partitioned index lacks below it, and attach that."""
        present = {part.table_oid: part for part in self._facts.parts.get(oid, [])}
        statements = []
        for partition_oid in self._facts.partitions.get(table_oid, []):
            partition = self._facts.relations[partition_oid]
            part = present.get(partition_oid)
            if partition.kind == "f":
                continue
            if part is None:
                name, made = self._build(partition, design)
                statements += [*made, f"ALTER INDEX {sql} ATTACH PARTITION {name};"]
            elif not part.is_valid:
                statements += self.rebuild(part)
        return statements

    def _new_name(self, table: Relation, columns: Sequence[str]) -> str:
        if table.schema not in self._taken:
            self._taken[table.schema] = set(self._facts.names[table.schema])
        taken = self._taken[table.schema]
        name = new_index_name(table.name, columns, taken)
        taken.add(name)
        return name
