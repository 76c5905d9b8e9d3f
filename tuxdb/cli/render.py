"""Results become rows once; rows become a table, TSV, CSV, NDJSON or JSON.

A `Renderer` is made by `run`; a command says with the keywords of `Output` what its
rows look like:

    run(ctx, lambda db: db.user.page(guild), columns=("discord_id", "username"))

stdout is data: nothing but this module writes to it. In JSON ids are strings, as
JavaScript cannot hold them, and other numbers stay numbers.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tuxdb.cli.escape import defuse, escape, escape_csv, escape_json, escape_tsv
from tuxdb.cli.invocation import Invocation
from tuxdb.cli.rows import (
    Row,
    flat,
    is_list,
    items_of,
    picked,
    plain,
    shown,
    text_of,
    with_text_ids,
)
from tuxdb.errors import TuxdbError

NULL = r"\N"


@dataclass(frozen=True)
class Output:
    """What a command says about its result.

    columns   the columns of a list, or fields of an object, in their order
    known     further ones that --columns may name
    row       makes a mapping, dataclass or model of one item
    sentence  says the result to a person, in a line or a list of lines; used
              unless a format was asked for
    uncut     text columns whose end matters more than a tidy table
    found     whether the result is a finding: exit 3
    exit_code the exit code that the result means
    notes     lines for stderr, after the data
    schema    name and version of the JSON; from the command's name unless given
    """

    columns: Sequence[str] = ()
    known: Sequence[str] = ()
    row: Callable[[Any], object] | None = None
    sentence: Callable[[Any], str | list[str]] | None = None
    uncut: Sequence[str] = ()
    found: Callable[[Any], bool] | None = None
    exit_code: Callable[[Any], int] | None = None
    notes: Callable[[Any], Iterable[str]] | None = None
    schema: str = ""


class OutputClosed(BaseException):
    """Whoever read stdout went away; there is nothing left to do."""


class Renderer:
    """Writes the result of one command."""

    def __init__(self, call: Invocation, output: Output) -> None:
        self.call = call
        self.output = output
        self.columns = call.columns(output.columns, output.known)
        self._rows = 0
        self._widths: list[int] | None = None

    def show(self, result: object) -> None:
        """Write a whole result: rows, one object, a sentence, or nothing."""
        if result is None:
            return
        if self.output.sentence is not None and not self.call.format_given:
            said = self.output.sentence(result)
            for line in [said] if isinstance(said, str) else said:
                write(f"{escape(line)}\n")
        elif is_list(result):
            self.begin()
            self.add(items_of(result))
            self.end(getattr(result, "next", None))
        else:
            self._object(self._row(result))
        for note in self.output.notes(result) if self.output.notes else ():
            self.call.say(note)
        flush()

    async def stream(self, chunks: AsyncIterator[Any]) -> None:
        """Write lists as they come."""
        begun = False
        async for chunk in chunks:
            if not begun:  # not before: an error leaves stdout empty
                self.begin()
                begun = True
            self.add(items_of(chunk))
            flush()
        if not begun:
            self.begin()
        self.end(None)
        flush()

    def begin(self) -> None:
        """Write what comes before the rows."""
        if self.call.format == "json":
            schema = escape_json(json.dumps(self.output.schema))
            write(f'{{"schema":{schema},"data":[')
        elif self.columns and self.call.headers:
            if self.call.format == "tsv":
                write("\t".join(map(escape_tsv, self.columns)) + "\n")
            elif self.call.format == "csv":
                write(_csv_line(self.columns))

    def add(self, items: Iterable[object]) -> None:
        """Write some rows."""
        rows = [self._row(item) for item in items]
        if rows and not self.columns:
            self.columns = list(rows[0])
            if self.call.format != "json":
                self.begin()
        if self.call.format == "table":
            if rows:
                self._table(rows)
            return
        lines = {"tsv": self._tsv, "csv": self._csv, "ndjson": self._ndjson}
        line = lines.get(self.call.format, self._json)
        write("".join(map(line, rows)))

    def end(self, cursor: str | None) -> None:
        """Write what comes after the rows: where the next page begins."""
        if self.call.format == "json":
            line_end = "\n" if self._rows else ""
            write(f'{line_end}],"next":{json.dumps(cursor)}}}\n')
        elif self.call.format == "table" and not self._rows:
            self._table([])
        if cursor is not None and self.call.format != "json":
            self.call.say(f"next: {self.call.again(after=cursor)}")

    def _row(self, item: object) -> Row:
        if self.output.row is not None:
            item = self.output.row(item)
        row = picked(item, self.columns) if self.columns else None
        if row is None:
            found = plain(item)
            row = found if isinstance(found, dict) else {"value": found}
        if self.call.format in ("json", "ndjson"):
            return {n: row.get(n) for n in self.columns} if self.columns else row
        flattened = flat(row)
        if not self.columns:
            return flattened
        return {n: flattened.get(n) for n in self.columns}

    def _object(self, row: Row) -> None:
        form = self.call.format
        if form == "json":
            schema = json.dumps(self.output.schema)
            write(f'{{"schema":{schema},"data":{_json(row)},"next":null}}\n')
        elif form == "ndjson":
            write(f"{_json(row)}\n")
        elif form == "table":
            width = max(map(len, row), default=0)
            for name, value in row.items():
                write(f"{name:<{width}}  {escape(shown(value))}\n")
        else:
            self.columns = self.columns or list(row)
            self.begin()
            write((self._tsv if form == "tsv" else self._csv)(row))

    def _table(self, rows: list[Row]) -> None:
        from tuxdb.cli.table import Table

        table = Table(
            self.columns,
            rows,
            widths=self._widths,
            uncut=self.output.uncut,
            colored=self.call.colored,
        )
        headers = self.call.headers and self._rows == 0
        write("".join(f"{line}\n" for line in table.lines(headers=headers)))
        self._widths = table.widths
        self._rows += len(rows)

    def _tsv(self, row: Row) -> str:
        self._rows += 1
        values = (NULL if v is None else escape_tsv(text_of(v)) for v in row.values())
        return "\t".join(values) + "\n"

    def _csv(self, row: Row) -> str:
        self._rows += 1
        return _csv_line(map(_csv_text, row.values()))

    def _ndjson(self, row: Row) -> str:
        self._rows += 1
        return f"{_json(row)}\n"

    def _json(self, row: Row) -> str:
        self._rows += 1
        return f"{',' if self._rows > 1 else ''}\n{_json(row)}"


def write(text: str) -> None:
    """Write to stdout; raises OutputClosed when nobody reads it any more."""
    if sys.stdout is None:
        raise OutputClosed
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise _closed(error) from error


def flush() -> None:
    """Have everything written that `write` was given."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise _closed(error) from error


def abandon_stdout() -> None:
    """Let what is left in the buffer go nowhere, so that the exit is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _closed(error: OSError) -> BaseException:
    abandon_stdout()
    if isinstance(error, BrokenPipeError):
        return OutputClosed()
    return TuxdbError(f"cannot write to stdout: {error.strerror}")


def _json(row: Row) -> str:
    text = json.dumps(
        with_text_ids(row), ensure_ascii=not _is_unicode(), separators=(",", ":")
    )
    return escape_json(text)


def _is_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")


def _csv_text(value: object) -> str:
    """NULL is empty; a text is kept from being a formula, a number is none."""
    if value is None:
        return ""
    return defuse(value) if isinstance(value, str) else text_of(value)


def _csv_line(values: Iterable[str]) -> str:
    """One record of RFC 4180."""
    fields_ = []
    for value in values:
        text = escape_csv(value)
        if any(c in text for c in '",\r\n') or text != text.strip():
            text = '"' + text.replace('"', '""') + '"'
        fields_.append(text)
    return ",".join(fields_) + "\r\n"
