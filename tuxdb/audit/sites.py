"""The data that every part of the audit shares: a raw SQL call and its holes.

A *site* is a call that hands SQL text to a database driver. Where the text is put
together at run time, each part that is not known stands in it as a *hole*: in
`RawQuery.text` as the identifier `tuxdb_hole_0`, `tuxdb_hole_1`, …, so that the text
can still be given to PostgreSQL's grammar.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

HoleKind = Literal[
    "literal",
    "placeholder",
    "identifier",
    "keyword",
    "value",
    "value_int",
    "list",
    "quoted",
    "limit",
    "statement",
    "unknown",
]
SqlIs = Literal["constant", "name-resolved", "fstring", "format", "concat", "variable"]
Classified = Literal["safe", "unsafe", "dynamic-identifier"]
ParamStyle = Literal["numbered", "format", "qmark", "named", "none"]
Dialect = Literal["postgresql", "sqlite", "mysql", "unknown"]

MARKER = re.compile(r"tuxdb_hole_(\d+)")


def marker(number: int) -> str:
    """Name the hole with this number, as it stands in the text."""
    return f"tuxdb_hole_{number}"


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of source: lines from 1, columns in UTF-8 bytes from 0, as in `ast`."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Hole:
    """A part of the text that is put in at run time.

    `position` is the offset of its marker in the text. `guarded` says that the source
    checks the value against a list, a pattern or a table of its own before.
    `outside` says that the value comes from outside the function: its parameters or
    what is read from them.
    """

    span: Span
    source: str
    position: int
    kind: HoleKind
    guarded: bool = False
    outside: bool = False


@dataclass(frozen=True)
class Use:
    """One thing that the function does with the result of the query.

    `detail` is the key, position, attribute or name concerned.
    """

    kind: Literal[
        "unused",
        "position",
        "key",
        "attribute",
        "unpacked",
        "iterated",
        "tested",
        "compared",
        "status",
        "length",
        "method",
        "returned",
        "passed",
        "stored",
        "scalar",
        "other",
    ]
    span: Span
    detail: str = ""


@dataclass(frozen=True)
class RawQuery:
    """A call that hands SQL to a driver.

    `span` is that of the call, `sql_span` that of the SQL expression in it. `text` is
    None where the SQL could not be resolved. `variants` holds the other texts that
    the call may run, where branches choose between whole statements. `constant` says
    that the text is one and the same at every call: no hole but literal ones.
    """

    path: str
    span: Span
    sql_span: Span | None
    api: str
    method: str
    receiver: str
    sql_is: SqlIs
    text: str | None
    holes: tuple[Hole, ...] = ()
    args: tuple[str, ...] = ()
    starred: bool = False
    classified: Classified = "safe"
    in_loop: bool = False
    function: str | None = None
    awaited: bool = False
    uses: tuple[Use, ...] = ()
    variants: tuple[str, ...] = ()
    paramstyle: ParamStyle = "numbered"
    dialect: Dialect = "unknown"
    definition: str | None = None
    """Where the text stands, as `file:line`, if not in the call itself."""
    wrapper: bool = False
    """The call is inside a function that passes its own parameter through."""
    loop: str | None = None
    """The nearest loop around the call, as `for member in members`."""
    in_transaction: bool = False
    outer: Span | None = None
    """The call that runs the text, where `span` is only that of `text("…")`."""
    branch: tuple[str, ...] = ()
    """The branches around the call, as `12:then`; with `!` if it ends the function."""

    @property
    def line(self) -> int:
        """The line where the call begins."""
        return self.span.line

    @property
    def constant(self) -> bool:
        """Whether the text is the same at every call."""
        return self.text is not None and not any(
            hole.kind != "literal" for hole in self.holes
        )

    @property
    def statement(self) -> str:
        """The text with `{source}` for each hole: what a person wants to see."""
        if self.text is None:
            return ""

        def source(match: re.Match[str]) -> str:
            number = int(match[1])
            known = number < len(self.holes)
            return "{" + self.holes[number].source + "}" if known else match[0]

        return MARKER.sub(source, self.text)

    def with_uses(self, uses: tuple[Use, ...]) -> "RawQuery":
        """Return the same site, with what the function does with its result."""
        return replace(self, uses=uses)
