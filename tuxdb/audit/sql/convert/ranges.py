"""What a statement reads from: tables, aliases, sub-selects, and their scopes."""

import keyword
from dataclasses import dataclass, field

from tuxdb.audit.sql.catalogue import Relation
from tuxdb.audit.sql.convert.context import CannotConvert, Context, attribute
from tuxdb.audit.sql.mapping.model import ModelSource


class ModelUnfit(Exception):
    """A model does not map what a statement needs."""

    def __init__(self, model: str, column: str, what: str = "missing") -> None:
        sentence = (
            f"the model {model} has a default for {column} that the statement lacks"
            if what == "default"
            else f"the model {model} does not map the column {column}"
        )
        super().__init__(sentence)
        self.model, self.column = model, column


@dataclass(frozen=True)
class RangeColumn:
    """A column that a name may mean: its source, the server's and the model's type."""

    name: str
    code: str
    type: str | None
    declared: str | None  # what SQLAlchemy takes it for
    not_null: bool = False


@dataclass
class Range:
    """One item of FROM: the name it has in SQL, and the Python that stands for it."""

    name: str
    code: str
    columns: tuple[RangeColumn, ...]
    entity: str | None = None  # the class, if the code is the class itself
    whole: str | None = None  # selects every column in the server's order
    nullable: bool = False  # on the empty side of an outer join
    model: str | None = None
    missing: frozenset[str] = frozenset()  # columns that the model does not map

    def column(self, name: str) -> RangeColumn | None:
        """One column by its name in SQL."""
        return next((one for one in self.columns if one.name == name), None)


@dataclass
class Scope:
    """The names that one query sees, its own first, then those around it."""

    parent: "Scope | None" = None
    ranges: list[Range] = field(default_factory=list)
    ctes: dict[str, Range] = field(default_factory=dict)
    outer: list[Range] = field(default_factory=list)  # of queries around, in use here
    merged: tuple[str, ...] = ()  # the columns of USING
    mixed: bool = False  # USING with other columns as well

    def resolve(self, name: str, qualifier: str | None) -> tuple[Range, RangeColumn]:
        """Find the column that a reference means."""
        scope: Scope | None = self
        passed: list[Scope] = []
        while scope is not None:
            found = scope._own(name, qualifier)
            if found is not None:
                for inner in passed:
                    if not any(one is found[0] for one in inner.outer):
                        inner.outer.append(found[0])
                return found
            passed.append(scope)
            scope = scope.parent
        full = f"{qualifier}.{name}" if qualifier else name
        raise CannotConvert(f"{full} is not a column of the statement", "name")

    def parent_for_operand(self) -> "Scope":
        """What an operand of a set operation sees: what is around it, and CTEs."""
        return Scope(self.parent, ctes=self.ctes)

    def range(self, qualifier: str) -> Range:
        """The item of FROM with a name; only of this query."""
        for one in self.ranges:
            if one.name == qualifier:
                return one
        raise CannotConvert(f"{qualifier} is not in FROM", "name")

    def cte(self, name: str) -> Range | None:
        """The common table expression with a name."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return scope.ctes[name]
            scope = scope.parent
        return None

    def _own(
        self, name: str, qualifier: str | None
    ) -> tuple[Range, RangeColumn] | None:
        for one in self.ranges:
            if qualifier is None or one.name == qualifier:
                column = one.column(name)
                if column is not None:
                    return one, column
                if name in one.missing:
                    raise ModelUnfit(one.model or "", name)
        return None


def table_range(
    context: Context, relation: Relation, name: str, aliased: bool
) -> Range:
    """Stand for a table: by its model if there is a faithful one, else by itself."""
    context.used_tables[relation.name] = None
    model = context.model(relation)
    first = relation.name not in context.plain and not (
        aliased and name != relation.name and _is_shared(context, relation)
    )
    if first:
        context.plain.add(relation.name)
    if model is not None:
        return _model_range(context, relation, model, name, first=first)
    return _core_range(context, relation, name, first=first)


def _is_shared(context: Context, relation: Relation) -> bool:
    return context.occurrences.get(relation.name, 0) > 1


def _model_range(
    context: Context, relation: Relation, model: ModelSource, name: str, *, first: bool
) -> Range:
    context.imports[f"from {model.module} import {model.name}"] = None
    context.used_models[model.name] = None
    code = model.name
    if not first:
        aliased = context.use("aliased", "sqlalchemy.orm")
        wanted = context.free(name if name != relation.name else f"other_{name}")
        code = context.bind(wanted, f"{aliased}({model.name}, name={wanted!r})")
    columns = []
    for column in relation.columns:
        mapped = model.column(column.name)
        if mapped is not None and mapped.type:
            declared = declared_type(mapped.type)
            columns.append(
                RangeColumn(
                    column.name,
                    f"{code}.{mapped.attribute}",
                    column.type,
                    declared,
                    column.not_null,
                )
            )
    known = {one.name for one in columns}
    missing = [name for name in relation.names if name not in known]
    same_order = [one.name for one in model.columns] == list(relation.names)
    whole = f"{code}.__table__" if first and same_order and not missing else None
    entity = model.name if first and whole else None
    return Range(
        name,
        code,
        tuple(columns),
        entity=entity,
        whole=whole,
        model=model.name,
        missing=frozenset(missing),
    )


def _core_range(
    context: Context, relation: Relation, name: str, *, first: bool
) -> Range:
    code = table_definition(context, relation)
    if not first:
        wanted = context.free(name if name != relation.name else f"other_{name}")
        code = context.bind(wanted, f"{code}.alias({wanted!r})")
    columns = tuple(
        RangeColumn(
            column.name,
            attribute(code, column.name),
            column.type,
            column.type,
            column.not_null,
        )
        for column in relation.columns
    )
    return Range(name, code, columns, whole=code)


def table_definition(context: Context, relation: Relation) -> str:
    """Define a table that has no model, with all its columns; returns its name."""
    table, column = context.use("table"), context.use("column")
    parts = [repr(relation.name)]
    for one in relation.columns:
        type_source = _known_type(context, one.type)
        parts.append(f"{column}({one.name!r}{type_source})")
    if relation.schema != "public":
        parts.append(f"schema={relation.schema!r}")
    variable = table_name(relation.name)
    context.definitions[f"{variable} = {table}({', '.join(parts)})"] = None
    return variable


def table_name(name: str) -> str:
    """The name of a module's variable for a table."""
    word = "".join(char if char.isalnum() else "_" for char in name)
    return f"{word}_table" if keyword.iskeyword(word) else f"{word.strip('_')}_table"


