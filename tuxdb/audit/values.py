"""What is known of a value without running anything: texts, parts unknown, elements.

A `Text` is a string of which some parts may be unknown. A `Value` holds every text
that an expression can come to, as far as the source shows, and what its elements are
if it is a sequence or a table.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from tuxdb.audit.sites import SqlIs

Nature = Literal[
    "any",  # nothing is known
    "int",  # an integer, as far as one can tell
    "count",  # a number that the program counts itself: len(), enumerate()
    "list",  # joined from the elements of something
    "quoted",  # quoted by the driver: psycopg.sql.Identifier
    "literal",  # one of several literals, or a constant out of sight
]
MOST_TEXTS = 12
LONGEST_TEXT = 100_000
MOST_PARTS = 500  # of a text
MOST_ITEMS = 2_000  # of a sequence
MOST_INSIDE = 20_000  # elements of elements, and so on


@dataclass(frozen=True)
class Part:
    """A part that is put in at run time.

    `roots` says where it comes from: `param x`, `command x`, `input`, `model`, `self`.
    """

    node: ast.expr
    nature: Nature = "any"
    roots: frozenset[str] = frozenset()
    guarded: bool = False

    @property
    def source(self) -> str:
        """The expression, as Python."""
        return unparsed(self.node)


Text = tuple[str | Part, ...]


@dataclass(frozen=True)
class Value:
    """What an expression can come to.

    `items` are the elements of a sequence, `table` the pairs of a dictionary, `file`
    the name of the file that a file object reads. `exact` says that `items` is the
    sequence itself, in its order.
    """

    texts: tuple[Text, ...]
    made: SqlIs = "constant"
    items: tuple["Value", ...] | None = None
    table: tuple[tuple["Value", "Value"], ...] | None = None
    exact: bool = False
    file: str | None = None
    statement_object: bool = False
    """An expression of SQLAlchemy, not text."""
    origin: str | None = None
    """Where the text stands, as `file:line`."""
    size: int = field(default=1, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Let go of elements that grow beyond measure, as in `x = [x, x]` repeated."""
        if self.items is None and self.table is None:
            return
        inner = (
            *(self.items or ()),
            *(one for pair in self.table or () for one in pair),
        )
        size = 1 + sum(one.size for one in inner)
        if size > MOST_INSIDE:
            object.__setattr__(self, "items", None)
            object.__setattr__(self, "table", None)
            object.__setattr__(self, "exact", False)
            size = 1
        object.__setattr__(self, "size", size)

    @property
    def known(self) -> bool:
        """Whether every possible text is known in full."""
        return all(isinstance(p, str) for text in self.texts for p in text)

    @property
    def harmless(self) -> bool:
        """Whether nothing but literals and counted numbers can be in it."""
        return all(
            isinstance(p, str) or p.nature in ("literal", "count", "quoted")
            for text in self.texts
            for p in text
        )

    @property
    def part(self) -> Part | None:
        """The one unknown part that this is, if it is nothing else."""
        if len(self.texts) != 1 or len(self.texts[0]) != 1:
            return None
        only = self.texts[0][0]
        return only if isinstance(only, Part) else None

    @property
    def unresolved(self) -> bool:
        """Whether nothing at all is known of any text."""
        return bool(self.texts) and all(
            len(text) == 1 and isinstance(text[0], Part) for text in self.texts
        )

    @property
    def parts(self) -> list[Part]:
        """Every unknown part of any text."""
        return [p for text in self.texts for p in text if isinstance(p, Part)]

    @property
    def roots(self) -> frozenset[str]:
        """Where its unknown parts come from."""
        own = frozenset[str]().union(*(part.roots for part in self.parts))
        return own.union(*(item.roots for item in self.items or ()))

    def strings(self) -> list[str]:
        """Every text, for a value that is known."""
        return ["".join(str(p) for p in text) for text in self.texts]

    def as_made(self, made: SqlIs) -> "Value":
        """Return the same, put together in another way."""
        return replace(self, made=made)


