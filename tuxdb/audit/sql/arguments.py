"""Arguments for statements: values that occur in the tables, and some that do not."""

import json
import random
from typing import TYPE_CHECKING, Any

from tuxdb.audit.sql.catalogue import Catalogue
from tuxdb.audit.sql.parse import Statement, walk
from tuxdb.audit.sql.rows import SEED
from tuxdb.audit.sql.statements import held
from tuxdb.audit.sql.values import literal

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

POOL = 40
FRESH_SHARE = 0.3
NULL_SHARE = 0.08
ELSEWHERE_SHARE = 0.2
JSONS = frozenset({"json", "jsonb"})


class Arguments:
    """Draws arguments; the same ones in every audit."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._random = random.Random(SEED)  # noqa: S311 - no secret

    async def draw(
        self, raw: "Connection", statement: Statement, parameters: tuple[str, ...]
    ) -> list[Any]:
        """One value for each parameter; raises the driver's error for strange types."""
        return [await self._argument(raw, statement, one) for one in parameters]

    async def _argument(
        self, raw: "Connection", statement: Statement, type_name: str
    ) -> Any:  # noqa: ANN401 - a value of the driver's
        """A value of a type: one that a table of the statement holds, if any does."""
        inner = type_name.removesuffix("[]")
        chance = self._random.random()
        if self._random.random() < NULL_SHARE:
            return None
        tables = _tables(statement)
        if chance < ELSEWHERE_SHARE:  # what a foreign key may point at
            tables = [one.name for one in self._catalogue.relations.values()]
            self._random.shuffle(tables)
        pool: list[Any] = []
        if chance < 1 - FRESH_SHARE:
            for table in tables:
                pool.extend(await self._held(raw, table, inner))
                if pool and chance < ELSEWHERE_SHARE:
                    break
        if not pool:
            number = self._random.randrange(1_000, 30_000)
            made = literal(inner, inner, self._random, number, self._catalogue)
            pool = [await raw.fetchval(f"SELECT {made}")]
        if inner in JSONS:
            pool = [one if isinstance(one, str) else json.dumps(one) for one in pool]
        if type_name.endswith("[]"):
            return [self._random.choice(pool) for _ in range(3)]
        return self._random.choice(pool)

    async def _held(self, raw: "Connection", table: str, type_name: str) -> list[Any]:
        relation = self._catalogue.relation(table)
        if relation is None:
            return []
        found: list[Any] = []
        for column in relation.columns:
            if column.type == type_name:
                rows = await raw.fetch(held(relation, column.name, POOL))
                found.extend(row[0] for row in rows if row[0] is not None)
        return found


def _tables(statement: Statement) -> list[str]:
    names = [node.relname for kind, node in walk(statement.tree) if kind == "range_var"]
    if statement.kind != "select_stmt":
        names.append(statement.tree.relation.relname)
    return sorted(set(names))
