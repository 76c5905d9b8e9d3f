"""Conditions as a person types them, turned into SQLAlchemy's expressions.

Comparisons, `in (…)`, `between`, `like`, `ilike`, `is null`, `and`, `or`, `not` and
parentheses. A literal is read as its column's type. There are no functions, no
sub-selects and no SQL, so nothing in the text can change what the statement is.
"""

import difflib
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    Text,
    and_,
    literal,
    not_,
    or_,
)

from tuxdb.bulk.catalogue import kind
from tuxdb.bulk.literals import Literals, mistake
from tuxdb.errors import UsageError

TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<word>[^\W\d]\w*)
      | (?P<sign><>|!=|<=|>=|==|[=<>(),])
    )""",
    re.VERBOSE,
)
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LONGEST = 100_000
DEEPEST = 100


@dataclass(frozen=True)
class Token:
    """A piece of an expression, and where it begins."""

    kind: str
    text: str
    start: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words of the grammar."""
        return self.kind == "word" and self.text.lower() in words

    def is_sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "sign" and self.text in signs


def parse_where(text: str, table: Table, literals: Literals) -> ColumnElement[bool]:
    """The condition of a text; UsageError with a caret under what is wrong."""
    return _Parser(text, table, literals).parse()


def find_column(name: str, table: Table, text: str, start: int) -> Column[Any]:
    """The column with a name, or an error that suggests the nearest one."""
    if name in table.c:
        return table.c[name]
    hint = nearest(name, table)
    raise mistake(text, start, f"{table.name} has no column {name!r}{hint}")


def nearest(name: str, table: Table) -> str:
    """`; did you mean 'points'?`, or nothing."""
    known = {column.name.lower(): column.name for column in table.c}
    near = difflib.get_close_matches(name.lower(), known, 1)
    return f"; did you mean {known[near[0]]!r}?" if near else ""


class _Parser:
    """Recursive descent over one text."""

    def __init__(self, text: str, table: Table, literals: Literals) -> None:
        if len(text) > LONGEST:
            raise UsageError(f"the condition is longer than {LONGEST} characters")
        self.text = text
        self.table = table
        self.literals = literals
        self.tokens = list(self._read())
        self.at = 0
        self.depth = 0

    def parse(self) -> ColumnElement[bool]:
        found = self._either()
        if self._here.kind != "end":
            raise self._wrong("expected 'and', 'or' or the end")
        return found

    def _read(self) -> Iterator[Token]:
        at = 0
        end = len(self.text.rstrip())
        while at < end:
            match = TOKEN.match(self.text, at)
            if match is None or match.lastgroup is None:
                rest = self.text[at:]
                start = at + len(rest) - len(rest.lstrip())
                raise mistake(self.text, start, "cannot read the condition here")
            kind = match.lastgroup
            yield Token(kind, match[kind], match.start(kind))
            at = match.end()
        yield Token("end", "", end)

    @property
    def _here(self) -> Token:
        return self.tokens[self.at]

    def _next(self) -> Token:
        token = self._here
        self.at += 1
        return token

    def _take_word(self, *words: str) -> bool:
        taken = self._here.is_word(*words)
        self.at += taken
        return taken

    def _expect_sign(self, sign: str) -> None:
        if not self._here.is_sign(sign):
            raise self._wrong(f"expected {sign!r}")
        self.at += 1

    def _wrong(self, problem: str) -> UsageError:
        return mistake(self.text, self._here.start, problem)

    def _either(self) -> ColumnElement[bool]:
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        return or_(*parts) if len(parts) > 1 else parts[0]

    def _both(self) -> ColumnElement[bool]:
        parts = [self._negated()]
        while self._take_word("and"):
            parts.append(self._negated())
        return and_(*parts) if len(parts) > 1 else parts[0]

    def _negated(self) -> ColumnElement[bool]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._wrong("the condition is nested too deeply")
        try:
            if self._take_word("not"):
                return not_(self._negated())
            if self._here.is_sign("("):
                self.at += 1
                found = self._either()
                self._expect_sign(")")
                return found.self_group()
            return self._predicate()
        finally:
            self.depth -= 1

    def _predicate(self) -> ColumnElement[bool]:
        column = self._column()
        token = self._here
        if token.kind == "sign" and token.text in COMPARISONS:
            self.at += 1
            compare = COMPARISONS[token.text]
            found: ColumnElement[bool] = compare(column, self._literal(column))
            return found
        if self._take_word("is"):
            return self._is(column)
        negated = self._take_word("not")
        found = self._listed(column)
        return not_(found) if negated else found

    def _listed(self, column: Column[Any]) -> ColumnElement[bool]:
        token = self._here
        if self._take_word("in"):
            return column.in_(self._literals(column))
        if self._take_word("between"):
            low = self._literal(column)
            if not self._take_word("and"):
                raise self._wrong("expected 'and' after the lower bound")
            return column.between(low, self._literal(column))
        if self._take_word("like", "ilike"):
            if not kind(column).is_text:
                raise mistake(
                    self.text, token.start, f"{column.name} is not a text column"
                )
            pattern = literal(self._plain_text(), Text)
            insensitive = token.text.lower() == "ilike"
            return column.ilike(pattern) if insensitive else column.like(pattern)
        if kind(column).is_boolean:
            return column.is_(True)
        raise self._wrong(
            "expected =, !=, <, <=, >, >=, in, between, like, ilike or is"
        )

    def _is(self, column: Column[Any]) -> ColumnElement[bool]:
        negated = self._take_word("not")
        values = {"null": None, "true": True, "false": False}
        token = self._here
        word = token.text.lower() if token.kind == "word" else ""
        boolean = word in ("true", "false")
        if word not in values or (boolean and not kind(column).is_boolean):
            raise self._wrong("expected null")
        self.at += 1
        value = values[word]
        return column.is_not(value) if negated else column.is_(value)

    def _column(self) -> Column[Any]:
        token = self._here
        if token.kind not in ("word", "quoted"):
            raise self._wrong("expected the name of a column")
        self.at += 1
        name = token.text
        if token.kind == "quoted":
            name = name[1:-1].replace('""', '"')
        return find_column(name, self.table, self.text, token.start)

    def _literals(self, column: Column[Any]) -> list[ColumnElement[Any]]:
        self._expect_sign("(")
        values = [self._literal(column)]
        while self._here.is_sign(","):
            self.at += 1
            values.append(self._literal(column))
        self._expect_sign(")")
        return values

    def _plain_text(self) -> str:
        token = self._here
        if token.kind != "text":
            raise self._wrong("expected a text in single quotes")
        self.at += 1
        return token.text[1:-1].replace("''", "'")

    def _literal(self, column: Column[Any]) -> ColumnElement[Any]:
        token = self._here
        if token.is_word("null"):
            raise self._wrong("compare with null by 'is null' or 'is not null'")
        if token.kind not in ("text", "number") and not token.is_word("true", "false"):
            raise self._wrong("expected a value: a number, or a text in single quotes")
        raw = token.text
        if token.kind == "text":
            raw = raw[1:-1].replace("''", "'")
        self.at += 1
        return self.literals.read(raw, column, self.text, token.start)
