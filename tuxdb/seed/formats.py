r"""The formats of seed sets: TOML, JSON, CSV and Python.

A set declares for each table its natural key, by which a row is found again, and
its rows:

    [users]                                 {"users": {"key": ["guild_id", …],
    key = ["guild_id", "discord_id"]                   "rows": [{…}, …]}}

    [[users.rows]]                          # table=users key=guild_id,discord_id
    guild_id = 1                            guild_id,discord_id,username,points
    discord_id = 101                        1,101,alice,100
    username = "alice"

A Python file has TABLE, KEY and `rows()`, or `rows(random)` for a random.Random that
follows `--random-seed`. In CSV an empty field is NULL. A user's points are an opening
balance: granted when the row is inserted, left alone in a row that is there.
"""

import csv
import io
import json
import runpy
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from tuxdb.errors import UsageError
from tuxdb.seed.lines import json_rows, line_of, toml_rows

DECLARATION = "# table="


@dataclass(frozen=True)
class RawRow:
    """A row as it was written, and the line where it begins."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class RawTable:
    """The rows of one table in one file; `texts` if values are still text."""

    name: str
    key: tuple[str, ...]
    rows: list[RawRow]
    place: str
    line: int = 1
    texts: bool = False
    source: str = field(default="", repr=False)

    def fail(self, row: RawRow | None, problem: str, column: str = "") -> NoReturn:
        """Raise UsageError that names the file and the line of the row or column."""
        line = self.line if row is None else row.line
        if column and self.source and row is not None:
            line = line_of(self.source, column, row.line) or line
        raise UsageError(f"{self.place}:{line}: {problem}")


Reader = Callable[[bytes, Path, str, Random], list[RawTable]]


def read_toml(
    content: bytes, _path: Path, place: str, _random: Random
) -> list[RawTable]:
    """Read a TOML document."""
    text = _decoded(content, place)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = getattr(error, "lineno", None) or _line_in(str(error))
        raise UsageError(f"{place}:{line}: this is not TOML ({error})") from None
    return list(_tables(document, place, text, toml_rows(text)))


def read_json(
    content: bytes, _path: Path, place: str, _random: Random
) -> list[RawTable]:
    """Read a JSON document."""
    text = _decoded(content, place)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{place}:{error.lineno}: this is not JSON ({error.msg})"
        raise UsageError(message) from None
    except RecursionError:
        raise UsageError(f"{place}:1: is nested too deeply") from None
    return list(_tables(document, place, text, json_rows(text)))


def read_csv(
    content: bytes, _path: Path, place: str, _random: Random
) -> list[RawTable]:
    """Read a CSV file; its first line names table and key."""
    first, _, rest = _decoded(content, place).partition("\n")
    table, _, key = first.removeprefix(DECLARATION).strip().partition(" key=")
    if not first.startswith(DECLARATION) or not key:
        raise UsageError(
            f"{place}:1: the table and its natural key are missing",
            hint=f"begin with `{DECLARATION}users key=guild_id,discord_id`",
        )
    lines = csv.reader(io.StringIO(rest), strict=True)
    rows = []
    try:
        header = next(lines, [])
        before = lines.line_num
        for values in lines:
            line, before = before + 2, lines.line_num
            if len(values) != len(header):
                raise UsageError(
                    f"{place}:{line}: {len(values)} fields, {len(header)} columns"
                )
            row = {n: v or None for n, v in zip(header, values, strict=True)}
            rows.append(RawRow(line, row))
    except csv.Error as error:
        message = f"{place}:{lines.line_num + 1}: this is not CSV ({error})"
        raise UsageError(message) from None
    if len(set(header)) != len(header):
        raise UsageError(f"{place}:2: a column stands there twice")
    return [RawTable(table.strip(), _split(key), rows, place, 2, texts=True)]


def read_python(
    content: bytes, path: Path, place: str, random: Random
) -> list[RawTable]:
    """Run a Python file and take the rows that its `rows` yields."""
    try:
        compile(content, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise UsageError(f"{place}:{line}: this is not Python ({error})") from None
    names = runpy.run_path(str(path))
    table, key, make = (names.get(name) for name in ("TABLE", "KEY", "rows"))
    if not isinstance(table, str) or not _is_names(key) or not callable(make):
        raise UsageError(f"{place}:1: needs TABLE, KEY (column names) and rows()")
    line = make.__code__.co_firstlineno if hasattr(make, "__code__") else 1
    rows = []
    for made in make(random) if signature(make).parameters else make():
        if not isinstance(made, Mapping):
            raise UsageError(f"{place}:{line}: rows() yields something but mappings")
        rows.append(RawRow(line, dict(made)))
    return [RawTable(table, tuple(key or ()), rows, place, line)]


READERS: dict[str, Reader] = {
    ".toml": read_toml,
    ".json": read_json,
    ".csv": read_csv,
    ".py": read_python,
}


def _tables(
    document: object, place: str, text: str, lines: Mapping[str, list[int]]
) -> Iterator[RawTable]:
    if not isinstance(document, dict):
        raise UsageError(f"{place}:1: is not an object of tables")
    for name, table in document.items():
        line = line_of(text, name) or 1
        if not isinstance(table, dict):
            raise UsageError(f"{place}:{line}: {name} is not a table with key and rows")
        for missing in {"key", "rows"} - table.keys():
            raise UsageError(f"{place}:{line}: {name} declares no {missing}")
        for other in table.keys() - {"key", "rows"}:
            at = line_of(text, other, line) or line
            raise UsageError(f"{place}:{at}: {name} has key and rows, no {other!r}")
        if not _is_names(table["key"]):
            raise UsageError(f"{place}:{line}: the key of {name} is no list of columns")
        rows = table["rows"]
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise UsageError(f"{place}:{line}: the rows of {name} are no list of rows")
        at_lines = [*lines.get(name, []), *([line] * len(rows))]
        numbered = [RawRow(n, row) for n, row in zip(at_lines, rows, strict=False)]
        key = tuple(table["key"])
        yield RawTable(name, key, numbered, place, line, source=text)


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{place}:{line}: is not valid UTF-8") from None


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(","))


def _is_names(key: object) -> bool:
    return (
        isinstance(key, list | tuple)
        and bool(key)
        and all(isinstance(name, str) for name in key)
    )


def _line_in(message: str) -> int:
    """The line that tomllib names in its message, `(at line 3, column 1)`."""
    _, _, rest = message.rpartition("line ")
    digits = rest.partition(",")[0]
    return int(digits) if digits.isdecimal() else 1
