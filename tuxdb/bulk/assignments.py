"""`--set column=value`: what a column is to become."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, Numeric, Table, literal, null

from tuxdb.bulk.expressions import find_column, mistake
from tuxdb.bulk.literals import BadLiteral, read_literal
from tuxdb.errors import UsageError

ASSIGNMENT = re.compile(r"""\s*(?P<name>"(?:[^"]|"")+"|[^\W\d]\w*)\s*=""")
RELATIVE = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?P<sign>[+-])\s*(?P<by>[0-9.]+)\s*")


@dataclass(frozen=True)
class Assignment:
    """A column and the expression for its new value."""

    name: str
    value: ColumnElement[Any]


def parse_assignments(texts: Sequence[str], table: Table) -> list[Assignment]:
    """Read assignments; UsageError for a mistake, or a column that comes twice."""
    found: dict[str, Assignment] = {}
    for text in texts:
        assignment = _parse(text, table)
        if assignment.name in found:
            raise UsageError(f"--set names {assignment.name!r} twice")
        found[assignment.name] = assignment
    return list(found.values())


def _parse(text: str, table: Table) -> Assignment:
    match = ASSIGNMENT.match(text)
    if match is None:
        raise mistake(text, 0, "expected column=value")
    name = match["name"]
    if name.startswith('"'):
        name = name[1:-1].replace('""', '"')
    column = find_column(name, table, text, match.start("name"))
    raw = text[match.end() :]
    relative = RELATIVE.fullmatch(raw)
    if relative and relative["name"] == column.name and _counts(column):
        by = _literal(relative["by"], column, text, match.end() + relative.start("by"))
        return Assignment(name, column + by if relative["sign"] == "+" else column - by)
    if raw.strip().lower() == "null":
        return _nothing(column, text, match.end())
    if len(raw) > 1 and raw.startswith("'") and raw.endswith("'"):
        raw = raw[1:-1].replace("''", "'")
    value = _literal(raw, column, text, match.end())
    return Assignment(name, literal(value, column.type))


def _counts(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer | Numeric)


def _nothing(column: Column[Any], text: str, start: int) -> Assignment:
    if not column.nullable:
        raise mistake(text, start, f"{column.name} must have a value")
    return Assignment(column.name, null())


def _literal(raw: str, column: Column[Any], text: str, start: int) -> Any:  # noqa: ANN401
    try:
        return read_literal(raw, column)
    except BadLiteral as error:
        raise mistake(text, start, f"{column.name}: the value is {error}") from error
