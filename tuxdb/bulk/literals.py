"""Values typed by a person, read as the type of their column, never guessed."""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Uuid,
)
from sqlalchemy import BigInteger as Big
from sqlalchemy.types import TypeEngine

WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
NUMBER = re.compile(
    r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,3})?"
)
TRUE = ("true", "t", "yes", "on", "1")
FALSE = ("false", "f", "no", "off", "0")


class BadLiteral(ValueError):
    """A text that is no value of its column; the message completes "… is"."""


def read_literal(text: str, column: Column[Any]) -> Any:  # noqa: ANN401
    """The value of a text for a column; BadLiteral with the reason if there is none."""
    if "\0" in text:
        raise BadLiteral("a text with a NUL character, which PostgreSQL cannot hold")
    kind = getattr(column.type, "impl", column.type)  # below a TypeDecorator
    for known, read in _READERS:
        if isinstance(kind, known):
            return read(text, kind)
    raise BadLiteral(f"of type {column.type}, which cannot be given as a text")


def _whole(text: str, kind: TypeEngine[Any]) -> int:
    if not WHOLE.fullmatch(text):
        raise BadLiteral("not a whole number in ASCII digits")
    bits = 63 if isinstance(kind, Big) else 15 if isinstance(kind, SmallInteger) else 31
    value = int(text)
    if not -(2**bits) <= value < 2**bits:
        raise BadLiteral(f"outside {-(2**bits)} to {2**bits - 1}")
    return value


def _text(text: str, kind: TypeEngine[Any]) -> str:
    longest = getattr(kind, "length", None)
    if longest is not None and len(text) > longest:
        raise BadLiteral(f"longer than {longest} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadLiteral("not valid Unicode") from error
    return text


def _boolean(text: str, _kind: TypeEngine[Any]) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise BadLiteral("not true or false")


def _moment(text: str, kind: TypeEngine[Any]) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadLiteral("not a time such as 2026-01-31T12:00:00Z") from error
    if getattr(kind, "timezone", False):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _date(text: str, _kind: TypeEngine[Any]) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadLiteral("not a date such as 2026-01-31") from error


def _float(text: str, _kind: TypeEngine[Any]) -> float:
    if not NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise BadLiteral("not a finite number")
    return float(text)


def _decimal(text: str, _kind: TypeEngine[Any]) -> Decimal:
    try:
        if NUMBER.fullmatch(text):
            return Decimal(text)
    except InvalidOperation as error:
        raise BadLiteral("not a finite number") from error
    raise BadLiteral("not a finite number")


def _uuid(text: str, _kind: TypeEngine[Any]) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadLiteral("not a UUID") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _json(text: str, _kind: TypeEngine[Any]) -> Any:  # noqa: ANN401
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadLiteral("not JSON") from error


def _choice(text: str, kind: TypeEngine[Any]) -> str:
    allowed = getattr(kind, "enums", [])
    if text not in allowed:
        raise BadLiteral(f"not one of {', '.join(allowed)}")
    return text


def _bytes(text: str, _kind: TypeEngine[Any]) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("\\x"))
    except ValueError as error:
        raise BadLiteral("not bytes in hexadecimal") from error


_READERS: tuple[tuple[type[TypeEngine[Any]], Callable[[str, Any], Any]], ...] = (
    (Integer, _whole),
    (Enum, _choice),
    (String, _text),
    (Boolean, _boolean),
    (DateTime, _moment),
    (Date, _date),
    (Float, _float),
    (Numeric, _decimal),
    (Uuid, _uuid),
    (JSON, _json),
    (LargeBinary, _bytes),
)
