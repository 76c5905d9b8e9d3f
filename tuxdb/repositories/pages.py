"""Pages: by number with a total, and by keyset with a cursor."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, literal, or_, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import asc_op, desc_op, nulls_first_op, nulls_last_op

from tuxdb.errors import ForeignCursor

T = TypeVar("T")

MOST_FORMS = 1000
_FORMS: dict[Any, str] = {}
"""SQL of expressions by SQLAlchemy's cache key."""

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

_TEXTS: dict[type, Callable[[str], object]] = {
    UUID: UUID,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    time: time.fromisoformat,
}
"""What a cursor holds as the text that `str` makes of it."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and the cursor of the next ones; None at the end."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True)
class PageAt:
    """Where a numbered page begins: behind a cursor; the first has none."""

    number: int
    after: str | None = None


@dataclass(frozen=True)
class PaginationResult(Generic[T]):
    """One numbered page, with how many rows there are in all."""

    items: list[T]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are; 0 when there is no row."""
        return -(-self.total // self.per_page)

    @property
    def has_prev(self) -> bool:
        """Whether a page comes before this one."""
        return self.page > 1

    @property
    def has_next(self) -> bool:
        """Whether a page comes after this one."""
        return self.page < self.pages


@dataclass(frozen=True)
class SortKey:
    """One column of an order, as PostgreSQL would sort by it."""

    column: ColumnElement[Any]
    descending: bool = False
    nulls_last: bool = True

    @classmethod
    def of(cls, expression: Any) -> "SortKey":  # noqa: ANN401
        """Read `column`, `column.desc()`, `column.desc().nulls_last()`."""
        descending, nulls_last = False, None
        while isinstance(expression, UnaryExpression):
            modifier = expression.modifier
            if modifier in (asc_op, desc_op):
                descending = modifier is desc_op
            elif modifier in (nulls_first_op, nulls_last_op):
                nulls_last = modifier is nulls_last_op
            else:
                break
            expression = expression.element
        last = (not descending) if nulls_last is None else nulls_last
        return cls(expression, descending, last)

    @property
    def expression(self) -> ColumnElement[Any]:
        """The ORDER BY element; NULLS is said only where it is not the default."""
        ordered = self.column.desc() if self.descending else self.column
        if not self.nullable or self.nulls_last is not self.descending:
            return ordered
        return ordered.nulls_last() if self.nulls_last else ordered.nulls_first()

    @property
    def nullable(self) -> bool:
        """Whether NULL can stand in the column."""
        return bool(getattr(self.column, "nullable", True))

    def after(self, value: Any) -> ColumnElement[bool]:  # noqa: ANN401
        """Rows that this key alone puts behind `value`."""
        if value is None:
            return false() if self.nulls_last else self.column.is_not(None)
        beyond: ColumnElement[bool] = (
            self.column < value if self.descending else self.column > value
        )
        if self.nullable and self.nulls_last:
            return or_(beyond, self.column.is_(None))
        return beyond

    def equal(self, value: Any) -> ColumnElement[bool]:  # noqa: ANN401
        """Rows that this key cannot tell from `value`."""
        return self.column.is_(None) if value is None else self.column == value


def around(before: Sequence[T], one: T, after: Sequence[T], limit: int) -> list[T]:
    """One of a list in the middle of its neighbours, which are given nearest first."""
    above = min(len(before), max(limit // 2, limit - 1 - len(after)))
    return [*reversed(before[:above]), one, *after[: limit - 1 - above]]


def behind(keys: Sequence[SortKey], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition for rows after a given one in the order of `keys`.

    One comparison of tuples where PostgreSQL can use it with an index; else a chain,
    led by a bound on the first key so that the index still limits the scan.
    """
    first, bound = keys[0], [_bound(*pair) for pair in zip(keys, values, strict=True)]
    plain = all(key.descending is first.descending and not key.nullable for key in keys)
    if plain:
        left = tuple_(*(key.column for key in keys))
        right = tuple_(*bound)
        return left < right if first.descending else left > right
    chain = [
        and_(*(k.equal(v) for k, v in before), key.after(value))
        for key, value, before in _prefixes(keys, bound)
    ]
    if first.nullable or bound[0] is None:
        return or_(*chain)
    limit = first.column <= bound[0] if first.descending else first.column >= bound[0]
    return and_(limit, or_(*chain))


def _bound(key: SortKey, value: Any) -> ColumnElement[Any] | None:  # noqa: ANN401
    """A value as a parameter: SQLAlchemy compares nothing with a plain True."""
    return None if value is None else literal(value, key.column.type)


def _prefixes(
    keys: Sequence[SortKey], values: Sequence[Any]
) -> list[tuple[SortKey, Any, list[tuple[SortKey, Any]]]]:
    pairs = list(zip(keys, values, strict=True))
    return [(key, value, pairs[:at]) for at, (key, value) in enumerate(pairs)]


def fingerprint(keys: Sequence[SortKey], filters: Sequence[ColumnElement[bool]]) -> str:
    """What ties a cursor to its list: the order and the filters with their values."""
    items = (*(key.expression for key in keys), *filters)
    texts = "\n".join(_text_and_values(item) for item in items)
    return hashlib.sha256(texts.encode()).hexdigest()[:12]


def _text_and_values(item: ColumnElement[Any]) -> str:
    """SQL and values of an expression; compiled once for each form it comes in."""
    cache_key = item._generate_cache_key()
    if cache_key is None:
        compiled = item.compile(dialect=DIALECT)
        return f"{compiled} {list(compiled.params.values())}"
    form = cache_key.key
    text = _FORMS.get(form)
    if text is None:
        if len(_FORMS) >= MOST_FORMS:
            _FORMS.clear()
        text = _FORMS[form] = str(item.compile(dialect=DIALECT))
    values = [parameter.effective_value for parameter in cache_key.bindparams]
    return f"{text} {values}"


def write_cursor(mark: str, values: Sequence[Any]) -> str:
    """An opaque text that names the last row of a page."""
    plain = [str(v) if isinstance(v, tuple(_TEXTS)) else v for v in values]
    text = json.dumps([_seal(mark, plain), *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, mark: str, keys: Sequence[SortKey]) -> list[Any]:
    """The values in a cursor; ForeignCursor if it was made for another list."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found, *values = json.loads(base64.b64decode(padded, b"-_", validate=True))
        if found != _seal(mark, values) or len(values) != len(keys):
            raise ValueError(found)
        return [_value(key, v) for key, v in zip(keys, values, strict=True)]
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise ForeignCursor from error


def _seal(mark: str, values: Sequence[Any]) -> str:
    """What shows that neither the list nor the values were exchanged."""
    return hashlib.sha256(f"{mark}{json.dumps(values)}".encode()).hexdigest()[:12]


def _value(key: SortKey, value: Any) -> Any:  # noqa: ANN401
    if value is None:
        return None
    kind = key.column.type
    wanted = getattr(kind, "impl", kind).python_type  # below a TypeDecorator
    if wanted in _TEXTS:
        return _TEXTS[wanted](value)
    if type(value) is not wanted:
        raise ValueError(value)
    return value
