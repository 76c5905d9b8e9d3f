"""A condition that a person typed, on one of tuxdb's own tables."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.visitors import replacement_traverse

from tuxdb.bulk.expressions import parse_where
from tuxdb.bulk.literals import Literals
from tuxdb.bulk.tables import find_table


async def condition_on(
    session: AsyncSession, table: Table, text: str
) -> ColumnElement[bool]:
    """The condition in terms of a model's table; UsageError with a caret if it is none.

    It is read against the table as the database has it, so that its values are.
    """
    there = await find_table(session, table.name)
    literals = Literals()
    condition = parse_where(text, there, literals)
    await literals.settle(session)

    def ours(element: Any, **_: Any) -> Any:  # noqa: ANN401 - any part of a statement
        own = isinstance(element, Column) and element.table is there
        return table.c[element.name] if own else None

    found: ColumnElement[bool] = replacement_traverse(condition, {}, ours)
    return found
