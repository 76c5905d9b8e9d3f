"""Mutants of a statement: each differs in one thing that a person could get wrong."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.audit.sql.mutations_of_expressions import IN_EXPRESSIONS, NEIGHBOURS
from tests.audit.sql.mutations_of_queries import IN_QUERIES
from tuxdb.audit.sql.parse import NotSql, deparse, single

CHANGES = tuple((one.__name__, one) for one in (*IN_EXPRESSIONS, *IN_QUERIES))


def mutants(text: str, neighbours: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every mutant of a statement, as what was changed and the SQL.

    A column becomes its neighbour; what the server does not take is nobody's mistake.
    """
    NEIGHBOURS.update(neighbours)
    statement = single(text)
    seen = {deparse(statement.tree)}
    for path in _paths(statement.tree):
        for name, change in CHANGES:
            tree = copy.deepcopy(statement.tree)
            if change(_at(tree, path)):
                try:
                    sql = deparse(tree)
                except NotSql:  # what cannot be written is none
                    continue
                if sql not in seen:
                    seen.add(sql)
                    yield name, sql


def _paths(message: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if hasattr(value, "add"):
            for index, one in enumerate(value):
                yield from _paths(one, (*before, (descriptor.name, index)))
        else:
            yield from _paths(value, (*before, (descriptor.name, None)))


def _at(message: Any, path: tuple[Any, ...]) -> Any:
    for name, index in path:
        message = getattr(message, name)
        message = message if index is None else message[index]
    return message
