"""Interpolated values become parameters, in the text: `'{name}'` becomes `$1`.

bound = bind(query)      # raises Unbindable
bound.text               # the statement with `$n`, to be checked and converted
bound.parameters         # what is bound, in the order of their numbers
bound.changes            # the same as its driver takes it: `%s`, `?`, `:name`
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tuxdb.audit.placeholders import (
    Placeholder,
    Unnumbered,
    escapes,
    numbered,
    placeholders,
    replaced,
    style_of,
)
from tuxdb.audit.sites import MARKER, ParamStyle, RawQuery
from tuxdb.audit.sqltext import Token, tokens

_INTERVAL = re.compile(rf"'\s*({MARKER.pattern})\s+([A-Za-z]+?)s?\s*'")
_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
BOUND = frozenset({"value", "value_int", "list", "quoted", "limit"})
KEPT = frozenset({"literal", "identifier"})


class Unbindable(ValueError):
    """The text cannot get parameters, and why."""


@dataclass(frozen=True)
class Parameter:
    """A stretch of the text that becomes a parameter.

    `template` is what stands there instead, with `{}` for the parameter; `holes` are
    the numbers of the holes in it; `pattern` is the text around quoted holes, with
    their markers.
    """

    number: int
    start: int
    end: int
    template: str
    kind: Literal["value", "value_int", "list", "quoted", "limit", "interval"]
    holes: tuple[int, ...]
    pattern: str = ""
    name: str = ""

    def written(self, style: ParamStyle) -> str:
        """What stands in the text, as a driver takes it."""
        if style == "numbered":
            mark = f"${self.number}"
        elif style == "named":
            mark = f":{self.name}"
        elif style == "format":
            mark = f"%({self.name})s" if self.name else "%s"
        else:
            mark = "?"
        return self.template.replace("{}", mark)


@dataclass(frozen=True)
class Bound:
    """A statement whose values are parameters.

    `known` are the parameters that it had, `text` is the whole with `$n`.
    """

    text: str
    parameters: tuple[Parameter, ...]
    style: ParamStyle = "numbered"
    known: tuple[Placeholder, ...] = ()

    @property
    def changes(self) -> list[tuple[int, int, str]]:
        """What becomes other text in the original."""
        return [(p.start, p.end, p.written(self.style)) for p in self.parameters]


def bind(query: RawQuery) -> Bound:
    """Find the parameters that the holes of a query become; raises Unbindable."""
    text = query.text
    if text is None:
        raise Unbindable("its text is not known")
    style = style_of(query)
    if style == "none" or query.dialect == "mysql":
        raise Unbindable("it is not known how its driver writes parameters")
    if query.starred and style != "named":
        raise Unbindable("its arguments are a list that is only known at run time")
    strange = [h for h in query.holes if h.kind not in BOUND | KEPT]
    if strange:
        raise Unbindable(f"`{strange[0].source}` is no value: {strange[0].kind}")
    known = _known(query, text, style)
    count = max((one.number for one in known), default=0)
    split = tokens(text)
    parameters = _named(_parameters(query, split, count, style), query, known, style)
    if not parameters:
        raise Unbindable("no value is put into its text")
    changes = [(p.start, p.end, p.written("numbered")) for p in parameters]
    if style != "numbered":
        changes += [(one.start, one.end, f"${one.number}") for one in known]
        changes += escapes(query, text)
    return Bound(replaced(text, changes), parameters, style, known)


def _known(query: RawQuery, text: str, style: ParamStyle) -> tuple[Placeholder, ...]:
    """The parameters that a text has already, all of them bound."""
    try:
        known = placeholders(query, text)
        found = numbered(query)
    except Unnumbered as error:
        raise Unbindable(str(error)) from error
    if found.count != found.given and style != "named":
        raise Unbindable("its parameters and its arguments differ in number")
    if style == "format" and not query.args and "%" in text:
        raise Unbindable("a % in its text would have to be doubled")
    return known


def _parameters(
    query: RawQuery, split: Sequence[Token], known: int, style: ParamStyle
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
        one = (_quoted if token.kind == "string" else _plain)(query, split, at, number)
        if style == "qmark" and one.kind in ("list", "interval"):
            raise Unbindable(f"SQLite has no parameter for a whole {one.kind}")
        found.append(one)
    return tuple(found)


def _named(
    parameters: tuple[Parameter, ...],
    query: RawQuery,
    known: tuple[Placeholder, ...],
    style: ParamStyle,
) -> tuple[Parameter, ...]:
    """Give names to parameters where the driver, or the text, has them."""
    taken = {one.name for one in known if one.name}
    if style != "named" and not (style == "format" and taken):
        return parameters
    found = []
    for one in parameters:
        name = base = _name(query.holes[one.holes[0]].source)
        number = 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        found.append(replace(one, name=name))
    return tuple(found)


def _name(source: str) -> str:
    """A name for a value: `user_id`, `guild_id` of `ctx.guild.id`, else `value`."""
    words = _PATH.fullmatch(source.strip())
    if words is None:
        return "value"
    parts = source.strip().split(".")
    return "_".join(parts[-2:]) if parts[-1] == "id" else parts[-1]


def _kinds(query: RawQuery, token: Token) -> set[str]:
    return {query.holes[number].kind for number in _holes(token.text)}


def _holes(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in MARKER.findall(text))


def _quoted(query: RawQuery, split: Sequence[Token], at: int, number: int) -> Parameter:
    """`'%{name}%'`, or `INTERVAL '{days} days'`."""
    del query
    token, before = split[at], split[at - 1] if at else None
    holes = _holes(token.text)
    if before is not None and before.upper == "INTERVAL":
        parts = _INTERVAL.fullmatch(token.text)
        if parts is None:
            raise Unbindable("an interval is put together in its text")
        written = f"({{}} * INTERVAL '1 {parts[3].lower()}')"
        return Parameter(number, before.start, token.end, written, "interval", holes)
    if not token.text.startswith("'") or "\\" in token.text:
        raise Unbindable("a string of another kind is put together in its text")
    pattern = token.text[1:-1].replace("''", "'")
    return Parameter(number, token.start, token.end, "{}", "quoted", holes, pattern)


def _plain(query: RawQuery, split: Sequence[Token], at: int, number: int) -> Parameter:
    token = split[at]
    holes = _holes(token.text)
    kind = query.holes[holes[0]].kind
    if kind == "list":
        return _list(split, at, number, holes)
    if kind not in ("value", "value_int", "limit"):
        raise Unbindable(f"`{query.holes[holes[0]].source}` is no value: {kind}")
    return Parameter(number, token.start, token.end, "{}", kind, holes)


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
    written = "<> ALL({})" if negated else "= ANY({})"
    return Parameter(number, start, split[last].end, written, "list", holes)


def _text(split: Sequence[Token], at: int) -> str:
    return split[at].upper if 0 <= at < len(split) else ""