def unparsed(node: ast.expr) -> str:
    """An expression as Python source, in one line."""
    try:
        return " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):
        return "…"


def literal(text: str) -> Value:
    """Make the value of a string that is known; of endless ones, the beginning."""
    text = text[:LONGEST_TEXT]
    return Value(((text,),) if text else ((),))


def unknown(
    node: ast.expr,
    nature: Nature = "any",
    roots: Iterable[str] = (),
    *,
    guarded: bool = False,
) -> Value:
    """Make the value of an expression of which only its source is known."""
    part = Part(node, nature, frozenset(roots), guarded)
    return Value(((part,),), made="variable")


def sequence(items: Iterable[Value], node: ast.expr, *, exact: bool) -> Value:
    """Make a list, tuple or set of these elements."""
    found = tuple(islice(items, MOST_ITEMS + 1))
    roots = frozenset[str]().union(*(item.roots for item in found))
    whole = exact and len(found) <= MOST_ITEMS
    return replace(unknown(node, "list", roots), items=found, exact=whole)


def merged(values: Iterable[Value]) -> Value:
    """Join what a name may hold after branches."""
    found = list(dict.fromkeys(values))
    first = found[0]
    if len(found) == 1:
        return first
    texts = tuple(dict.fromkeys(text for value in found for text in value.texts))
    aligned = _aligned(found)
    items = aligned
    if aligned is None and any(value.items is not None for value in found):
        every = (item for value in found for item in value.items or ())
        items = tuple(dict.fromkeys(every))[:MOST_ITEMS]
    tables = [value.table for value in found if value.table is not None]
    made = [value.made for value in found if value.made != "constant"]
    return Value(
        _few(texts),
        made=made[0] if made else "constant",
        items=items,
        table=tuple(pair for table in tables for pair in table)[:MOST_ITEMS]
        if tables
        else None,
        exact=aligned is not None,
        statement_object=any(value.statement_object for value in found),
        origin=first.origin,
    )


def _aligned(found: list[Value]) -> tuple[Value, ...] | None:
    """Merge tuples of one length place by place."""
    rows = [value.items for value in found if value.exact and value.items]
    if len(rows) != len(found) or len({len(row) for row in rows}) != 1:
        return None
    return tuple(merged(column) for column in zip(*rows, strict=True))


def one_of(value: Value, node: ast.expr) -> Value:
    """Return one part for a value that is any of several literals."""
    if value.known and len(value.texts) > 1:
        return replace(value, texts=((Part(node, "literal"),),))
    return value


def concat(values: Iterable[Value], made: SqlIs) -> Value:
    """Put texts one after the other."""
    texts: list[Text] = [()]
    origin = None
    objects = False
    for value in values:
        origin = origin or value.origin
        objects = objects or value.statement_object
        tails = value.texts
        if len(texts) * len(tails) > MOST_TEXTS:
            tails = (max(tails, key=_weight),)
        texts = [_joined(head, tail) for head in texts for tail in tails]
    unique = tuple(dict.fromkeys(texts))
    return Value(_few(unique), made=made, origin=origin, statement_object=objects)


def _few(texts: tuple[Text, ...]) -> tuple[Text, ...]:
    """Keep the number of texts in bounds, those with unknown parts first."""
    if len(texts) <= MOST_TEXTS:
        return texts
    return tuple(sorted(texts, key=_weight, reverse=True)[:MOST_TEXTS])


def _weight(text: Text) -> tuple[bool, int]:
    dangerous = any(
        isinstance(p, Part) and p.nature in ("any", "int", "list") for p in text
    )
    return dangerous, sum(len(p) for p in text if isinstance(p, str))


def _joined(head: Text, tail: Text) -> Text:
    if head and tail and isinstance(head[-1], str) and isinstance(tail[0], str):
        text = (head[-1] + tail[0])[:LONGEST_TEXT]
        return (*head[:-1], text, *tail[1:])[:MOST_PARTS]
    return (*head, *tail)[:MOST_PARTS]
