r"""Rows from CSV, TSV, JSON and NDJSON, one at a time, each with its line.

In CSV an empty cell is NULL, or the empty text where the column is a text that must
have a value; TSV says NULL by `\N` and escapes tab, newline and backslash as tuxdb's
own output does; JSON has its null. Ids may be numbers or texts.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from pathlib import PurePath
from typing import Any

from tuxdb.bulk.inputs import LONGEST_LINE
from tuxdb.bulk.problems import Problems
from tuxdb.errors import UsageError

MOST_COLUMNS = 1600
ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
TSV_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
DEFUSED = re.compile(r"'[=+\-@\t\r]")

Lines = Iterator[tuple[int, str]]


@dataclass(frozen=True)
class Record:
    """A row of a file: texts by column, None is NULL.

    `blank_is_null`: an empty text may stand for NULL, as CSV has no other way.
    """

    line: int
    values: dict[str, str | None]
    blank_is_null: bool = False


def read_records(
    name: str, source: Lines, problems: Problems, kind: str | None = None
) -> Iterator[Record]:
    """Rows of a file whose kind is given, known by its ending, or seen in its text."""
    first = next(((n, text) for n, text in source if text.strip()), None)
    if first is None:
        problems.finish()
        raise problems.fail(1, "the file is empty")
    found = kind or ENDINGS.get(PurePath(name).suffix.lower()) or _seen(first[1])
    readers: dict[str, Callable[[Lines, Problems], Iterator[Record]]] = {
        "csv": _csv,
        "tsv": _tsv,
        "json": _json,
        "ndjson": _ndjson,
    }
    if found not in readers:
        raise UsageError(f"cannot read {found}; csv, tsv, json or ndjson")
    return readers[found](chain([first], source), problems)


def _seen(text: str) -> str:
    start = text.lstrip()[:1]
    if start == "[":
        return "json"
    if start == "{":
        return "ndjson"
    return "tsv" if "\t" in text else "csv"


def _csv(source: Lines, problems: Problems) -> Iterator[Record]:
    csv.field_size_limit(LONGEST_LINE)
    at = 0

    def texts() -> Iterator[str]:
        nonlocal at
        size = 0
        for at, text in source:
            size = size + len(text) if text.count('"') % 2 else 0
            if size > LONGEST_LINE:
                raise problems.fail(at, "a quoted cell does not end")
            yield text

    rows = csv.reader(texts(), strict=True)
    header: list[str] | None = None
    while True:
        started = at + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise problems.fail(at, f"not CSV: {error}") from error
        if header is None:
            header = _header(cells, at, problems)
        elif cells:
            values: list[str | None] = [_undefused(cell) for cell in cells]
            for record in _row(header, values, started, problems):
                yield replace(record, blank_is_null=True)


def _undefused(cell: str) -> str:
    """A cell without the quote that tuxdb writes to keep spreadsheets calm."""
    return cell[1:] if DEFUSED.match(cell) else cell


def _tsv(source: Lines, problems: Problems) -> Iterator[Record]:
    header: list[str] | None = None
    for number, text in source:
        cells = text.rstrip("\r\n").split("\t")
        if header is None:
            header = _header(cells, number, problems)
        elif text.strip("\r\n"):
            values = [_unescaped(cell) for cell in cells]
            yield from _row(header, values, number, problems)


def _unescaped(cell: str) -> str | None:
    if cell == "\\N":
        return None
    return re.sub(r"\\[tnr\\]", lambda found: TSV_ESCAPES[found[0]], cell)


def _header(cells: list[str], line: int, problems: Problems) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > MOST_COLUMNS:
        raise problems.fail(
            line, f"{len(names)} columns; a table has {MOST_COLUMNS} at most"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise problems.fail(line, f"the header names {twice[0]!r} twice")
    if "" in names:
        raise problems.fail(line, "the header has a column without a name")
    return names


def _row(
    header: list[str], cells: list[str | None], line: int, problems: Problems
) -> Iterator[Record]:
    if len(cells) == len(header):
        yield Record(line, dict(zip(header, cells, strict=True)))
    else:
        reason = f"{len(cells)} cells, the header has {len(header)}"
        problems.add(line, None, reason)


def _ndjson(source: Lines, problems: Problems) -> Iterator[Record]:
    for number, text in source:
        if not text.strip():
            continue
        value = _decoded(text, number, problems)
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            for item in value["data"]:
                yield from _object(item, number, problems)
        elif value is not _BAD:
            yield from _object(value, number, problems)


_BAD = object()


def _decoded(text: str, line: int, problems: Problems) -> Any:  # noqa: ANN401
    try:
        return DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        problems.add(line, None, _why_not(error))
        return _BAD


def _json(source: Lines, problems: Problems) -> Iterator[Record]:
    """The objects of an array, decoded one by one from a buffer of bounded size."""
    number, buffer = next(source)
    buffer = buffer.lstrip()
    if not buffer.startswith("["):
        yield from _ndjson(chain([(number, buffer)], source), problems)
        return
    buffer = buffer[1:]
    while True:
        buffer = buffer.lstrip(" \t\r\n,")
        if buffer.startswith("]"):
            return
        try:
            value, end = DECODER.raw_decode(buffer) if buffer else (_BAD, 0)
        except (ValueError, RecursionError) as error:
            if isinstance(error, RecursionError) or _is_own(error):
                raise problems.fail(number, _why_not(error)) from error
            value, end = _BAD, 0
        if value is not _BAD and end < len(buffer):
            yield from _object(value, number, problems)
            buffer = buffer[end:]
            continue
        more = next(source, None)
        if more is None or len(buffer) > LONGEST_LINE:
            raise problems.fail(number, "not JSON: the array does not end")
        number, buffer = more[0], buffer + more[1]


def _is_own(error: BaseException) -> bool:
    return isinstance(error, _NotPlain)


class _NotPlain(ValueError):
    """JSON that Python reads and the standard, or common sense, does not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotPlain("an object names a key twice")
    return found


def _constant(name: str) -> None:
    raise _NotPlain(f"{name} is no number")


DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_constant=_constant,
    parse_float=Decimal,
)
"""No digit is lost before the column's type is known."""


def _why_not(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "not JSON: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    return f"not JSON: {error}"


def _object(value: object, line: int, problems: Problems) -> Iterator[Record]:
    if not isinstance(value, dict):
        problems.add(line, None, "not an object with columns")
        return
    if len(value) > MOST_COLUMNS:
        problems.add(line, None, f"{len(value)} columns")
        return
    yield Record(line, {name: _plain(item) for name, item in value.items()})


def _plain(item: object) -> str | None:
    if item is None or isinstance(item, str):
        return item
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | Decimal):
        return str(item)
    return json.dumps(item, default=float)
