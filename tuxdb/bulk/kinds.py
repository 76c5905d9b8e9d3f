"""How values of each type are read: typed by the column, never guessed.

A reader takes a text and returns it as PostgreSQL will read it, or raises BadLiteral.
Types that are not here are read by PostgreSQL itself, which is asked beforehand.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from uuid import UUID

Read = Callable[[str], str]

WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER = re.compile(
    r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?"
)
TRUE = ("true", "t", "yes", "on", "1")
FALSE = ("false", "f", "no", "off", "0")
SHOWN = 40
LENGTH_OFFSET = 4
"""What PostgreSQL adds to the length of a `varchar(n)` where it writes it down."""
BITS = {"int2": 15, "int4": 31, "int8": 63}
TEXTS = ("text", "varchar", "bpchar", "citext", "name")


class BadLiteral(ValueError):
    """A text that is no value of its column; the message completes "… is"."""


@dataclass(frozen=True)
class Kind:
    """What the type of a column means for its values.

    `settled`: `read` finds every mistake, so that the server need not be asked.
    `exact`: two values that are equal look the same, too; `citext` is not so.
    """

    base: str
    read: Read
    settled: bool = False
    exact: bool = False
    array: bool = False

    @property
    def is_text(self) -> bool:
        """Whether LIKE makes sense, and an empty text is a value."""
        return self.base in TEXTS

    @property
    def is_json(self) -> bool:
        """Whether values are JSON documents."""
        return self.base in ("json", "jsonb")

    @property
    def is_boolean(self) -> bool:
        """Whether a column is a condition by itself."""
        return self.base == "bool"

    @property
    def counts(self) -> bool:
        """Whether `column + N` makes sense."""
        return self.base in BITS or self.base in ("float4", "float8", "numeric")


def kind_of(row: Any) -> Kind:  # noqa: ANN401 - a row of the catalogue
    """The kind of a column: `base` is its type, below a domain if it is of one."""
    base, modifier = row.base, row.modifier
    read, settled, exact = _KINDS.get(base, (plain, False, False))
    if base in BITS:
        read, settled, exact = partial(_whole, BITS[base]), True, True
    elif row.labels:
        read, settled, exact = partial(_choice, tuple(row.labels)), True, True
    elif base in ("varchar", "bpchar") and modifier >= LENGTH_OFFSET:
        read = partial(_text, modifier - LENGTH_OFFSET)
    elif base == "numeric":
        settled = modifier < 0
    return Kind(
        base,
        read,
        settled=settled and not row.is_domain,
        exact=exact and row.deterministic,
        array=base.startswith("_"),
    )


def plain(text: str) -> str:
    """A text that PostgreSQL can hold."""
    if "\0" in text:
        raise BadLiteral("a text with a NUL character, which PostgreSQL cannot hold")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadLiteral("not valid Unicode") from error
    return text


def quoted(value: str) -> str:
    """A value short enough for a sentence, in quotes."""
    return repr(value if len(value) <= SHOWN else f"{value[:SHOWN]}…")


def _whole(bits: int, text: str) -> str:
    if not WHOLE.fullmatch(text):
        raise BadLiteral("not a whole number in ASCII digits")
    if not -(2**bits) <= int(text) < 2**bits:
        raise BadLiteral(f"outside {-(2**bits)} to {2**bits - 1}")
    return text


def _text(longest: int, text: str) -> str:
    if len(text) > longest:
        raise BadLiteral(f"longer than {longest} characters")
    return plain(text)


def _choice(allowed: tuple[str, ...], text: str) -> str:
    if text not in allowed:
        raise BadLiteral(f"not one of {', '.join(allowed)}")
    return text


def _boolean(text: str) -> str:
    if text.lower() in TRUE:
        return "true"
    if text.lower() in FALSE:
        return "false"
    raise BadLiteral("not true or false")


def _moment(text: str) -> str:
    """A time; without a zone it is UTC."""
    try:
        value = datetime.fromisoformat(text)
        utc = value.astimezone(UTC) if value.tzinfo else value
        return utc.isoformat(" ") if value.tzinfo else f"{utc.isoformat(' ')}+00"
    except (ValueError, OverflowError) as error:
        raise BadLiteral("not a time such as 2026-01-31T12:00:00Z") from error


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise BadLiteral("not a date such as 2026-01-31") from error


def _number(text: str) -> str:
    if not NUMBER.fullmatch(text):
        raise BadLiteral("not a finite number")
    return text


def _float(text: str) -> str:
    value = float(_number(text))
    if not math.isfinite(value):
        raise BadLiteral("not a finite number")
    return repr(value)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise BadLiteral("not a UUID") from error


def _json(text: str) -> str:
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadLiteral("not JSON") from error
    return plain(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _bytes(text: str) -> str:
    try:
        return "\\x" + bytes.fromhex(text.removeprefix("\\x")).hex()
    except ValueError as error:
        raise BadLiteral("not bytes in hexadecimal") from error


_KINDS: dict[str, tuple[Read, bool, bool]] = {
    "text": (plain, True, True),
    "varchar": (plain, True, True),
    "bpchar": (plain, True, True),
    "citext": (plain, True, False),
    "bool": (_boolean, True, True),
    "timestamptz": (_moment, True, True),
    "timestamp": (_moment, True, True),
    "date": (_date, True, True),
    "float8": (_float, True, False),
    "float4": (_float, False, False),
    "numeric": (_number, True, False),
    "uuid": (_uuid, True, True),
    "bytea": (_bytes, True, True),
    "json": (_json, False, False),
    "jsonb": (_json, False, False),
}
"""The reader of a type, whether it settles everything, whether `=` is exact."""
