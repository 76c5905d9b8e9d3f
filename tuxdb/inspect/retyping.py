"""Making columns BIGINT, together with the columns that foreign keys tie to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tuxdb.inspect.catalogue import Catalogue
from tuxdb.inspect.facts import Facts, ForeignKey

BIGINT = "bigint"
WHOLE_NUMBERS = ("smallint", "integer")

Place = tuple[int, str]  # a column: its table's oid and its name as SQL


@dataclass(frozen=True)
class Column:
    """A column of a type that is too small, too wide or not exact for an id.

    `obstacle` says why its type cannot be changed just like that.
    """

    table_oid: int
    schema: str
    table_name: str
    table_sql: str
    name: str
    sql: str
    type: str
    default_sql: str | None
    may_read: bool
    is_numbered: bool
    sounds_like_discord: bool
    obstacle: str | None

    @property
    def place(self) -> Place:
        """What identifies the column."""
        return self.table_oid, self.sql

    @property
    def base_type(self) -> str:
        """The type, or that of an array's elements."""
        return self.type.removesuffix("[]")


class Columns:
    """The columns that could be retyped, and the foreign keys between them."""

    def __init__(self, columns: Iterable[Column], facts: Facts) -> None:
        self.all = {column.place: column for column in columns}
        self._facts = facts
        self._ties: dict[Place, list[tuple[ForeignKey, Place]]] = defaultdict(list)
        for key in facts.foreign_keys:
            for source, target in _pairs(key):
                self._ties[source].append((key, target))
                self._ties[target].append((key, source))

    def tied(self, column: Column) -> tuple[list[Column], list[ForeignKey]]:
        """The column and all that foreign keys tie to it, and these keys."""
        places, keys, new = {column.place}, dict[int, ForeignKey](), [column.place]
        while new:
            for key, place in self._ties.get(new.pop(), []):
                keys[key.oid] = key
                if place not in places:
                    places.add(place)
                    new.append(place)
        found = [self.all[place] for place in sorted(places) if place in self.all]
        return found, [keys[oid] for oid in sorted(keys)]

    def obstacle(self, column: Column) -> str | None:
        """Why this column, and what is tied to it, cannot be retyped."""
        tied, _ = self.tied(column)
        return next(
            (f"{c.table_sql}.{c.sql}: {c.obstacle}" for c in tied if c.obstacle), None
        )

    def to_bigint(self, column: Column, *more: str) -> list[str]:
        """The statements, with more that belong into the same transaction."""
        tied, keys = self.tied(column)
        statements = [
            *(self._alter(key, f"DROP CONSTRAINT {key.name}") for key in keys),
            *(f"ALTER TABLE {c.table_sql} {_retype(c)};" for c in tied),
            *(
                self._alter(key, f"ADD CONSTRAINT {key.name} {key.definition}")
                for key in keys
            ),
            *more,
        ]
        if len(statements) == 1:
            return statements
        return ["BEGIN;", *statements, "COMMIT;"]

    def _alter(self, key: ForeignKey, action: str) -> str:
        return f"ALTER TABLE {self._facts.table(key.table_oid)} {action};"


async def load_columns(catalogue: Catalogue) -> list[Column]:
    """Ask the database for the columns that could be retyped."""
    return [Column(**row) for row in await catalogue.ask("columns")]


def _pairs(key: ForeignKey) -> Iterable[tuple[Place, Place]]:
    for source, target in zip(key.columns, key.target_columns, strict=True):
        yield (key.table_oid, source), (key.target_oid, target)


def _retype(column: Column) -> str:
    array = column.type.removeprefix(column.base_type)
    change = f"ALTER COLUMN {column.sql} TYPE {BIGINT}{array}"
    if column.base_type in WHOLE_NUMBERS:
        return change
    change = f"{change} USING {column.sql}::{BIGINT}{array}"
    if column.default_sql is None:
        return change
    default = f"({column.default_sql})::{BIGINT}{array}"
    return (
        f"ALTER COLUMN {column.sql} DROP DEFAULT, {change}, "
        f"ALTER COLUMN {column.sql} SET DEFAULT {default}"
    )
