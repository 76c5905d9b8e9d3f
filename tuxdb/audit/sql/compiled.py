"""The SQL that a replacement sends, with the original's own parameter numbers."""

import re
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from tuxdb.audit.sql.namespace import Argument

DIALECT = create_engine("postgresql+asyncpg://").dialect
FAILURES = (
    SQLAlchemyError,
    AttributeError,
    KeyError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)
_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\d+)")


class NotCompiled(ValueError):
    """SQLAlchemy would send something that has no fixed text."""


def sql_of(statement: Any) -> str:  # noqa: ANN401 - any statement of SQLAlchemy's
    """Compile for the driver in use; raises NotCompiled or one of FAILURES."""
    compiled = statement.compile(dialect=DIALECT)
    added = [
        *getattr(compiled, "insert_prefetch", ()),
        *getattr(compiled, "update_prefetch", ()),
    ]
    if added:
        raise NotCompiled(f"the model's default adds the column {added[0].name}")
    expanded = compiled.construct_expanded_state({}, escape_names=False)
    values = [expanded.parameters[name] for name in (expanded.positiontup or ())]

    def place(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        return _written(values[int(found[1]) - 1])

    return _PARAMETER.sub(place, expanded.statement)


def _written(value: object) -> str:
    if isinstance(value, Argument):
        return f"${value.number}"
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    raise NotCompiled(f"a constant of type {type(value).__name__}")
