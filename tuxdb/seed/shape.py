"""Rows of a seed file checked against the tables they are for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, UniqueConstraint
from sqlalchemy import inspect as mapping_of
from sqlalchemy.dialects.postgresql import JSONB

from tuxdb.errors import InvalidValue, UsageError
from tuxdb.models import (
    Case,
    GalleryMementos,
    Guild,
    GuildConfig,
    Messages,
    Model,
    PointsTransaction,
    User,
)
from tuxdb.models.validation import plain_columns, validated_records
from tuxdb.seed.formats import RawRow, RawTable

SEEDED: dict[str, type[Model]] = {
    str(model.__tablename__): model
    for model in (Guild, GuildConfig, User, Case, GalleryMementos, Messages)
}
"""The tables that take seeds, in an order in which foreign keys hold."""

KEPT_BY_DATABASE = frozenset({"updated_at", "case_count"})
USER = "user"
"""In `cases`: the Discord id of the user, in place of `user_id`, a row number."""


@dataclass(frozen=True)
class Batch:
    """Checked rows of one table that give the same columns, with their lines."""

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]
    records: list[tuple[Any, ...]]
    lines: list[int]
    place: str

    def where(self, line: int) -> str:
        """A line of the file, for messages."""
        return f"{self.place}:{line}"


def batches(raw: RawTable) -> Iterator[Batch]:
    """Check the rows of a table; UsageError names the file and line."""
    model = _model(raw)
    table = mapping_of(model).local_table
    _check_key(raw, table)
    groups: dict[tuple[str, ...], list[RawRow]] = {}
    seen: dict[tuple[Any, ...], int] = {}
    for row in raw.rows:
        _check_names(raw, row, table)
        converted = RawRow(row.line, _converted(raw, row, table))
        key = tuple(converted.values[name] for name in raw.key)
        if key in seen:
            raw.fail(row, f"has the same key as line {seen[key]}")
        seen[key] = row.line
        groups.setdefault(tuple(sorted(row.values)), []).append(converted)
    for names, rows in groups.items():
        yield _batch(raw, model, names, rows)


def _model(raw: RawTable) -> type[Model]:
    if raw.name == PointsTransaction.__tablename__:
        raw.fail(None, "the ledger is no table to seed; give `points` in users")
    if raw.name not in SEEDED:
        near = get_close_matches(raw.name, SEEDED, 1)
        also = f"did you mean {near[0]!r}?" if near else ", ".join(SEEDED)
        raw.fail(None, f"{raw.name!r} is no table that takes seeds; {also}")
    return SEEDED[raw.name]


def _check_key(raw: RawTable, table: Table) -> None:
    keys = [[c.name for c in table.primary_key]] + [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    usable = [key for key in keys if not any(_is_numbered(table, n) for n in key)]
    if not any(set(raw.key) == set(key) for key in usable):
        known = " or ".join(f"({', '.join(key)})" for key in sorted(usable))
        raw.fail(
            None, f"({', '.join(raw.key)}) is no key of {raw.name}; it has {known}"
        )


def _check_names(raw: RawTable, row: RawRow, table: Table) -> None:
    names = [column.name for column in table.columns]
    known = [name for name in names if _is_open(table, name)]
    if raw.name == "cases":
        known.append(USER)
    for name in row.values:
        if name not in known:
            near = get_close_matches(name, known, 1)
            also = f"; did you mean {near[0]!r}?" if near else ""
            kept = name in table.c and not also
            problem = "is kept by the database" if kept else f"is no column{also}"
            raw.fail(row, f"{raw.name}: {name!r} {problem}", name)
    for name in raw.key:
        if row.values.get(name) is None:
            raw.fail(row, f"{raw.name}: the key column {name!r} is missing")


def _is_open(table: Table, name: str) -> bool:
    return not _is_numbered(table, name) and name not in KEPT_BY_DATABASE


def _is_numbered(table: Table, name: str) -> bool:
    """Whether the database numbers the column, or the one that it refers to."""
    column = table.c[name]
    referred = [
        element.column
        for constraint in table.foreign_key_constraints
        for element in constraint.elements
        if element.parent is column
    ]
    return any(c.identity is not None for c in (column, *referred))


def _converted(raw: RawTable, row: RawRow, table: Table) -> Mapping[str, Any]:
    """Values in the types of their columns: ids may be text, as in JSON."""
    values = {}
    for name, value in row.values.items():
        column = table.c["user_id" if name == USER else name]
        try:
            values[name] = _value(column, value, texts=raw.texts)
        except ValueError as error:
            raw.fail(row, f"{raw.name}.{name} {error}", name)
    return values


def _value(column: Column[Any], value: Any, *, texts: bool) -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return value
    if isinstance(column.type, BigInteger):
        if not re.fullmatch(r"-?[0-9]{1,19}", value):
            raise ValueError("is not a whole number")
        return int(value)
    if isinstance(column.type, DateTime):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is not a time such as 2026-01-31T12:00:00Z") from None
    if texts and isinstance(column.type, Boolean):
        words = {"true": True, "false": False}
        if value not in words:
            raise ValueError("is not true or false")
        return words[value]
    if texts and isinstance(column.type, JSONB):
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is not JSON") from None
    return value


def _batch(
    raw: RawTable, model: type[Model], names: tuple[str, ...], rows: list[RawRow]
) -> Batch:
    lines = [row.line for row in rows]
    columns = tuple("user_id" if name == USER else name for name in names)
    try:
        plain_columns(model, columns, new=True)
        records = [tuple(row.values[name] for name in names) for row in rows]
        checked = validated_records(model, columns, records, numbers=lines)
    except InvalidValue as error:
        _fail(raw, rows[0], error)
    key = tuple(raw.key)
    table = mapping_of(model).local_table
    return Batch(table, key, columns, checked, lines, raw.place)


def _fail(raw: RawTable, first: RawRow, error: InvalidValue) -> None:
    """Say a validation's error with the file; its row is the line already."""
    row, colon, rest = error.message.removeprefix("row ").partition(": ")
    if colon and row.isdecimal():
        raise UsageError(f"{raw.place}:{row}: {raw.name}.{rest}") from error
    raw.fail(first, f"{raw.name}.{error.message}")
