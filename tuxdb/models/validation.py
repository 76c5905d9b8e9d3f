"""Checking values before they reach the database, as table classes check nothing.

The rules are read from the columns, so that they cannot differ from the tables:
type, length, whether NULL may stand there, and the bounds in `Column.info`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, NotRequired, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pydantic_core import ErrorDetails
from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, String, Uuid
from sqlalchemy import inspect as mapping_of
from sqlalchemy.types import TypeEngine
from typing_extensions import TypedDict

from tuxdb.errors import InvalidValue
from tuxdb.models.base import Model

T = TypeVar("T")

PROBLEMS = {
    "missing": "is required",
    "extra_forbidden": "is not a column of {table}",
    "int_type": "is not a whole number",
    "bool_type": "is not true or false",
    "string_type": "is not a text",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "string_too_long": "is longer than {max_length} characters",
    "string_too_short": "must not be blank",
    "string_pattern_mismatch": "holds a NUL character, which no text can",
    "string_unicode": "is not valid Unicode",
    "timezone_aware": "has no time zone",
    "datetime_type": "is not a time",
    "dict_type": "is not an object",
}
WITHOUT_NUL = r"^[^\x00]*$"


def validated(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new row, synonyms resolved; InvalidValue names the field."""
    return _checked(_shapes(model)[0], model, _plain_names(model, values))


def validated_change(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of some columns of a row that exists."""
    return _checked(_shapes(model)[1], model, _plain_names(model, values))


def validated_records(
    model: type[Model],
    columns: Sequence[str],
    records: Sequence[tuple[Any, ...]],
    *,
    numbers: Sequence[int] | None = None,
) -> list[tuple[Any, ...]]:
    """Rows as tuples, all checked in one pass at a sixth of the cost of one by one.

    The error names the first bad row by its number in `numbers`, else from 1 on.
    """
    try:
        found: list[tuple[Any, ...]] = _record_shape(model, tuple(columns))(records)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        row, *rest = first["loc"]
        field = columns[rest[0]] if rest and isinstance(rest[0], int) else "a value"
        at = int(row)
        number = numbers[at] if numbers else at + 1
        raise _invalid(model, first, f"row {number}: {field}") from None
    return found


def plain_columns(
    model: type[Model], names: Sequence[str], *, new: bool
) -> tuple[str, ...]:
    """Column names with synonyms resolved; `new` rows need all that have no default.

    Raises InvalidValue for a name that is no column, and for a missing one.
    """
    names = (names,) if isinstance(names, str) else names
    columns = tuple(_plain_names(model, dict.fromkeys(names)))
    table = mapping_of(model).local_table
    for name in columns:
        if name not in table.c:
            raise InvalidValue(name, f"is not a column of {table.name}")
    missing = [c.name for c in table.c if _is_required(c) and c.name not in columns]
    if new and missing:
        raise InvalidValue(missing[0], "is required")
    return columns


def _plain_names(model: type[Model], values: Mapping[str, Any]) -> dict[str, Any]:
    synonyms = mapping_of(model).synonyms
    if not synonyms:
        return dict(values)
    plain: dict[str, Any] = {}
    for name, value in values.items():
        column = synonyms[name].name if name in synonyms else name
        if column in plain:
            raise InvalidValue(column, "is given by two names")
        plain[column] = value
    return plain


def _checked(adapter: TypeAdapter[Any], model: type[Model], values: T) -> T:
    try:
        checked: T = adapter.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = [part for part in first["loc"] if isinstance(part, str)]
        field = where[0] if where else "a value"
        raise _invalid(model, first, field) from None  # its text would hold the value
    return checked


def _invalid(model: type[Model], error: ErrorDetails, field: str) -> InvalidValue:
    found = error.get("ctx", {}).get("error")
    if isinstance(found, InvalidValue):  # by a check of the column's own
        column = found.field.partition(".")[0]
        return InvalidValue(field.removesuffix(column) + found.field, found.problem)
    problem = PROBLEMS.get(error["type"], "does not fit its column")
    text = problem.format(table=model.__tablename__, **error.get("ctx", {}))
    return InvalidValue(field, text)


@cache
def _record_shape(
    model: type[Model], columns: tuple[str, ...]
) -> Callable[[Any], list[tuple[Any, ...]]]:
    table = mapping_of(model).local_table
    types = tuple(_value_type(table.c[name]) for name in columns)
    adapter: TypeAdapter[Any] = TypeAdapter(list[tuple[types]])  # type: ignore[valid-type]
    return adapter.validate_python


@cache
def _shapes(model: type[Model]) -> tuple[TypeAdapter[Any], ...]:
    """Adapters for a new row and for a change."""
    table = mapping_of(model).local_table
    new: dict[str, Any] = {}
    change: dict[str, Any] = {}
    for column in table.c:
        value = _value_type(column)
        change[column.name] = NotRequired[value]
        new[column.name] = value if _is_required(column) else NotRequired[value]
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    shapes: list[Any] = []
    for name, fields in (("New", new), ("Change", change)):
        make: Any = TypedDict  # made of columns, which no type checker sees
        shapes.append(with_config(config)(make(f"{name}{model.__name__}", fields)))
    return tuple(TypeAdapter(shape) for shape in shapes)


def _is_required(column: Column[Any]) -> bool:
    generated = column.identity or column.server_default or column.default
    return not column.nullable and not generated


def _value_type(column: Column[Any]) -> Any:  # noqa: ANN401
    value = _plain_type(column)
    return value | None if column.nullable else value


def _plain_type(column: Column[Any]) -> Any:  # noqa: ANN401
    kind = getattr(column.type, "impl", column.type)  # below a TypeDecorator
    for known, shape in _KINDS.items():
        if isinstance(kind, known):
            return shape(column)
    return Any


def _integer(column: Column[Any]) -> Any:  # noqa: ANN401
    low, high = column.info.get("minimum"), column.info.get("maximum")
    return Annotated[int, Field(strict=True, ge=low, le=high)]


def _text(column: Column[Any]) -> Any:  # noqa: ANN401
    may_be_blank = column.info.get("blank", True)
    rule = Field(
        strict=True,
        max_length=getattr(column.type, "length", None),
        min_length=0 if may_be_blank else 1,
        pattern=WITHOUT_NUL,
    )
    return Annotated[str, StringConstraints(strip_whitespace=not may_be_blank), rule]


def _document(column: Column[Any]) -> Any:  # noqa: ANN401
    check = column.info.get("check")
    return Annotated[dict[str, Any], AfterValidator(check)] if check else dict[str, Any]


_KINDS: dict[type[TypeEngine[Any]], Callable[[Column[Any]], Any]] = {
    Integer: _integer,
    String: _text,
    DateTime: lambda _: Annotated[AwareDatetime, Field(strict=True)],
    Boolean: lambda _: Annotated[bool, Field(strict=True)],
    JSON: _document,
    Uuid: lambda _: UUID,
}
