"""A few rows for any schema, so that statements have something to work on."""

import random
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.audit.sql.catalogue import Catalogue, Column, Relation
from tuxdb.audit.sql.names import quote_ident
from tuxdb.audit.sql.statements import insertion, reference
from tuxdb.audit.sql.values import literal

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

ROWS = 16
ATTEMPTS = 6
NULL_SHARE = 0.2
SEED = 20_240_229
# sequences go on where no row of ours has been
ADVANCE = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
              least(max_value, 1000))
  FROM pg_sequences
"""
KEYS = """
SELECT n.nspname AS schema, t.relname AS name,
       fn.nspname AS other_schema, f.relname AS other,
       (SELECT array_agg(a.attname::text ORDER BY k.i)
          FROM unnest(c.conkey) WITH ORDINALITY AS k(num, i)
          JOIN pg_attribute a
            ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY k.i)
          FROM unnest(c.confkey) WITH ORDINALITY AS k(num, i)
          JOIN pg_attribute a
            ON a.attrelid = c.confrelid AND a.attnum = k.num) AS others
  FROM pg_constraint c
  JOIN pg_class t ON t.oid = c.conrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
  JOIN pg_class f ON f.oid = c.confrelid
  JOIN pg_namespace fn ON fn.oid = f.relnamespace
 WHERE c.contype = 'f'
"""


class Seeder:
    """Fills the tables of a scratch schema, those that others refer to first."""

    def __init__(self, connection: "Connection", catalogue: Catalogue) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._random = random.Random(SEED)  # noqa: S311 - the same rows every time

    async def seed(self) -> int:
        """Insert the rows; returns how many went in."""
        keys = await self._connection.fetch(KEYS)
        await self._connection.execute("SET session_replication_role = origin")
        for relation in self._catalogue.relations.values():
            if relation.kind == "r":
                await self._connection.execute(
                    f"ALTER TABLE {_name(relation)} DISABLE TRIGGER USER"
                )
        count = 0
        for relation in self._ordered(keys):
            foreign = [
                key
                for key in keys
                if (key["schema"], key["name"]) == (relation.schema, relation.name)
            ]
            count += await self._fill(relation, foreign)
        await self._connection.execute(ADVANCE)
        return count

    def _ordered(self, keys: "list[asyncpg.Record]") -> list[Relation]:
        """Tables after those that they refer to, as far as there are no circles."""
        needs: dict[tuple[str, str], set[tuple[str, str]]] = {
            key: set()
            for key, one in self._catalogue.relations.items()
            if one.kind in ("r", "p")
        }
        for key in keys:
            own, other = (
                (key["schema"], key["name"]),
                (key["other_schema"], key["other"]),
            )
            if own in needs and other in needs and own != other:
                needs[own].add(other)
        ordered: list[tuple[str, str]] = []
        while needs:
            ready = [own for own, others in needs.items() if not others & needs.keys()]
            for own in ready or list(needs)[:1]:
                ordered.append(own)
                del needs[own]
        return [self._catalogue.relations[own] for own in ordered]

    async def _fill(self, relation: Relation, keys: "list[asyncpg.Record]") -> int:
        count = 0
        for number in range(ROWS):
            for _ in range(ATTEMPTS):
                try:
                    await self._connection.execute(self._insert(relation, keys, number))
                except asyncpg.PostgresError:
                    continue  # a CHECK or a unique key: other values may do
                count += 1
                break
        return count

    def _insert(
        self, relation: Relation, keys: "list[asyncpg.Record]", number: int
    ) -> str:
        values = {
            column.name: self._value(column, number)
            for column in relation.columns
            if not column.generated and not self._left_to_default(relation, column)
        }
        for key in keys:
            self._refer(key, values, number)
        return insertion(relation, values)

    def _left_to_default(self, relation: Relation, column: Column) -> bool:
        return column.defaulted and (
            column.name in relation.key or self._random.random() < 0.3  # noqa: PLR2004
        )

    def _value(self, column: Column, number: int) -> str:
        if not column.not_null and self._random.random() < NULL_SHARE:
            return "NULL"
        return literal(column.type, column.full, self._random, number, self._catalogue)

    def _refer(
        self, key: "asyncpg.Record", values: dict[str, str], number: int
    ) -> None:
        """Point at a row that is there."""
        for name, target in zip(key["columns"], key["others"], strict=True):
            if values.get(name) != "NULL":
                values[name] = reference(
                    key["other_schema"], key["other"], target, number
                )


def _name(relation: Relation) -> str:
    return f"{quote_ident(relation.schema)}.{quote_ident(relation.name)}"
