"""Rows of other tables that refer to rows which are to go.

A foreign key may take such rows along without a word, or have them point nowhere, so
whoever takes rows away has to look first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    ScalarSelect,
    Table,
    Text,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.catalogue import (
    ATTRIBUTE,
    CLASS,
    CONSTRAINT,
    NAMESPACE,
    look_up,
)
from tuxdb.bulk.names import joined_name

FOREIGN_KEY = "f"


@dataclass(frozen=True)
class Reference:
    """A foreign key of another table, column by column."""

    name: str
    table: FromClause
    pairs: tuple[tuple[str, str], ...]

    def refers_to(self, target: Table) -> ColumnElement[bool]:
        """Whether a row of it refers to a row of the target."""
        same = (self.table.c[own] == target.c[their] for own, their in self.pairs)
        return exists().where(and_(*same)).correlate(target)


async def references_to(session: AsyncSession, target: Table) -> list[Reference]:
    """The foreign keys of other tables that refer to a table."""
    found = await look_up(session, target.schema, target.name)
    if found is None:
        return []
    rows = (await session.execute(_foreign_keys(found.oid))).all()
    return [
        Reference(
            joined_name(None if visible else schema, name),
            table(name, *map(column, own), schema=schema),
            tuple(zip(own, theirs, strict=True)),
        )
        for schema, name, visible, own, theirs in rows
    ]


def referrer(
    target: Table, references: Sequence[Reference]
) -> ColumnElement[str | None]:
    """The name of a table that refers to a row of the target, or NULL."""
    if not references:
        return cast(null(), Text)
    cases = [(r.refers_to(target), literal(r.name, Text)) for r in references]
    return case(*cases, else_=null())


def _foreign_keys(oid: int) -> Any:  # noqa: ANN401 - a select of five columns
    return (
        select(
            cast(NAMESPACE.c.nspname, Text),
            cast(CLASS.c.relname, Text),
            func.pg_table_is_visible(CLASS.c.oid),
            _names(CONSTRAINT.c.conrelid, CONSTRAINT.c.conkey),
            _names(CONSTRAINT.c.confrelid, CONSTRAINT.c.confkey),
        )
        .join_from(CONSTRAINT, CLASS, CLASS.c.oid == CONSTRAINT.c.conrelid)
        .join(NAMESPACE, NAMESPACE.c.oid == CLASS.c.relnamespace)
        .where(
            CONSTRAINT.c.contype == FOREIGN_KEY,
            CONSTRAINT.c.conparentid == 0,  # not once more for each partition
            CONSTRAINT.c.confrelid == oid,
            CONSTRAINT.c.conrelid != CONSTRAINT.c.confrelid,
        )
        .order_by(CLASS.c.relname, CONSTRAINT.c.conname)
    )


def _names(relation: Any, numbers: Any) -> ScalarSelect[Any]:  # noqa: ANN401
    """Names of columns, in the order of their numbers."""
    attribute = ATTRIBUTE.alias()
    place = func.array_position(numbers, attribute.c.attnum)
    names = aggregate_order_by(cast(attribute.c.attname, Text), place)
    return (
        select(func.array_agg(names, type_=ARRAY(Text)))
        .where(
            attribute.c.attrelid == relation, attribute.c.attnum == func.any(numbers)
        )
        .scalar_subquery()
    )
