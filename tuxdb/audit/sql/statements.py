"""The statements of seeding and of comparing, for tables known by name only."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
    Text,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    union_all,
)
from sqlalchemy.sql import ClauseElement

from tuxdb.audit.sql.catalogue import Relation
from tuxdb.audit.sql.compiled import DIALECT


def text_of(statement: ClauseElement) -> str:
    """A statement without parameters as SQL."""
    options = {"literal_binds": True}
    return str(statement.compile(dialect=DIALECT, compile_kwargs=options))


def named(schema: str, name: str, *columns: str) -> TableClause:
    """A table by its name."""
    return table(name, *(column(one) for one in columns), schema=schema)


def insertion(relation: Relation, values: Mapping[str, str]) -> str:
    """Insert one row; its values are SQL already."""
    into = named(relation.schema, relation.name, *values)
    row: dict[str, ColumnElement[Any]] = {
        name: literal_column(value) for name, value in values.items()
    }
    return text_of(insert(into).values(row))


def reference(schema: str, name: str, target: str, number: int) -> str:
    """A value of a column that is there, one after the other."""
    other = named(schema, name, target)
    count = select(func.count()).select_from(other).scalar_subquery()
    offset: ColumnElement[Any] = literal_column(str(number)) % func.greatest(
        count, literal_column("1")
    )
    found = select(other.c[target]).order_by(other.c[target]).limit(1).offset(offset)
    return f"({text_of(found)})"


def held(relation: Relation, name: str, most: int) -> str:
    """Some of the values that a column holds."""
    there = named(relation.schema, relation.name, name)
    return text_of(select(there.c[name]).limit(most))


def contents(relations: Iterable[Relation]) -> str:
    """What every table holds: how many rows, and a sum of their hashes."""
    parts = [_content(number, one) for number, one in enumerate(relations)]
    return text_of(union_all(*parts).order_by(literal_column("number")))


def _content(number: int, relation: Relation) -> Select[int, int, str]:
    rows = named(relation.schema, relation.name).alias("row_of")
    one = cast(literal_column("row_of"), Text)
    total = func.sum(func.hashtextextended(one, literal_column("0")))
    return select(
        literal(number).label("number"),
        func.count().label("rows"),
        cast(func.coalesce(total, literal_column("0")), Text).label("total"),
    ).select_from(rows)
