"""The process that imports a project's models, and writes what they are.

    python -m tuxdb.audit.sql.mapping.importing package.module:Base.metadata 60 5

It is started by `imported`, in the project's folder, and runs the project's own code:
nothing else imports it. It takes so many seconds at most, and one JSON document goes to
the descriptor that is named last; whatever the project prints goes elsewhere.
"""

import importlib
import json
import keyword
import os
import pkgutil
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, Self

from sqlalchemy import Column, MetaData, Table, create_mock_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper
from sqlalchemy.schema import CreateSchema, CreateTable
from sqlalchemy.types import TypeDecorator, TypeEngine

from tuxdb.audit.sql.mapping.model import ModelColumn, ModelSource

ADDRESS = "postgresql+asyncpg://"  # of the dialect; nothing is connected
BACKGROUND = "(Background on this error at:"
STRINGS = "sqlmodel.sql.sqltypes"  # its AutoString is a String


def main(name: str, seconds: int, descriptor: int) -> None:
    """Import the models, and write what they are."""
    del sys.argv[1:]  # what the project reads of the command line is not ours
    signal.alarm(seconds)  # should nobody be left who waits for the answer
    os.set_inheritable(descriptor, False)
    sys.path.insert(0, str(Path.cwd()))
    with _Answer(descriptor) as answer:
        answer.document = described(loaded(name))


class _Answer:
    """Write a document behind the block, or what ended it: sys.exit of the project too.

    The process ends then and there, whatever threads the project has started.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.document: dict[str, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: object
    ) -> NoReturn:
        if error is not None:
            missing = isinstance(error, ModuleNotFoundError)
            self.document = {"error": last_line(error), "missing": missing}
        with os.fdopen(self.descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(self.document) + "\n")
        os._exit(0)


def loaded(name: str) -> MetaData:
    """Import a module, and all of its package; return the metadata that it names."""
    place, _, path = name.partition(":")
    module = importlib.import_module(place)
    for below in _below(module):
        importlib.import_module(below)
    found: object = module
    for attribute in path.split("."):
        found = getattr(found, attribute)
    found = getattr(found, "metadata", found)
    if not isinstance(found, MetaData):
        raise TypeError(f"{path} is not a MetaData")
    return found


def _below(module: ModuleType) -> Iterator[str]:
    """The modules of a package: a table is known once its module is imported."""
    paths = getattr(module, "__path__", [])
    for found in pkgutil.walk_packages(paths, f"{module.__name__}."):
        if not found.name.endswith(".__main__"):  # it would start the program
            yield found.name


def last_line(error: BaseException) -> str:
    """The line that a traceback ends with."""
    text = "".join(traceback.format_exception_only(error))
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith(BACKGROUND)]
    return kept[-1] if kept else type(error).__name__


def described(metadata: MetaData) -> dict[str, Any]:
    """What the audit needs to know of the metadata."""
    script, left_out = _script(metadata)
    return {
        "script": script,
        "left_out": left_out,
        "tables": [table.fullname for table in metadata.tables.values()],
        "models": [asdict(_model(*pair)) for pair in _mappers(metadata)],
    }


# -- the schema ------------------------------------------------------------------------


def _script(metadata: MetaData) -> tuple[str, list[str]]:
    """The statements that make the tables, and what PostgreSQL has no words for."""
    pieces: list[str] = []

    def note(statement: Any, *_parameters: object) -> None:  # noqa: ANN401 - any DDL
        compiled = getattr(statement, "compile", None)
        text = statement if compiled is None else compiled(dialect=engine.dialect)
        pieces.append(str(text).strip().rstrip(";"))

    engine = create_mock_engine(ADDRESS, note)
    kept: list[Table] = []
    left_out: list[str] = []
    for table in metadata.tables.values():
        try:
            CreateTable(table).compile(dialect=engine.dialect)
        except SQLAlchemyError as error:
            left_out.append(f"table {table.fullname}: {last_line(error)}")
        else:
            kept.append(table)
    for schema in sorted({table.schema for table in kept if table.schema}):
        note(CreateSchema(schema, if_not_exists=True))
    metadata.create_all(engine, tables=kept, checkfirst=False)
    return "".join(f"{piece};\n" for piece in pieces), left_out


# -- the classes -----------------------------------------------------------------------


def _mappers(metadata: MetaData) -> list[tuple[Mapper[Any], Table]]:
    """The mapper of each table's class, where a class can be imported by its name.

    One that says more or less than its columns do is left out: by inheritance, by
    versions, by columns that it does not map.
    """
    found: dict[str, tuple[Mapper[Any], Table]] = {}
    for one in sorted(_classes(), key=lambda one: (one.__module__, one.__name__)):
        mapper = vars(one).get("__mapper__")
        table = mapper.local_table if isinstance(mapper, Mapper) else None
        if not isinstance(mapper, Mapper) or not isinstance(table, Table):
            continue
        more = (mapper.inherits, mapper.polymorphic_on, mapper.version_id_col)
        plain = all(part is None for part in more) and _is_whole(mapper, table)
        if plain and table.metadata is metadata:
            found.setdefault(table.fullname, (mapper, table))
    return list(found.values())


def _is_whole(mapper: Mapper[Any], table: Table) -> bool:
    """Whether each column has an attribute that can be written."""
    names = {
        id(column): name
        for name, column in mapper.columns.items()
        if name.isidentifier() and not keyword.iskeyword(name)
    }
    return all(id(column) in names for column in table.columns)


def _classes() -> list[type]:
    """Every class that a loaded module has under the class's own name."""
    found = []
    for name, module in list(sys.modules.items()):
        for key, value in list(getattr(module, "__dict__", {}).items()):
            # isinstance() would ask proxies, which may have nothing to say yet
            if issubclass(type(value), type) and (
                (value.__module__, value.__name__) == (name, key)
            ):
                found.append(value)
    return found


def _model(mapper: Mapper[Any], table: Table) -> ModelSource:
    one = mapper.class_
    columns = {
        column.name: _column(attribute, column, mapper)
        for attribute, column in mapper.columns.items()
        if isinstance(column, Column) and column.table is table
    }
    return ModelSource(
        one.__name__,
        one.__module__,
        str(table.name),
        tuple(columns[column.name] for column in table.columns),
        schema=table.schema or "",
    )


def _column(attribute: str, column: Column[Any], mapper: Mapper[Any]) -> ModelColumn:
    key = column.primary_key or any(one is column for one in mapper.primary_key)
    held = getattr(getattr(mapper.class_, attribute, None), "property", None)
    apart = getattr(held, "deferred", True)  # it is not read with the others
    return ModelColumn(
        attribute,
        column.name,
        "" if apart else type_text(column.type),
        nullable=bool(column.nullable) and not key,
        primary_key=key,
        default=column.default is not None,
        onupdate=column.onupdate is not None,
        unique=bool(column.unique),
    )


def type_text(kind: TypeEngine[Any]) -> str:
    """A type of SQLAlchemy's as source; "" for one that may change values."""
    module = type(kind).__module__
    own = module.startswith("sqlalchemy.") and not isinstance(kind, TypeDecorator)
    if not own and (module, type(kind).__name__) != (STRINGS, "AutoString"):
        return ""
    inner = getattr(kind, "item_type", None)
    if inner is not None and not type_text(inner):
        return ""
    return repr(kind).replace("astext_type=Text()", "").replace("()", "")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
