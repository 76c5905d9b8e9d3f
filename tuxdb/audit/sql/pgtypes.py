"""PostgreSQL's types and SQLAlchemy's names for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

DIALECT = "sqlalchemy.dialects.postgresql"
TEXTS = frozenset({"text", "character varying"})
INTEGERS = frozenset({"smallint", "integer", "bigint"})

# as format_type() writes them, without precision: (source, module)
_SOURCES: Mapping[str, tuple[str, str]] = {
    "bigint": ("BigInteger", "sqlalchemy"),
    "integer": ("Integer", "sqlalchemy"),
    "smallint": ("SmallInteger", "sqlalchemy"),
    "boolean": ("Boolean", "sqlalchemy"),
    "text": ("Text", "sqlalchemy"),
    "character varying": ("String", "sqlalchemy"),
    "character": ("CHAR", "sqlalchemy"),
    "numeric": ("Numeric", "sqlalchemy"),
    "double precision": ("Double", "sqlalchemy"),
    "real": ("REAL", "sqlalchemy"),
    "timestamp without time zone": ("DateTime", "sqlalchemy"),
    "timestamp with time zone": ("DateTime(timezone=True)", "sqlalchemy"),
    "date": ("Date", "sqlalchemy"),
    "time without time zone": ("Time", "sqlalchemy"),
    "time with time zone": ("Time(timezone=True)", "sqlalchemy"),
    "interval": ("Interval", "sqlalchemy"),
    "bytea": ("LargeBinary", "sqlalchemy"),
    "uuid": ("Uuid", "sqlalchemy"),
    "json": ("JSON", DIALECT),
    "jsonb": ("JSONB", DIALECT),
    "inet": ("INET", DIALECT),
    "cidr": ("CIDR", DIALECT),
    "macaddr": ("MACADDR", DIALECT),
    "bit": ("BIT", DIALECT),
    "bit varying": ("BIT(varying=True)", DIALECT),
    "hstore": ("HSTORE", DIALECT),
    "citext": ("CITEXT", DIALECT),
    "tsvector": ("TSVECTOR", DIALECT),
    "tsquery": ("TSQUERY", DIALECT),
    "regclass": ("REGCLASS", DIALECT),
    "oid": ("OID", DIALECT),
    "money": ("MONEY", DIALECT),
    "int4range": ("INT4RANGE", DIALECT),
    "int8range": ("INT8RANGE", DIALECT),
    "numrange": ("NUMRANGE", DIALECT),
    "daterange": ("DATERANGE", DIALECT),
    "tsrange": ("TSRANGE", DIALECT),
    "tstzrange": ("TSTZRANGE", DIALECT),
}

# the grammar's internal names, and those of SQLAlchemy's compiler
_ALIASES: Mapping[str, str] = {
    "int2": "smallint",
    "int4": "integer",
    "int": "integer",
    "int8": "bigint",
    "bool": "boolean",
    "float4": "real",
    "float8": "double precision",
    "float": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "char": "character",
    "decimal": "numeric",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "serial": "integer",
    "bigserial": "bigint",
    "smallserial": "smallint",
}
_PRECISION = re.compile(r"\s*\([^)]*\)")


@dataclass(frozen=True)
class TypeSource:
    """A SQLAlchemy type as source, and where its names come from."""

    code: str
    imports: tuple[str, ...]


class UnknownType(ValueError):
    """A type that SQLAlchemy has no name for."""


def canonical(name: str) -> str:
    """One name per type: `INT8` and `BIGINT` are `bigint`; precision is dropped."""
    bare = _PRECISION.sub("", name.strip()).lower()
    if bare.endswith("[]"):
        return f"{canonical(bare[:-2])}[]"
    if bare.startswith("_") and bare[1:] in _ALIASES:
        return f"{canonical(bare[1:])}[]"
    return _ALIASES.get(bare, bare)


def is_known(name: str | None) -> bool:
    """Whether a type is one of PostgreSQL's single values, or an array of them."""
    return name is not None and name.removesuffix("[]") in _SOURCES


def same(left: str | None, right: str | None) -> bool:
    """Whether two types are one for a parameter: equal, or both plain text."""
    if left is None or right is None:
        return False
    return left == right or (left in TEXTS and right in TEXTS)


def source(name: str, enums: Mapping[str, tuple[str, ...]] | None = None) -> TypeSource:
    """SQLAlchemy's source for a type of the server; raises UnknownType."""
    if name.endswith("[]"):
        inner = source(name[:-2], enums)
        array = f"from {DIALECT} import ARRAY"
        return TypeSource(f"ARRAY({inner.code})", (array, *inner.imports))
    if enums is not None and name in enums:
        return _enum(name, enums[name])
    if name not in _SOURCES:
        raise UnknownType(name)
    code, module = _SOURCES[name]
    return TypeSource(code, (f"from {module} import {code.partition('(')[0]}",))


def _enum(name: str, labels: tuple[str, ...]) -> TypeSource:
    schema, _, bare = name.rpartition(".")
    where = f", schema={schema!r}" if schema else ""
    values = "".join(f"{label!r}, " for label in labels)
    code = f"ENUM({values}name={bare.strip(chr(34))!r}{where}, create_type=False)"
    return TypeSource(code, (f"from {DIALECT} import ENUM",))
