"""Interpolated values become parameters, in the text: `'{name}'` becomes `$1`.

bound = bind(query)      # raises Unbindable
bound.text               # the statement with `$n`, to be checked and converted
bound.parameters         # what is bound, in the order of their numbers
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tuxdb.audit.sites import MARKER, RawQuery
from tuxdb.audit.sqltext import Token, tokens

_INTERVAL = re.compile(rf"'\s*({MARKER.pattern})\s+([A-Za-z]+?)s?\s*'")
_NUMBER = re.compile(r"\$(\d+)")
BOUND = frozenset({"value", "value_int", "list", "quoted", "limit"})
KEPT = frozenset({"literal", "identifier"})


class Unbindable(ValueError):
    """The text cannot get parameters, and why."""


@dataclass(frozen=True)
class Parameter:
    """A stretch of the text that becomes `$number`.

    `written` is what stands there instead; `holes` are the numbers of the holes in it;
    `pattern` is the text around quoted holes, with their markers.
    """

    number: int
    start: int
    end: int
    written: str
    kind: Literal["value", "value_int", "list", "quoted", "limit", "interval"]
    holes: tuple[int, ...]
    pattern: str = ""


@dataclass(frozen=True)
class Bound:
    """A statement whose values are parameters."""

    text: str
    parameters: tuple[Parameter, ...]


def bind(query: RawQuery) -> Bound:
    """Find the parameters that the holes of a query become; raises Unbindable."""
    text = query.text
    if text is None:
        raise Unbindable("its text is not known")
    if query.paramstyle not in ("numbered", "none") or not _asyncpg(query):
        raise Unbindable("only asyncpg's `$1` is written")
    if query.starred:
        raise Unbindable("its arguments are a list that is only known at run time")
    strange = [h for h in query.holes if h.kind not in BOUND | KEPT]
    if strange:
        raise Unbindable(f"`{strange[0].source}` is no value: {strange[0].kind}")
    known = max((int(n) for n in _NUMBER.findall(text)), default=0)
    if known != len(query.args):
        raise Unbindable("its parameters and its arguments differ in number")
    parameters = _parameters(query, tokens(text), known)
    if not parameters:
        raise Unbindable("no value is put into its text")
    return Bound(_replaced(text, parameters), parameters)


def _asyncpg(query: RawQuery) -> bool:
    return query.api.startswith("asyncpg") and query.dialect in (
        "postgresql",
        "unknown",
    )


def _parameters(
    query: RawQuery, split: Sequence[Token], known: int
) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    for at, token in enumerate(split):
        if token.kind not in ("hole", "string"):
            if MARKER.search(token.text) and _kinds(query, token) & BOUND:
                raise Unbindable(f"a value is part of `{token.text}`")
            continue
        if not _kinds(query, token) & BOUND:
            continue
        number = known + len(found) + 1
        if token.kind == "string":
            found.append(_quoted(split, at, number))
        else:
            found.append(_plain(query, split, at, number))
    return tuple(found)


def _kinds(query: RawQuery, token: Token) -> set[str]:
    return {query.holes[number].kind for number in _holes(token.text)}


def _holes(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in MARKER.findall(text))


def _quoted(split: Sequence[Token], at: int, number: int) -> Parameter:
    """`'%{name}%'`, or `INTERVAL '{days} days'`."""
    token, before = split[at], split[at - 1] if at else None
    holes = _holes(token.text)
    if before is not None and before.upper == "INTERVAL":
        parts = _INTERVAL.fullmatch(token.text)
        if parts is None:
            raise Unbindable("an interval is put together in its text")
        written = f"(${number} * INTERVAL '1 {parts[3].lower()}')"
        return Parameter(number, before.start, token.end, written, "interval", holes)
    if not token.text.startswith("'") or "\\" in token.text:
        raise Unbindable("a string of another kind is put together in its text")
    pattern = token.text[1:-1].replace("''", "'")
    written = f"${number}"
    return Parameter(number, token.start, token.end, written, "quoted", holes, pattern)


def _plain(query: RawQuery, split: Sequence[Token], at: int, number: int) -> Parameter:
    token = split[at]
    holes = _holes(token.text)
    kind = query.holes[holes[0]].kind
    if kind == "list":
        return _list(split, at, number, holes)
    if kind not in ("value", "value_int", "limit"):
        raise Unbindable(f"`{query.holes[holes[0]].source}` is no value: {kind}")
    return Parameter(number, token.start, token.end, f"${number}", kind, holes)


def _list(
    split: Sequence[Token], at: int, number: int, holes: tuple[int, ...]
) -> Parameter:
    """`IN ({…})` becomes `= ANY($1)`, `NOT IN ({…})` becomes `<> ALL($1)`."""
    first = last = at
    if _text(split, at - 1) == "(" and _text(split, at + 1) == ")":
        first, last = at - 1, at + 1
    if _text(split, first - 1) != "IN":
        raise Unbindable("a list is put into its text, and not behind IN")
    first -= 1
    negated = _text(split, first - 1) == "NOT"
    start = split[first - 1 if negated else first].start
    written = f"<> ALL(${number})" if negated else f"= ANY(${number})"
    return Parameter(number, start, split[last].end, written, "list", holes)


def _text(split: Sequence[Token], at: int) -> str:
    return split[at].upper if 0 <= at < len(split) else ""


def _replaced(text: str, parameters: tuple[Parameter, ...]) -> str:
    for one in reversed(parameters):
        text = text[: one.start] + one.written + text[one.end :]
    return text
