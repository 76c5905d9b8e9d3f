"""What callers may give as filters and as an order."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.sql.elements import SQLCoreOperations

Filters = ColumnElement[bool] | Iterable[ColumnElement[bool]] | bool | None
OrderBy = Any


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Filters as a list: None is no filter, an expression is one."""
    if filters is None:
        return []
    if isinstance(filters, Iterable) and not isinstance(filters, SQLCoreOperations):
        return list(filters)
    return [filters]  # type: ignore[list-item]


def elements(order_by: OrderBy) -> list[Any]:
    """An ORDER BY as a list."""
    if order_by is None:
        return []
    return list(order_by) if isinstance(order_by, list | tuple) else [order_by]
