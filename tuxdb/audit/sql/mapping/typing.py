"""Types of columns, from calls and from annotations."""

import ast

from tuxdb.audit.sql.mapping.classes import dotted

NAMES = frozenset(
    """
    BigInteger BIGINT Integer INTEGER INT SmallInteger SMALLINT Boolean BOOLEAN String
    VARCHAR CHAR NCHAR NVARCHAR Unicode Text TEXT UnicodeText Numeric NUMERIC DECIMAL
    Float FLOAT Double DOUBLE DOUBLE_PRECISION REAL DateTime TIMESTAMP DATETIME Date DATE
    Time TIME Interval INTERVAL LargeBinary BYTEA BLOB Uuid UUID JSON JSONB ARRAY INET
    CIDR MACADDR HSTORE CITEXT TSVECTOR BIT OID MONEY INT4RANGE INT8RANGE NUMRANGE
    DATERANGE TSRANGE TSTZRANGE
    """.split()
)
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
OPTIONAL = frozenset({"Optional"})


def type_source(node: ast.expr) -> str | None:
    """A type as source over SQLAlchemy's own names; None for anything else."""
    if isinstance(node, ast.Name | ast.Attribute):
        name = dotted(node).rpartition(".")[2]
        name = RENAMED.get(name, name)
        return name if name in NAMES else None
    if not isinstance(node, ast.Call):
        return None
    name = type_source(node.func)
    if name is None:
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
    inner = node
    if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
        inner = _parsed(inner.value) or inner
    optional = False
    while True:
        if isinstance(inner, ast.Subscript):
            name = dotted(inner.value).rpartition(".")[2]
            if name in ("Mapped", "Required"):
                inner = inner.slice
            elif name in OPTIONAL:
                inner, optional = inner.slice, True
            elif name == "Union" and isinstance(inner.slice, ast.Tuple):
                inner, optional = _union(inner.slice.elts, inner, optional=optional)
                if isinstance(inner, ast.Subscript):
                    return inner, optional
            else:
                return inner, optional
        elif isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.BitOr):
            sides = _sides(inner)
            found, optional = _union(sides, inner, optional=optional)
            if found is inner:
                return inner, optional
            inner = found
        elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            parsed = _parsed(inner.value)
            if parsed is None:
                return inner, optional
            inner = parsed
        else:
            return inner, optional


def annotation_type(node: ast.expr, known: dict[str, str]) -> str | None:
    """The type that SQLAlchemy takes for an annotation."""
    name = dotted(node).rpartition(".")[2]
    return known.get(name) or ANNOTATIONS.get(name)


def _union(
    sides: list[ast.expr], whole: ast.expr, *, optional: bool
) -> tuple[ast.expr, bool]:
    others = [one for one in sides if not _is_none(one)]
    optional = optional or len(others) < len(sides)
    return (others[0] if len(others) == 1 else whole), optional


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
