"""`--set column=value`: what a column is to become."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, cast, null

from tuxdb.bulk.catalogue import kind
from tuxdb.bulk.expressions import find_column
from tuxdb.bulk.literals import Literals, mistake
from tuxdb.errors import UsageError

NAME = r"""(?P<name>"(?:[^"]|"")+"|[^\W\d]\w*)"""
ASSIGNMENT = re.compile(rf"\s*{NAME}\s*=")
RELATIVE = re.compile(rf"\s*{NAME}\s*(?P<sign>[+-])\s*(?P<by>[0-9.]+)\s*")


@dataclass(frozen=True)
class Assignment:
    """A column and the expression for its new value."""

    name: str
    value: ColumnElement[Any]


def parse_assignments(
    texts: Sequence[str], table: Table, literals: Literals
) -> list[Assignment]:
    """Read assignments; UsageError for a mistake, or a column that comes twice."""
    found: dict[str, Assignment] = {}
    for text in texts:
        assignment = _parse(text, table, literals)
        if assignment.name in found:
            raise UsageError(f"--set names {assignment.name!r} twice")
        found[assignment.name] = assignment
    return list(found.values())


def _parse(text: str, table: Table, literals: Literals) -> Assignment:
    match = ASSIGNMENT.match(text)
    if match is None:
        raise mistake(text, 0, "expected column=value")
    name = _unquoted(match["name"])
    column = find_column(name, table, text, match.start("name"))
    raw, start = text[match.end() :], match.end()
    counts = kind(column).counts
    relative = RELATIVE.fullmatch(raw) if counts else None
    if relative and _unquoted(relative["name"]) == name:
        place = start + relative.start("by")
        by = literals.read(relative["by"], column, text, place)
        moved = column + by if relative["sign"] == "+" else column - by
        return Assignment(name, cast(moved, column.type))
    if raw.strip().lower() == "null":
        return _nothing(column, text, start)
    if not kind(column).is_text:
        raw = raw.strip()
    if len(raw) > 1 and raw.startswith("'") and raw.endswith("'"):
        raw = raw[1:-1].replace("''", "'")
    return Assignment(name, literals.read(raw, column, text, start))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _nothing(column: Column[Any], text: str, start: int) -> Assignment:
    if not column.nullable:
        raise mistake(text, start, f"{column.name} must have a value")
    return Assignment(column.name, cast(null(), column.type))
