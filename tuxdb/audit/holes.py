"""What each hole is: a literal, a placeholder, an identifier, a value.

The order of the decisions earns the precision: what cannot carry anything from outside
is settled before the place in the text is looked at.
"""

import ast
import re
from collections.abc import Sequence

from tuxdb.audit.sites import Classified, Dialect, Hole, HoleKind, Span, marker
from tuxdb.audit.sqltext import Token, tokens
from tuxdb.audit.values import Part, Text

OPERATOR_WORDS = frozenset(
    ["LIKE", "ILIKE", "SIMILAR", "IS", "BETWEEN", "THEN", "ELSE", "REGEXP", "GLOB"]
)
LIMITS = frozenset(["LIMIT", "OFFSET", "INTERVAL", "NEXT", "FIRST"])
NAMES = frozenset(
    [
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "TABLE",
        "ONLY",
        "EXISTS",
        "AS",
        "SET",
        "BY",
        "ADD",
        "COLUMN",
        "DROP",
        "INDEX",
        "SCHEMA",
        "SELECT",
        "DISTINCT",
        "RETURNING",
        "USING",
        "ALTER",
        "VIEW",
        "ROLE",
        "USER",
        "DATABASE",
        "TRUNCATE",
        "CONSTRAINT",
        "TYPE",
        "EXTENSION",
        "FUNCTION",
        "LISTEN",
        "NOTIFY",
        "UNLISTEN",
        "TO",
        "RENAME",
        "TRIGGER",
        "SEQUENCE",
        "OWNER",
        "SAVEPOINT",
        "COLLATE",
        "LANGUAGE",
        "CURSOR",
        "CONCURRENTLY",
        "REFERENCES",
        "IGNORE",
    ]
)
FRAGMENTS = frozenset(
    ["WHERE", "AND", "OR", "NOT", "HAVING", "ON", "WHEN", "CASE", "WITH"]
)
CLAUSES = frozenset(
    [
        "SELECT",
        "FROM",
        "WHERE",
        "SET",
        "VALUES",
        "BY",
        "LIMIT",
        "OFFSET",
        "INTO",
        "UPDATE",
        "TABLE",
        "RETURNING",
        "ON",
        "HAVING",
        "JOIN",
    ]
)
NAMING = frozenset(
    [
        "COUNT",
        "SUM",
        "AVG",
        "MIN",
        "MAX",
        "LOWER",
        "UPPER",
        "LENGTH",
        "DATE",
        "ARRAY_AGG",
        "STRING_AGG",
        "DISTINCT",
        "KEY",
        "CONFLICT",
        "USING",
        "UNIQUE",
        "INDEX",
    ]
)
LISTING = ("SELECT", "SET", "BY", "FROM", "RETURNING", "UPDATE", "TABLE")
HOLDING = ("INTO", "TABLE", "EXISTS", "ON", "REFERENCES", ".", "UPDATE")
_BEHIND: dict[str, HoleKind] = {
    **dict.fromkeys(NAMES, "identifier"),
    **dict.fromkeys(FRAGMENTS, "keyword"),
    **dict.fromkeys(("IN", "ANY", "ALL", "SOME", "VALUES"), "list"),
    "::": "identifier",
}
_COMPARING = re.compile(r"[-+*/<>=~!@#%^&|?]+|::?=")


def marked(text: Text) -> tuple[str, list[tuple[Part, int]]]:
    """Write the markers into a text; returns it, and each part with its offset."""
    pieces: list[str] = []
    found: list[tuple[Part, int]] = []
    at = 0
    for piece in text:
        word = piece if isinstance(piece, str) else marker(len(found))
        if isinstance(piece, Part):
            found.append((piece, at))
        pieces.append(word)
        at += len(word)
    return "".join(pieces), found


def holes_of(
    text: Text, around: Span, dialect: Dialect = "postgresql"
) -> tuple[str, tuple[Hole, ...]]:
    """Write a text with markers, and say what each hole is."""
    sql, parts = marked(text)
    split = tokens(sql) if parts else ()
    holes = []
    for part, position in parts:
        kind = kind_of(part, position, split, dialect)
        outside = any(not r.startswith(("constant", "file")) for r in part.roots)
        span = _span(part.node, around)
        holes.append(Hole(span, part.source, position, kind, part.guarded, outside))
    return sql, tuple(holes)


def classified(holes: Sequence[Hole]) -> Classified:
    """Judge a statement by its worst hole."""
    kinds = {hole.kind for hole in holes}
    if kinds & {"value", "value_int", "list", "quoted", "limit", "statement"}:
        return "unsafe"
    if kinds & {"identifier", "keyword", "unknown"}:
        return "dynamic-identifier"
    return "safe"


def kind_of(
    part: Part, position: int, split: Sequence[Token], dialect: Dialect
) -> HoleKind:
    """Say what a hole is, in the order of the design."""
    if part.nature == "literal":
        return "literal"
    if part.nature in ("count", "quoted"):
        return "placeholder"
    if part.roots and all(root.startswith("names ") for root in part.roots):
        return "identifier"
    at = next((i for i, t in enumerate(split) if t.start <= position < t.end), None)
    if at is None:
        return "unknown"
    if at and split[at - 1].text == "$" and split[at - 1].end == position:
        return "placeholder"
    if split[0].upper == "PRAGMA" or _is_bracketed(split, at):
        return "identifier"
    return _kind_in(split, at, part, dialect)


