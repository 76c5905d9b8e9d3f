"""Objects from JSON and NDJSON, decoded one by one, however long the file is."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

from tuxdb.bulk.inputs import LONGEST_LINE, Input, lines
from tuxdb.bulk.problems import Problems

Object = tuple[int, dict[str, object]]

OWN_DOCUMENT = re.compile(r'\s*\{\s*"schema"\s*:\s*"[^"]*"\s*,\s*"data"\s*:\s*\[')
BETWEEN = re.compile(r"[ \t\r\n]*")
OWN_START_LENGTH = 200
UNFINISHED = 12
"""An error so near to the end of what was read may go away with more of it."""


class Digits(str):
    """A number as it was written: none of its digits is lost, whatever it is for."""

    __slots__ = ()


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
    parse_float=Digits,
    parse_int=Digits,
)


def read_ndjson(source: Input, problems: Problems) -> Iterator[Object]:
    """One object a line; a line that is none is a problem, and the rest is read."""
    for line, text in lines(source, problems):
        if not text.strip():
            continue
        try:
            value = DECODER.decode(text)
        except (ValueError, RecursionError) as error:
            problems.add(line, None, _why(error))
            continue
        yield from _object(value, line, problems)


def read_json(source: Input, problems: Problems) -> Iterator[Object]:
    """The objects of an array, of tuxdb's own document, or one after the other."""
    return _Stream(source, problems).objects()


def plain_json(value: object) -> str:
    """The JSON text of a decoded value, each number with all of its digits."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k)}: {plain_json(v)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(plain_json, value)) + "]"
    return str(value) if isinstance(value, Digits) else json.dumps(value)


class _Stream:
    """A text of any length, of which one value at a time is in memory."""

    def __init__(self, source: Input, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.text = ""
        self.at = 0
        self.line = 1
        self.ended = False
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def objects(self) -> Iterator[Object]:
        """Every object with the line it begins in."""
        own = self._upcoming() == "{" and self._begin_own_document()
        if self._take("["):
            yield from self._array()
            if not own and self._upcoming():
                raise self._wrong("not JSON: there is more after the array")
            return
        while self._upcoming():
            yield from self._value()

    def _array(self) -> Iterator[Object]:
        if self._take("]"):
            return
        while True:
            yield from self._value()
            if self._take("]"):
                return
            if not self._take(","):
                raise self._wrong("not JSON: expected ',' or ']'")

    def _begin_own_document(self) -> bool:
        """Go to the rows of a document as `--json` writes it; whether it is one."""
        while len(self.text) - self.at < OWN_START_LENGTH and self._more():
            pass
        own = OWN_DOCUMENT.match(self.text, self.at)
        if own:
            self._move(own.end() - 1)
        return own is not None

    def _upcoming(self) -> str:
        """The next character that is no space; none at the end."""
        while True:
            space = BETWEEN.match(self.text, self.at)
            self._move(space.end() if space else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def _take(self, sign: str) -> bool:
        taken = self._upcoming() == sign
        if taken:
            self._move(self.at + 1)
        return taken

    def _value(self) -> Iterator[Object]:
        self._upcoming()
        line = self.line
        while True:
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as error:
                place = self.line + self._lines_before(error)
                if self._final(error) or not self._twice_as_much():
                    raise self.problems.fail(place, _why(error)) from error
                continue
            whole = isinstance(value, dict) or end < len(self.text)
            if not whole and self._twice_as_much():
                continue  # a number may go on
            self._move(end)
            yield from _object(value, line, self.problems)
            return

    def _lines_before(self, error: BaseException) -> int:
        if isinstance(error, json.JSONDecodeError):
            return self.text.count("\n", self.at, error.pos)
        return 0

    def _final(self, error: BaseException) -> bool:
        """Whether more text could not make it right."""
        if not isinstance(error, json.JSONDecodeError):
            return True
        inside = error.msg.startswith("Unterminated string")
        return not inside and error.pos < len(self.text) - UNFINISHED

    def _twice_as_much(self) -> bool:
        """Read on until there is twice the text; whether there was any more."""
        size = len(self.text) - self.at
        if size > LONGEST_LINE:
            raise self._wrong(f"a value is longer than {LONGEST_LINE} characters")
        wanted = len(self.text) + max(size, 1)
        grown = False
        while len(self.text) < wanted and self._more():
            grown = True
        return grown

    def _more(self) -> bool:
        if self.ended:
            return False
        chunk = self.source.read()
        self.ended = not chunk
        try:
            text = self._decoder.decode(chunk, final=self.ended)
        except UnicodeDecodeError as error:
            line = self.line + self.text.count("\n", self.at)
            line += chunk.count(b"\n", 0, max(error.start, 0))
            raise self.problems.fail(line, "not UTF-8") from error
        self.text = self.text[self.at :] + text
        self.at = 0
        return bool(chunk)

    def _move(self, to: int) -> None:
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def _wrong(self, reason: str) -> Exception:
        return self.problems.fail(self.line, reason)


def _why(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "not JSON: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    return f"not JSON: {error}"


def _object(value: object, line: int, problems: Problems) -> Iterator[Object]:
    if isinstance(value, dict):
        yield line, value
    else:
        problems.add(line, None, "not an object with columns")
