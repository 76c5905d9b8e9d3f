"""Evaluating a replacement with names of our own; the project is never imported.

Classes of the project are stood in for by declarative classes built from what its
source says; everything else is SQLAlchemy's.
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, mapped_column

from tuxdb.audit.sql.mapping.model import ModelColumn, ModelSource
from tuxdb.audit.sql.results import ARGUMENT, Converted

MODULES = frozenset(
    {
        "sqlalchemy",
        "sqlalchemy.orm",
        "sqlalchemy.dialects",
        "sqlalchemy.dialects.postgresql",
    }
)


class Argument:
    """Stands for an argument of the call, whatever its value."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __repr__(self) -> str:
        return f"{ARGUMENT}{self.number}"


class NotEvaluated(ValueError):
    """A replacement names something that is not known here."""


def evaluate(
    converted: Converted,
    stand_ins: Mapping[str, type],
    arguments: Sequence[object] | None = None,
) -> Any:  # noqa: ANN401 - a statement of SQLAlchemy's
    """Build the statement that a replacement's source describes.

    Without arguments, each is an `Argument` that stands for any value.
    """
    names: dict[str, Any] = {"__builtins__": {}}
    for line in converted.imports:
        names.update(_imported(line, stand_ins))
    for number in range(1, len(converted.params) + 1):
        value = arguments[number - 1] if arguments is not None else Argument(number)
        names[f"{ARGUMENT}{number}"] = value
    for line in (*converted.definitions, *converted.setup):
        # our own text, over our own names, with no builtins
        exec(line, names)  # noqa: S102
    return eval(converted.expression, names)  # noqa: S307


def build(models: Iterable[ModelSource]) -> dict[str, type]:
    """Classes with the mapping that the models' source describes."""

    class Base(DeclarativeBase):
        pass

    built: dict[str, type] = {}
    tables: set[tuple[str, str]] = set()
    for model in models:
        usable = any(column.primary_key for column in model.columns)
        if usable and (model.schema, model.table) not in tables:
            tables.add((model.schema, model.table))
            built[model.name] = _class(Base, model)
    return built


def type_object(source: str) -> Any:  # noqa: ANN401 - a type of SQLAlchemy's
    """A type from its source, which the reader of models has checked."""
    names: dict[str, Any] = {"__builtins__": {}}
    names |= {name: getattr(sqltypes, name) for name in dir(sqltypes)}
    names |= {
        name: getattr(postgresql, name)
        for name in postgresql.__all__
        if name not in ("array", "insert", "Insert")
    }
    names["JSON"] = postgresql.JSON
    names["ARRAY"] = postgresql.ARRAY
    found = eval(source, names)  # noqa: S307 - names of types and literals only
    return found() if isinstance(found, type) else found


def _class(base: type, model: ModelSource) -> type:
    body: dict[str, Any] = {"__tablename__": model.table, "__module__": __name__}
    if model.schema:
        body["__table_args__"] = {"schema": model.schema}
    for column in model.columns:
        body[column.attribute] = _mapped(column)
    return type(model.name, (base,), body)


def _mapped(column: ModelColumn) -> Any:  # noqa: ANN401 - a descriptor of SQLAlchemy's
    options: dict[str, Any] = {}
    if column.default:
        options["default"] = _computed
    if column.onupdate:
        options["onupdate"] = _computed
    return mapped_column(
        column.name,
        type_object(column.type) if column.type else _Unknown(),
        primary_key=column.primary_key,
        nullable=column.nullable,
        **options,
    )


class _Unknown(sqltypes.UserDefinedType[Any]):
    """Stand for a type that is not known: SQLAlchemy maps no column without one."""

    cache_ok = True


def _computed() -> None:
    """Stand for a default that Python computes."""


def _imported(line: str, stand_ins: Mapping[str, type]) -> dict[str, Any]:
    words = line.split()
    if words[0] == "import":
        module = importlib.import_module(words[1])
        return {words[-1]: module}
    module_name, name = words[1], words[3]
    if module_name in MODULES:
        module = importlib.import_module(module_name)
        return {name: getattr(module, name)}
    if name not in stand_ins:
        raise NotEvaluated(f"{name} has no mapping that could be read")
    return {name: stand_ins[name]}