def _known_type(context: Context, name: str) -> str:
    try:
        return f", {context.type_source(name)}"
    except CannotConvert:
        return ""


def declared_type(source: str) -> str | None:
    """The server's name of a type written in a model; None with a precision."""
    bare, _, arguments = source.partition("(")
    name = bare.rpartition(".")[2]
    if name == "DateTime":
        zoned = "timezone=True" in arguments
        return f"timestamp with{'' if zoned else 'out'} time zone"
    if name in _NAMES:
        return _NAMES[name]
    if name in ("Numeric", "DECIMAL", "NUMERIC", "Float", "FLOAT"):
        if arguments not in ("", ")"):
            return None
        return (
            "numeric" if name.lower() in ("numeric", "decimal") else "double precision"
        )
    if name == "ARRAY":
        inner = declared_type(arguments.removesuffix(")"))
        return f"{inner}[]" if inner and "(" not in arguments else None
    return None


_NAMES = {
    "BigInteger": "bigint",
    "BIGINT": "bigint",
    "Integer": "integer",
    "INTEGER": "integer",
    "INT": "integer",
    "SmallInteger": "smallint",
    "SMALLINT": "smallint",
    "Boolean": "boolean",
    "BOOLEAN": "boolean",
    "String": "character varying",
    "VARCHAR": "character varying",
    "AutoString": "character varying",
    "Unicode": "character varying",
    "Text": "text",
    "TEXT": "text",
    "UnicodeText": "text",
    "TIMESTAMP": "timestamp without time zone",
    "Date": "date",
    "DATE": "date",
    "Interval": "interval",
    "INTERVAL": "interval",
    "Double": "double precision",
    "DOUBLE_PRECISION": "double precision",
    "REAL": "real",
    "LargeBinary": "bytea",
    "BYTEA": "bytea",
    "Uuid": "uuid",
    "UUID": "uuid",
    "JSONB": "jsonb",
    "JSON": "json",
}