def _kind_in(split: Sequence[Token], at: int, part: Part, dialect: Dialect) -> HoleKind:
    """Say what a hole is by the token that it is in."""
    token = split[at]
    if token.kind == "string":
        return _in_string(split, at)
    if token.kind == "name":
        text = dialect in ("mysql", "sqlite") and token.text.startswith('"')
        return "quoted" if text and _place(split, at) == "value" else "identifier"
    if token.kind == "number":
        return _value(part)
    if token.kind != "hole":
        return "identifier"
    place = _place(split, at)
    if place in ("value", "list"):
        return _value(part, listed=place == "list")
    if place == "keyword" and from_strangers(part):
        return "statement" if _is_whole(split, at) else "value"
    return place


def _is_bracketed(split: Sequence[Token], at: int) -> bool:
    """Whether a hole is a name in brackets, as SQLite takes them: `[name]`."""
    if at < 1 or at + 1 >= len(split) or split[at - 1].text != "[":
        return False
    before = split[at - 2] if at > 1 else split[at - 1]
    glued = before.end == split[at - 1].start and before.kind == "word"
    return split[at + 1].text == "]" and not glued


def from_strangers(part: Part) -> bool:
    """Whether a part was typed by a user of the bot, or written by a model."""
    return not part.guarded and any(
        root in ("input", "model") or root.startswith("command ") for root in part.roots
    )


def _is_whole(split: Sequence[Token], at: int) -> bool:
    """Whether a hole is a whole statement, or one behind EXPLAIN (…)."""
    words = [token.upper for token in split[:at] if token.kind == "word"]
    return not words or words[0] == "EXPLAIN"


def _in_string(split: Sequence[Token], at: int) -> HoleKind:
    before = split[at - 1].upper if at else ""
    following = [token.upper for token in split[at + 1 : at + 3]]
    if before == "INTERVAL" or following == ["::", "INTERVAL"]:
        return "limit"
    return "quoted"


def _place(split: Sequence[Token], at: int) -> HoleKind:
    """Say what the grammar takes where a hole stands: `value` for an expression."""
    before = split[at - 1] if at else None
    after = split[at + 1] if at + 1 < len(split) else None
    if before is None:
        return "keyword"
    if before.text == "." or (after is not None and after.text in (".", "(")):
        return "identifier"
    word = before.upper if before.kind == "word" else before.text
    if word in LIMITS:
        return "limit"
    if _is_operator(before) or (word == "AND" and _between(split, at)):
        return "value"
    if after is not None and _is_comparison(after):
        return "identifier"
    if word in ("(", ","):
        return _in_list(split, at)
    return _BEHIND.get(word, "keyword")


def _is_operator(token: Token) -> bool:
    if token.kind == "operator":
        return token.text not in ("*", "::") and bool(_COMPARING.fullmatch(token.text))
    return token.upper in OPERATOR_WORDS


def _is_comparison(token: Token) -> bool:
    if token.kind == "word":
        return token.upper in ("IS", "IN", "LIKE", "ILIKE", "BETWEEN", "NOT", "SIMILAR")
    symbols = token.kind == "operator" and token.text not in ("(", ")", ",", ";", "::")
    return symbols and _COMPARING.fullmatch(token.text) is not None


def _between(split: Sequence[Token], at: int) -> bool:
    for token in reversed(split[: at - 1]):
        if token.upper == "BETWEEN":
            return True
        if token.upper in ("AND", "OR", "WHERE"):
            return False
    return False


def _in_list(split: Sequence[Token], at: int) -> HoleKind:
    """Say what a hole is behind a bracket or a comma: by what opened the list."""
    opener = _opener(split, at)
    if opener is None:
        clause = _clause(split, at)
        if clause == "VALUES":
            return "value"
        return "identifier" if clause in LISTING else "keyword"
    before = split[opener - 1] if opener else None
    if before is None:
        return "keyword"
    word = before.upper if before.kind == "word" else before.text
    if word in ("IN", "ANY", "ALL", "SOME", "ARRAY"):
        return "list"
    if word == "," and _clause(split, opener) == "VALUES":
        return "value"
    if word in NAMING or _is_of_a_table(split, opener):
        return "identifier"
    fragments = word in FRAGMENTS or word in ("EXISTS", "FROM", "AS", "SELECT", "(")
    return "keyword" if fragments else "value"


def _is_of_a_table(split: Sequence[Token], opener: int) -> bool:
    """Whether a bracket opens the columns of a table: `INTO t (`, `ON t (`, `SET (`."""
    if split[opener - 1].upper == "SET":
        return True
    holder = split[opener - 2].upper if opener > 1 else ""
    named = split[opener - 1].kind in ("word", "name", "hole")
    return named and holder in HOLDING


def _opener(split: Sequence[Token], at: int) -> int | None:
    depth = 0
    for index in range(at - 1, -1, -1):
        if split[index].text == ")":
            depth += 1
        elif split[index].text == "(":
            if not depth:
                return index
            depth -= 1
    return None


def _clause(split: Sequence[Token], at: int) -> str:
    depth = 0
    for token in reversed(split[:at]):
        depth += (token.text == ")") - (token.text == "(")
        if not depth and token.kind == "word" and token.upper in CLAUSES:
            return token.upper
    return ""


def _value(part: Part, *, listed: bool = False) -> HoleKind:
    if part.nature == "list" or listed:
        return "list"
    return "value_int" if part.nature == "int" else "value"


def _span(node: ast.expr, around: Span) -> Span:
    """Say where a part is; within f-strings older Pythons do not know it well."""
    line = getattr(node, "lineno", None)
    end = getattr(node, "end_lineno", None)
    if line is None or end is None:
        return around
    return Span(line, node.col_offset, end, node.end_col_offset or node.col_offset)
