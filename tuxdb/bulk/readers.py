r"""Rows from CSV, TSV, JSON and NDJSON, one at a time, each with its line.

In CSV an empty cell is NULL, or the empty text where the column is a text that must
have a value, and a leading quote before one of `= + - @`, tab or CR is dropped, as
exports write it to keep spreadsheets calm; TSV says NULL by `\N` and escapes tab,
newline and backslash as tuxdb's own output does; JSON has its null. Ids may be numbers
or texts.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tuxdb.bulk.inputs import LONGEST_LINE, Input, check_start, first_line, lines
from tuxdb.bulk.json_rows import read_json, read_ndjson
from tuxdb.bulk.problems import Problems
from tuxdb.errors import UsageError

MOST_COLUMNS = 1600
CSV, TSV, JSON, NDJSON = "csv", "tsv", "json", "ndjson"
ENDINGS = {
    ".csv": CSV,
    ".tsv": TSV,
    ".tab": TSV,
    ".json": JSON,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
}
TSV_ESCAPE = re.compile(r"\\[tnr\\]")
TSV_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
DEFUSED = re.compile(r"'+[=+\-@\t\r]")

Row = tuple[int, Sequence[object]]
"""A line and its cells: texts, None for NULL; in JSON whatever JSON has."""


@dataclass(frozen=True)
class Rows:
    """What a file holds; each row has a cell for every name."""

    kind: str
    line: int
    names: list[str]
    rows: Iterator[Row]

    @property
    def is_json(self) -> bool:
        """Whether cells are what JSON has, and not all texts."""
        return self.kind in (JSON, NDJSON)

    @property
    def blank_is_null(self) -> bool:
        """Whether an empty text may stand for NULL, as CSV has no other way."""
        return self.kind == CSV


def read_rows(source: Input, problems: Problems, kind: str | None = None) -> Rows:
    """Rows of a file whose kind is given, known by its ending, or seen in its text.

    Raises BadFile for a file without rows, or whose columns cannot be told.
    """
    check_start(source, problems)
    start = first_line(source)
    if not start:
        raise problems.fail(1, "the file is empty")
    found = kind or ENDINGS.get(PurePath(source.path).suffix.lower()) or _seen(start)
    readers: dict[str, Callable[[Input, Problems], Iterator[Row]]] = {
        CSV: _csv,
        TSV: _tsv,
        JSON: _json,
        NDJSON: _ndjson,
    }
    if found not in readers:
        raise UsageError(f"cannot read {found}; csv, tsv, json or ndjson")
    rows = readers[found](source, problems)
    header = next(rows, None)
    if header is None:
        problems.finish()
        raise problems.fail(1, "the file has no row")
    line, names = header
    return Rows(found, line, _checked([str(n) for n in names], line, problems), rows)


def _seen(start: bytes) -> str:
    if start.startswith(b"["):
        return JSON
    if start.startswith(b"{"):
        return NDJSON if start.rstrip().endswith(b"}") else JSON
    return TSV if b"\t" in start else CSV


def _csv(source: Input, problems: Problems) -> Iterator[Row]:
    width = 0
    for line, cells in _csv_records(source, problems):
        if not width:
            width = len(cells)
            yield line, cells
        elif len(cells) == width:
            yield line, [_undefused(cell) for cell in cells]
        else:
            problems.add(line, None, _ragged(cells, width))


def _csv_records(source: Input, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Records with the line they begin in; blank lines are none."""
    csv.field_size_limit(LONGEST_LINE)
    first = 0

    def texts() -> Iterator[str]:
        nonlocal first
        size = 0
        for line, text in lines(source, problems):
            first = first or line
            size += len(text)
            if size > LONGEST_LINE and line > first:
                raise problems.fail(first, "a quoted cell does not end")
            if text.count('"') % 2 == 0:
                size = 0
            yield text

    records = csv.reader(texts(), strict=True)
    while True:
        first = 0
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            raise problems.fail(first or 1, f"not CSV: {error}") from error
        if cells:
            yield first, cells


def _undefused(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and DEFUSED.match(cell) else cell


def _tsv(source: Input, problems: Problems) -> Iterator[Row]:
    width = 0
    for line, text in lines(source, problems):
        bare = text.rstrip("\r\n")
        cells = bare.split("\t")
        if not width and bare:
            width = len(cells)
            yield line, cells
        elif len(cells) == width:
            yield line, [_unescaped(cell) for cell in cells]
        elif bare:
            problems.add(line, None, _ragged(cells, width))


def _unescaped(cell: str) -> str | None:
    if "\\" not in cell:
        return cell
    if cell == "\\N":
        return None
    return TSV_ESCAPE.sub(lambda found: TSV_ESCAPES[found[0]], cell)


def _ragged(cells: Sequence[object], width: int) -> str:
    return f"{len(cells)} cells, the header has {width}"


def _json(source: Input, problems: Problems) -> Iterator[Row]:
    return _uniform(read_json(source, problems), problems)


def _ndjson(source: Input, problems: Problems) -> Iterator[Row]:
    return _uniform(read_ndjson(source, problems), problems)


def _uniform(
    objects: Iterator[tuple[int, dict[str, object]]], problems: Problems
) -> Iterator[Row]:
    """The columns of the first object, then a row for each, in their order."""
    names: list[str] | None = None
    for line, found in objects:
        if names is None:
            names = list(found)
            expected = found.keys()
            yield line, names
        if found.keys() == expected:
            yield line, [found[name] for name in names]
        else:
            problems.add(line, None, _other_columns(found, expected))


def _other_columns(found: dict[str, object], expected: object) -> str:
    names = set(expected)  # type: ignore[call-overload]
    for name in found:
        if name not in names:
            return f"has a column {name!r}, which the first row has not"
    missing = sorted(names - found.keys())
    return f"has no column {missing[0]!r}, which the first row has"


def _checked(names: list[str], line: int, problems: Problems) -> list[str]:
    names = [name.strip() for name in names]
    if len(names) > MOST_COLUMNS:
        reason = f"{len(names)} columns; a table has {MOST_COLUMNS} at most"
        raise problems.fail(line, reason)
    seen: set[str] = set()
    for name in names:
        if not name:
            raise problems.fail(line, "the header has a column without a name")
        if name in seen:
            raise problems.fail(line, f"the header names {name!r} twice")
        seen.add(name)
    return names
