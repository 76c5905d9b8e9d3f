"""Where rows stand in a document: the parsers of TOML and JSON do not say."""

import re
from collections import defaultdict
from collections.abc import Iterator

ROWS_DEPTH = 3

_TOKEN = re.compile(
    r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
    r"|#[^\n]*|[\[\]{}]|[A-Za-z0-9_-]+|\n|[=,:]"
)


def line_of(text: str, name: str, first: int = 1) -> int | None:
    """The first line, from `first` on, in which a name is given a value or rows."""
    pattern = re.compile(rf"""(?:^|[\s\[{{,.])["']?{re.escape(name)}["']?\s*[=:\].]""")
    for number, line in enumerate(text.split("\n")[first - 1 :], start=first):
        if pattern.search(line):
            return number
    return None


def toml_rows(text: str) -> dict[str, list[int]]:
    """The lines of each table's rows, as `[[users.rows]]` or within `rows = [`."""
    found: dict[str, list[int]] = defaultdict(list)
    table = ""
    for number, line in _statements(text):
        header = re.match(r'\s*(\[{1,2})\s*"?([\w-]+)"?\s*(\.\s*rows\s*)?\]', line)
        if header and header[3]:
            found[header[2]].append(number)
        elif header:
            table = header[2]
        elif re.match(r"\s*rows\s*=", line):
            found[table] += list(_inline_rows(line, number))
    return found


def json_rows(text: str) -> dict[str, list[int]]:
    """The lines of each table's rows: objects within `rows` within a table."""
    found: dict[str, list[int]] = defaultdict(list)
    path: list[str] = []
    name, line = "", 1
    for mark in _TOKEN.findall(text):
        if mark in "{[":
            if mark == "{" and len(path) == ROWS_DEPTH and path[2] == "rows":
                found[path[1]].append(line)
            path.append(name)
        elif mark in "}]":
            path = path[:-1]
        elif mark.startswith('"'):
            name = mark[1:-1]
        line += mark.count("\n")
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a TOML document with the line where each begins."""
    depth, number, start, begin = 0, 1, 0, 1
    for match in _TOKEN.finditer(text):
        mark = match[0]
        depth += (mark in "[{") - (mark in "]}")
        number += mark.count("\n")
        if mark == "\n" and depth <= 0:
            yield begin, text[start : match.end()]
            depth, start, begin = 0, match.end(), number
    yield begin, text[start:]


def _inline_rows(statement: str, number: int) -> Iterator[int]:
    depth = 0
    for mark in _TOKEN.findall(statement):
        if mark == "{" and depth == 1:
            yield number
        depth += (mark in "[{") - (mark in "]}")
        number += mark.count("\n")
