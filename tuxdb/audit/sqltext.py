"""SQL as a row of tokens: enough of its grammar to say what a place in it takes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

TokenKind = Literal["word", "string", "name", "number", "param", "operator", "hole"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<string>[eEbBxXnN]?'(?:[^'\\]|''|\\.)*(?:'|\Z)
     |(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?:(?P=tag)|\Z))
  | (?P<name>"(?:[^"]|"")*(?:"|\Z)|`[^`]*`)
  | (?P<param>\$\d+|\$(?=tuxdb_hole_)|%\(\w+\)s|%s|\?|(?<![:\w]):[A-Za-z_]\w*)
  | (?P<word>[^\W\d]\w*)
  | (?P<number>\d[\w.]*)
  | (?P<operator>(?:[-+*/<>=~!@\#^&|]|%(?!s\b|\(\w+\)s)|(?<=@)\?)+|::|:=|[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_HOLE = re.compile(r"tuxdb_hole_\d+")

STATEMENTS = frozenset(
    [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "WITH",
        "CREATE",
        "ALTER",
        "DROP",
        "TRUNCATE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SET",
        "SHOW",
        "EXPLAIN",
        "ANALYZE",
        "VACUUM",
        "REINDEX",
        "GRANT",
        "REVOKE",
        "COPY",
        "LISTEN",
        "NOTIFY",
        "UNLISTEN",
        "LOCK",
        "DO",
        "CALL",
        "MERGE",
        "VALUES",
        "TABLE",
        "REFRESH",
        "COMMENT",
        "CLUSTER",
        "DECLARE",
        "SAVEPOINT",
        "RELEASE",
        "PRAGMA",
        "ATTACH",
        "DETACH",
        "REPLACE",
        "DISCARD",
        "RESET",
        "PREPARE",
        "DEALLOCATE",
        "START",
        "END",
        "ABORT",
        "CHECKPOINT",
        "USE",
        "DESCRIBE",
        "FETCH",
        "CLOSE",
        "MOVE",
    ]
)
QUERIES = frozenset(["SELECT", "INSERT", "UPDATE", "DELETE"])
WRITES = frozenset(["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE"])
DDL = frozenset(["CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE"])
CATALOGUE = ("pg_", "information_schema", "sqlite_")
"""What the names of a server's own tables begin with."""
_SPEAKING = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\b.+\bSET|DELETE\s+FROM|WHERE\b.+[=<>]"
    r"|CREATE\s+(TABLE|INDEX|UNIQUE|OR|EXTENSION)|ALTER\s+TABLE|DROP\s+(TABLE|INDEX)"
    r"|ORDER\s+BY|ON\s+CONFLICT|VALUES\s*\()",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A token and where it is; `upper` is its text in capitals, for words."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @cached_property
    def upper(self) -> str:
        """The text in capitals."""
        return self.text.upper()


@lru_cache(4096)
def tokens(text: str) -> Sequence[Token]:
    """Split SQL into tokens; what cannot be read stays an operator."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "operator"
        if kind == "tag":
            kind = "string"
        if kind == "space":
            continue
        word = match[0]
        if kind == "word" and _HOLE.fullmatch(word):
            kind = "hole"
        found.append(Token(kind, word, match.start(), match.end()))  # type: ignore[arg-type] # a group of the pattern
    return tuple(found)


def first_word(text: str) -> str:
    """The keyword that a statement begins with, in capitals."""
    for token in tokens(text[:2000]):
        if token.text not in ("(", ";"):
            return token.upper if token.kind == "word" else ""
    return ""


def looks_like_sql(text: str) -> bool:
    """Whether a text is a statement, or surely a piece of one."""
    head = text[:4000]
    return first_word(head) in STATEMENTS or _SPEAKING.search(head) is not None


def speaks_sql(text: str) -> bool:
    """Whether a text is a statement beyond doubt, whatever it is handed to."""
    word = first_word(text)
    if word in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER"):
        return _SPEAKING.search(text[:4000]) is not None or word == "SELECT"
    return word in STATEMENTS and text.lstrip()[: len(word)].isupper()


def verb(text: str) -> str:
    """What a statement does: SELECT, INSERT, UPDATE, …; looks behind WITH."""
    found = tokens(text)
    depth = 0
    first = ""
    for token in found:
        depth += (
            token.text.count("(") - token.text.count(")")
            if (token.kind == "operator")
            else 0
        )
        if token.kind != "word":
            continue
        first = first or token.upper
        if first != "WITH":
            return first
        if depth == 0 and token.upper in QUERIES:
            return token.upper
    return first


def statements(text: str) -> int:
    """How many statements a text holds."""
    count, something = 0, False
    for token in tokens(text):
        if token.text == ";":
            count, something = count + something, False
        else:
            something = True
    return count + something


def normalised(text: str) -> str:
    """A text without the freedom of its layout, for comparing and fingerprints."""
    words = []
    for token in tokens(text):
        if token.kind == "hole":
            words.append("tuxdb_hole")
        elif token.kind == "word":
            words.append(token.text.lower())
        else:
            words.append(token.text)
    return " ".join(words).rstrip("; ")


_AFTER = {"FROM", "JOIN", "INTO", "UPDATE", "TABLE"}
_NOT_A_TABLE = {"SELECT", "SET", "ONLY", "LATERAL", "VALUES", "NOT", "IF"}
_WITH_FROM = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"}
"""Functions that have a FROM among their arguments."""
_NO_SOURCE = {"FROM": {"DISTINCT"}, "UPDATE": {"FOR", "KEY"}}
"""Behind what they name no table: IS DISTINCT FROM, FOR UPDATE SKIP LOCKED."""


def tables(text: str) -> tuple[str, ...]:
    """The tables that a statement names, in order, without those of its WITH.

    A table's schema is left out, unless it is the server's own: what is in
    `information_schema` has names that a table of the project may have as well.
    """
    found = tokens(text)
    own = {
        found[at - 1].text.lower()
        for at in range(1, len(found) - 1)
        if found[at].upper == "AS" and found[at + 1].text == "("
    }
    named: dict[str, None] = {}
    for at in _sources(found):
        parts, end = _dotted(found, at + 1)
        calls = end < len(found) and found[end].text == "("
        if not parts or (calls and found[at].upper in ("FROM", "JOIN")):
            continue
        name = parts[-1]
        if len(parts) > 1:
            if parts[-2].lower().startswith(CATALOGUE):
                name = f"{parts[-2]}.{name}"
        elif name.lower() in own:
            continue
        named[name] = None
    return tuple(named)


def _sources(found: Sequence[Token]) -> Iterator[int]:
    """Where the words are behind which a table stands."""
    around: list[str] = []  # what stands before each parenthesis that is open
    before = ""
    for at, token in enumerate(found):
        word = token.upper if token.kind == "word" else ""
        if token.text == "(":
            around.append(before)
        elif token.text == ")" and around:
            around.pop()
        elif word in _AFTER and before not in _NO_SOURCE.get(word, ()):
            within = around[-1] if around else ""
            if word != "FROM" or within not in _WITH_FROM:
                yield at
        before = word


def _dotted(found: Sequence[Token], at: int) -> tuple[list[str], int]:
    """The parts of the name at a place, and where it ends; none for another thing."""
    parts: list[str] = []
    while at < len(found) and found[at].kind in ("word", "name"):
        if not parts and found[at].upper in _NOT_A_TABLE:
            break
        parts.append(found[at].text.strip('"`'))
        at += 1
        if at == len(found) or found[at].text != ".":
            return parts, at
        at += 1
    return [], at
