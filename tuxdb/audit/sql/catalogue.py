"""What is in the scratch schema: tables, columns, types, as the server has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tuxdb.audit.sql.pgtypes import canonical

if TYPE_CHECKING:
    import asyncpg

RELATIONS = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       coalesce(json_agg(json_build_object(
           'name', a.attname, 'type', format_type(a.atttypid, NULL),
           'full', format_type(a.atttypid, a.atttypmod),
           'not_null', a.attnotnull, 'generated', a.attgenerated <> '',
           'identity', a.attidentity::text, 'default', a.atthasdef)
           ORDER BY a.attnum)
           FILTER (WHERE a.attnum IS NOT NULL), '[]')::text AS columns,
       (SELECT array_agg(k.attname ORDER BY k.attnum) FROM pg_index i
          JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = ANY (i.indkey)
         WHERE i.indrelid = c.oid AND i.indisprimary)::text[] AS key
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e')
 GROUP BY c.oid, n.nspname, c.relname, c.relkind
 ORDER BY n.nspname, c.relname
"""
ENUMS = """
SELECT format_type(t.oid, NULL) AS name,
       array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
 GROUP BY t.oid
"""
TYPES = "SELECT oid::int8 AS oid, format_type(oid, NULL) AS name FROM pg_type"
FUNCTIONS = """
SELECT proname::text AS name, bool_or(provolatile = 'v') AS volatile,
       bool_or(pronamespace <> 'pg_catalog'::regnamespace) AS own
  FROM pg_proc GROUP BY proname
"""
PUBLIC = "public"


@dataclass(frozen=True)
class Column:
    """A column as the server has it."""

    name: str
    type: str  # without precision
    full: str  # with it
    not_null: bool
    generated: bool = False
    defaulted: bool = False


@dataclass(frozen=True)
class Relation:
    """A table or view with its columns in the table's order."""

    schema: str
    name: str
    kind: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the table's order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """One column by its name."""
        return next((one for one in self.columns if one.name == name), None)


@dataclass(frozen=True)
class Catalogue:
    """Everything that conversion needs to know of a schema."""

    relations: Mapping[tuple[str, str], Relation] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    functions: frozenset[str] = frozenset()
    own_functions: frozenset[str] = frozenset()  # also outside pg_catalog
    volatile: frozenset[str] = frozenset()  # functions that differ with every call

    def relation(self, name: str, schema: str = "") -> Relation | None:
        """A table by its name, in the default schema unless another is named."""
        return self.relations.get((schema or PUBLIC, name))

    def type_name(self, oid: int) -> str:
        """A type's canonical name by its number."""
        return canonical(self.types.get(oid, "unknown"))


async def read(connection: "asyncpg.Connection[Any]") -> Catalogue:
    """Read the schema that a connection sees."""
    relations = {}
    for row in await connection.fetch(RELATIONS):
        columns = tuple(_column(found) for found in json.loads(row["columns"]))
        key = tuple(row["key"] or ())
        one = Relation(row["schema"], row["name"], row["kind"], columns, key)
        relations[one.schema, one.name] = one
    enums = {row["name"]: tuple(row["labels"]) for row in await connection.fetch(ENUMS)}
    functions = await connection.fetch(FUNCTIONS)
    return Catalogue(
        relations,
        enums,
        await read_types(connection),
        frozenset(row["name"] for row in functions),
        frozenset(row["name"] for row in functions if row["own"]),
        frozenset(row["name"] for row in functions if row["volatile"]),
    )


async def read_types(connection: "asyncpg.Connection[Any]") -> dict[int, str]:
    """The names of the types by their numbers."""
    return {row["oid"]: row["name"] for row in await connection.fetch(TYPES)}


def _column(found: dict[str, Any]) -> Column:
    return Column(
        name=found["name"],
        type=canonical(found["type"]),
        full=found["full"],
        not_null=found["not_null"],
        generated=found["generated"],
        defaulted=found["default"] or bool(found["identity"]),
    )
