"""Types of columns, from calls and from annotations."""

import ast

from tuxdb.audit.sql.mapping.classes import dotted

_NAMES = """
ARRAY BIGINT BIT BLOB BOOLEAN BYTEA BigInteger Boolean CHAR CIDR CITEXT DATE DATERANGE
DATETIME DECIMAL DOUBLE DOUBLE_PRECISION Date DateTime Double FLOAT Float HSTORE INET
INT INT4RANGE INT8RANGE INTEGER INTERVAL Integer Interval JSON JSONB LargeBinary
MACADDR MONEY NCHAR NUMERIC NUMRANGE NVARCHAR Numeric OID REAL SMALLINT SmallInteger
String TEXT TIME TIMESTAMP TSRANGE TSTZRANGE TSVECTOR Text Time UUID Unicode
UnicodeText Uuid VARCHAR
"""
NAMES = frozenset(_NAMES.split())
RENAMED = {"AutoString": "String"}
ANNOTATIONS = {
    "int": "Integer",
    "str": "String",
    "bool": "Boolean",
    "float": "Float",
    "bytes": "LargeBinary",
    "datetime": "DateTime",
    "date": "Date",
    "time": "Time",
    "timedelta": "Interval",
    "Decimal": "Numeric",
    "UUID": "Uuid",
}


def type_source(node: ast.expr) -> str | None:
    """A type as source over SQLAlchemy's own names; None for anything else."""
    if isinstance(node, ast.Name | ast.Attribute):
        bare = dotted(node).rpartition(".")[2]
        bare = RENAMED.get(bare, bare)
        return bare if bare in NAMES else None
    name = type_source(node.func) if isinstance(node, ast.Call) else None
    if name is None or not isinstance(node, ast.Call):
        return None
    parts = [_argument(one) for one in node.args]
    for keyword in node.keywords:
        value = _argument(keyword.value)
        parts.append(f"{keyword.arg}={value}" if keyword.arg and value else None)
    if any(part is None for part in parts):
        return None
    return f"{name}({', '.join(part for part in parts if part)})"


def annotated(node: ast.expr) -> tuple[ast.expr, bool]:
    """What an annotation wraps, and whether it may be None."""
    optional = False
    while True:
        inner, may_be_none = _step(node)
        optional = optional or may_be_none
        if inner is None:
            return node, optional
        node = inner


def _step(node: ast.expr) -> tuple[ast.expr | None, bool]:
    """Take off one layer; None if there is none that means the column's type."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _parsed(node.value), False
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(_sides(node))
    if not isinstance(node, ast.Subscript):
        return None, False
    name = dotted(node.value).rpartition(".")[2]
    if name in ("Mapped", "Required"):
        return node.slice, False
    if name == "Optional":
        return node.slice, True
    if name == "Union" and isinstance(node.slice, ast.Tuple):
        return _union(node.slice.elts)
    return None, False


def annotation_type(node: ast.expr, known: dict[str, str]) -> str | None:
    """The type that SQLAlchemy takes for an annotation."""
    name = dotted(node).rpartition(".")[2]
    return known.get(name) or ANNOTATIONS.get(name)


def _union(sides: list[ast.expr]) -> tuple[ast.expr | None, bool]:
    others = [one for one in sides if not _is_none(one)]
    return (others[0] if len(others) == 1 else None), len(others) < len(sides)


def _sides(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _sides(node.left) + _sides(node.right)
    return [node]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _argument(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | str | None):
        return repr(node.value)
    return type_source(node)
