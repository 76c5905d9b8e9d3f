"""The parameters of every driver as PostgreSQL's own: `%s`, `?` and `:name` as `$n`.

found = numbered(query)      # raises Unnumbered
found.text                   # "SELECT … WHERE id = $1"
found.args                   # ("user_id",); None where the call binds a variable
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuxdb.audit.sinks import MYSQL, PSYCOPG
from tuxdb.audit.sites import ParamStyle
from tuxdb.audit.sqltext import Token, tokens

if TYPE_CHECKING:
    from tuxdb.audit.sites import RawQuery

_COLON = re.compile(r"(?<![:\w\\]):[A-Za-z_0-9]")
_QUOTED = ("string", "name")
MANY = frozenset(
    (
        "executemany",
        "prepare",
        "execute_batch",
        "execute_values",
        "copy_from_query",
        "mogrify",
    )
)


class Unnumbered(ValueError):
    """The parameters of a text cannot be told apart, and why."""


@dataclass(frozen=True)
class Placeholder:
    """One place in the text where a value is bound, and its number."""

    start: int
    end: int
    number: int
    name: str = ""


@dataclass(frozen=True)
class Numbered:
    """A text with `$1`, `$2`, …, and the source of what is bound to each."""

    text: str
    count: int
    args: tuple[str, ...] | None
    names: tuple[str, ...] = ()

    @property
    def given(self) -> int | None:
        """How many values the call binds, where that can be seen."""
        return None if self.args is None else len(self.args)


def style_of(query: "RawQuery") -> ParamStyle:
    """How a new parameter is written for the driver of a query."""
    library = query.api.partition(".")[0]
    if query.api.startswith("sqlalchemy.text"):
        return "named"
    if query.paramstyle not in ("none", "numbered"):
        return query.paramstyle
    if library == "asyncpg":
        return "numbered"
    if library in (*PSYCOPG, *MYSQL):
        return "format"
    if query.dialect == "sqlite":
        return "qmark"
    return query.paramstyle


def placeholders(query: "RawQuery", text: str) -> tuple[Placeholder, ...]:
    """Find the parameters that a text has; raises Unnumbered."""
    style = style_of(query)
    if style in ("none", "numbered"):
        return _numbered(text)
    if style == "format" and not _interprets(query):
        return ()
    found: list[Placeholder] = []
    numbers: dict[str, int] = {}
    for token in tokens(text):
        if token.kind in _QUOTED:
            _check(token, style)
            continue
        name = _name(token, style)
        if name is None:
            continue
        if style == "qmark" or name == "":
            number = len(found) + 1
        else:
            number = numbers.setdefault(name, len(numbers) + 1)
        found.append(Placeholder(token.start, token.end, number, name))
    if numbers and len({one.name == "" for one in found}) > 1:
        raise Unnumbered("named and nameless parameters are mixed")
    return tuple(found)


def numbered(query: "RawQuery", text: str | None = None) -> Numbered:
    """Write a text with numbers for parameters; raises Unnumbered."""
    text = query.text if text is None else text
    if text is None:
        raise Unnumbered("its text is not known")
    style = style_of(query)
    found = placeholders(query, text)
    count = max((one.number for one in found), default=0)
    names: dict[int, str] = {one.number: one.name for one in found if one.name}
    written = text
    if style not in ("none", "numbered"):
        changes = [(one.start, one.end, f"${one.number}") for one in found]
        written = replaced(text, [*changes, *escapes(query, text)])
    ordered = tuple(names[number] for number in sorted(names))
    return Numbered(written, count, _given(query, style, ordered), ordered)


def escapes(query: "RawQuery", text: str) -> list[tuple[int, int, str]]:
    """What stands doubled or escaped in a text for the driver alone."""
    style = style_of(query)
    if style == "format" and _interprets(query):
        return [(m.start(), m.end(), "%") for m in re.finditer("%%", text)]
    if style == "named":
        return [(m.start(), m.end(), ":") for m in re.finditer(r"\\:", text)]
    return []


def replaced(text: str, changes: Sequence[tuple[int, int, str]]) -> str:
    """A text in which stretches, which do not overlap, are other texts."""
    for start, end, written in sorted(changes, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def elements(source: str) -> tuple[str, ...] | None:
    """The sources of the elements of a tuple or a list, if it is written out."""
    node = _parsed(source)
    if not isinstance(node, ast.Tuple | ast.List):
        return None
    if any(isinstance(part, ast.Starred) for part in node.elts):
        return None
    return tuple(ast.unparse(part) for part in node.elts)


def _numbered(text: str) -> tuple[Placeholder, ...]:
    return tuple(
        Placeholder(token.start, token.end, int(token.text[1:]))
        for token in tokens(text)
        if token.kind == "param" and token.text[1:].isdigit()
    )


def _interprets(query: "RawQuery") -> bool:
    """Whether the driver looks for `%s`: it does not where nothing is bound."""
    return bool(query.args) or query.starred


def _check(token: Token, style: ParamStyle) -> None:
    """A driver that looks into strings finds parameters there."""
    if style == "named" and _COLON.search(token.text):
        raise Unnumbered("a colon in a string would be a parameter")
    if style == "format" and re.search(r"(?<!%)%(s|\()", token.text):
        raise Unnumbered("a parameter stands between quotes")


def _name(token: Token, style: ParamStyle) -> str | None:
    """The name of a parameter, empty if it has none; None for other tokens."""
    if token.kind != "param":
        return None
    if style == "format" and token.text.startswith("%"):
        return token.text[2:-2] if token.text != "%s" else ""
    if style == "named" and token.text.startswith(":"):
        return token.text[1:]
    if style == "qmark" and token.text == "?":
        return ""
    return None


def _given(
    query: "RawQuery", style: ParamStyle, names: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The sources of what is bound, in the order of the numbers."""
    if query.starred or query.method in MANY:
        return None
    if style in ("none", "numbered"):
        return query.args
    if names:
        return _by_name(query, names)
    if not query.args:
        return ()
    return elements(query.args[0]) if len(query.args) == 1 else None


def _by_name(query: "RawQuery", names: tuple[str, ...]) -> tuple[str, ...] | None:
    known: dict[str, str] = {}
    for source in query.args:
        node = _parsed(source)
        if not isinstance(node, ast.Dict):
            return None
        known |= dict(_pairs(node))
        if len(node.keys) != len(list(_pairs(node))):
            return None
    return tuple(known[name] for name in names if name in known)


def _pairs(node: ast.Dict) -> Iterator[tuple[str, str]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value, ast.unparse(value)


def _parsed(source: str) -> ast.expr | None:
    try:
        return ast.parse(f"({source}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
