"""Cells of a file as PostgreSQL's COPY reads them, each checked on its way."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column

from tuxdb.bulk.catalogue import kind, type_name
from tuxdb.bulk.json_rows import Digits, plain_json
from tuxdb.bulk.kinds import BadLiteral, quoted
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import Row, Rows

CHUNK = 256 * 1024
ROWS_AT_ONCE = 2000
NULL = "\\N"
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}

Encode = Callable[[object], str | None]


def encoded(
    file: Rows, columns: Sequence[Column[Any]], problems: Problems
) -> Iterator[tuple[int, bytes]]:
    """The rows of a file as `copied` makes them, the line before the cells.

    After the first problem nothing comes but the count: the rest is only looked at.
    """
    encoders = [_encoder(column, file) for column in columns]
    names = [column.name for column in columns]
    checked = (_checked(row, names, encoders, problems) for row in file.rows)
    return copied(checked, lambda: not problems.found)


def copied(
    rows: Iterator[Sequence[str | None]], wanted: Callable[[], bool] = lambda: True
) -> Iterator[tuple[int, bytes]]:
    """COPY's text format in chunks, each with the number of rows so far.

    Chunks are empty while nothing is `wanted`.
    """
    out: list[str] = []
    count = size = 0
    for row in rows:
        count += 1
        if wanted():
            text = "\t".join(map(_field, row))
            size += len(text)
            out.append(text)
        if size > CHUNK or count % ROWS_AT_ONCE == 0:
            yield count, _joined(out)
            out, size = [], 0
    yield count, _joined(out)


def _field(text: str | None) -> str:
    if text is None:
        return NULL
    if SPECIAL.search(text):
        return SPECIAL.sub(lambda found: ESCAPES[found[0]], text)
    return text


def _joined(rows: list[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _checked(
    row: Row, names: list[str], encoders: list[Encode], problems: Problems
) -> list[str | None]:
    line, cells = row
    out: list[str | None] = [str(line)]
    for name, encode, cell in zip(names, encoders, cells, strict=True):
        try:
            out.append(encode(cell))
        except BadLiteral as error:
            problems.add(line, name, str(error))
    return out


def _encoder(column: Column[Any], file: Rows) -> Encode:
    """What makes a text of a cell, or None for NULL; or raises BadLiteral."""
    found = kind(column)
    blank_is_null = file.blank_is_null and (column.nullable or not found.is_text)

    def encode(cell: object) -> str | None:
        if cell is None or (cell == "" and blank_is_null):
            if not column.nullable:
                raise BadLiteral("must have a value")
            return None
        if found.is_json and file.is_json:
            text = _json_text(cell)
        else:
            text = cell if type(cell) is str else _from_json(cell, column)
        try:
            return found.read(text)
        except BadLiteral as error:
            raise BadLiteral(f"{quoted(text)} is {error}") from error

    return encode


def _json_text(value: object) -> str:
    try:
        return plain_json(value)
    except RecursionError as error:
        raise BadLiteral("nested too deeply") from error


def _from_json(cell: object, column: Column[Any]) -> str:
    """A JSON value that is no text, for a column of any type but JSON's."""
    if isinstance(cell, Digits):
        return str(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, list) and kind(column).array:
        return _array(cell)
    what = "a list" if isinstance(cell, list) else "an object"
    raise BadLiteral(f"{what}, which is no value of type {type_name(column)}")


def _array(items: list[Any]) -> str:
    """PostgreSQL's text of an array: `{"a","b",NULL}`."""
    return "{" + ",".join(map(_element, items)) + "}"


def _element(item: object) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list):
        return _array(item)
    if isinstance(item, bool):
        return "true" if item else "false"
    text = item if isinstance(item, str) else plain_json(item)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
