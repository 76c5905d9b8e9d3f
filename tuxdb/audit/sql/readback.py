"""Whether SQLAlchemy reads a result's values as the driver gives them."""

from typing import Any

from sqlalchemy import types as sqltypes
from sqlalchemy.sql.elements import ColumnElement

from tuxdb.audit.sql.compiled import DIALECT
from tuxdb.audit.sql.pgtypes import INTEGERS, TEXTS, canonical
from tuxdb.audit.sql.results import Checked

ANYTHING = (sqltypes.NullType,)
# types that pass on what the driver gives, whatever that is
PASSING = (
    sqltypes.Integer,
    sqltypes.String,
    sqltypes.Date,
    sqltypes.DateTime,
    sqltypes.Time,
    sqltypes.Boolean,
    sqltypes.LargeBinary,
)
NUMBERS = frozenset({"numeric", "double precision", "real"}) | INTEGERS


def reading_differs(statement: Any, checked: Checked) -> str | None:  # noqa: ANN401 - SQLAlchemy's
    """Why a column would come back as something else; None if it would not."""
    columns = _columns(statement)
    if len(columns) != len(checked.columns):
        return f"{len(columns)} columns instead of {len(checked.columns)}"
    for column, output in zip(columns, checked.columns, strict=True):
        if not _reads(column.type, output.type):
            return f"the column {output.name} is {output.type}, read as {column.type!r}"
    return None


def _columns(statement: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401 - see above
    if hasattr(statement, "selected_columns") or statement._returning:
        return list(statement._all_selected_columns)
    return []


def _reads(declared: Any, actual: str) -> bool:  # noqa: ANN401 - a type of SQLAlchemy's
    """Whether a type gives the driver's value for a column of the actual type."""
    if isinstance(declared, ANYTHING):
        return True
    wanted = canonical(str(declared.compile(dialect=DIALECT)))
    if wanted == actual or (wanted in TEXTS and actual in TEXTS):
        return True
    if isinstance(declared, sqltypes.JSON | sqltypes.ARRAY | sqltypes.Interval):
        return False
    if isinstance(declared, sqltypes.Numeric):
        return False
    processor = declared.dialect_impl(DIALECT).result_processor(DIALECT, None)
    return processor is None
