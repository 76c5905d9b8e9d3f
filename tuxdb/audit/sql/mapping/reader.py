"""Model classes of a project, from its files."""

import ast
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tuxdb.audit.sql.mapping.classes import ClassSource, dotted, read_classes
from tuxdb.audit.sql.mapping.columns import attributes, column_of
from tuxdb.audit.sql.mapping.model import ModelColumn, ModelSource
from tuxdb.audit.sql.mapping.typing import type_source


def read_models(paths: Iterable[Path]) -> tuple[ModelSource, ...]:
    """Every mapped class whose table is named in the source, one a table."""
    found: dict[tuple[str, str], ModelSource] = {}
    for one in read_classes(paths):
        table = _table(one)
        if table is None or not one.is_mapped:
            continue
        model = _model(one, table)
        if model.columns:
            found.setdefault((model.schema, model.table), model)
    return tuple(found.values())


def _model(one: ClassSource, table: str) -> ModelSource:
    schema, uniques, key = _table_args(one)
    columns = _columns(one)
    if key:
        columns = [
            replace(column, primary_key=True, nullable=False)
            if key & {column.name, column.attribute}
            else column
            for column in columns
        ]
    return ModelSource(
        one.name,
        one.module.name,
        table,
        tuple(columns),
        schema=schema,
        path=str(one.module.path),
        line=one.node.lineno,
        uniques=uniques,
    )


def _columns(one: ClassSource) -> list[ModelColumn]:
    """The columns of a class and of the mixins it inherits, in SQLAlchemy's order."""
    known = _annotation_map(one)
    found: dict[str, ModelColumn] = {}
    lineage = list(one.lineage())
    for owner in [*lineage[1:], lineage[0]] if one.is_sqlmodel else lineage:
        for attribute in attributes(owner):
            column = column_of(attribute, known, sqlmodel=one.is_sqlmodel)
            if column is not None and (one.is_sqlmodel or attribute.name not in found):
                found[attribute.name] = column
    return list(found.values())


def _table(one: ClassSource) -> str | None:
    if any(_assigned(one, "__abstract__")):
        return None
    for owner in one.lineage():
        for node in _assigned(owner, "__tablename__"):
            return node.value if _is_text(node) else None  # type: ignore[attr-defined]  # a constant
        for method in owner.node.body:
            if isinstance(method, ast.FunctionDef) and method.name == "__tablename__":
                return _computed_name(method, one.name)
    is_table = any(
        keyword.arg == "table" and getattr(keyword.value, "value", None) is True
        for keyword in one.node.keywords
    )
    return one.name.lower() if is_table else None


def _computed_name(method: ast.FunctionDef, name: str) -> str | None:
    """The usual rule, the class's name in lower case."""
    last = method.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    usual = value is not None and ast.unparse(value) == "cls.__name__.lower()"
    return name.lower() if usual else None


def _assigned(one: ClassSource, name: str) -> list[ast.expr]:
    return [
        attribute.value
        for attribute in attributes(one)
        if attribute.name == name and attribute.value is not None
    ]


def _table_args(
    one: ClassSource,
) -> tuple[str, tuple[tuple[str, ...], ...], frozenset[str]]:
    """The schema, the unique constraints, the key that stands apart."""
    schema, key = "", _mapper_key(one)
    uniques: list[tuple[str, ...]] = []
    for owner in one.lineage():
        found = _assigned(owner, "__table_args__")
        for part in _parts(found[0]) if found else []:
            if isinstance(part, ast.Dict):
                schema = _schema(part) or schema
            elif isinstance(part, ast.Call):
                kind, names = _constraint(part)
                if kind == "PrimaryKeyConstraint":
                    key |= set(names)
                elif names:
                    uniques.append(names)
        if found:
            break
    return schema, tuple(uniques), frozenset(key)


def _parts(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _mapper_key(one: ClassSource) -> set[str]:
    """The key that `__mapper_args__` names."""
    for node in _assigned(one, "__mapper_args__"):
        if isinstance(node, ast.Dict):
            for name, value in zip(node.keys, node.values, strict=True):
                if name is not None and getattr(name, "value", None) == "primary_key":
                    parts = getattr(value, "elts", [value])
                    return {dotted(part) for part in parts}
    return set()


def _schema(node: ast.Dict) -> str:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None and getattr(key, "value", None) == "schema":
            return str(getattr(value, "value", ""))
    return ""


def _constraint(call: ast.Call) -> tuple[str, tuple[str, ...]]:
    """The kind and the columns of a constraint that makes rows unique."""
    name = dotted(call.func).rpartition(".")[2]
    unique = any(
        one.arg == "unique" and getattr(one.value, "value", None) is True
        for one in call.keywords
    )
    names = tuple(str(one.value) for one in call.args if isinstance(one, ast.Constant))
    if name in ("UniqueConstraint", "PrimaryKeyConstraint"):
        return name, names
    return name, names[1:] if name == "Index" and unique else ()


def _annotation_map(one: ClassSource) -> dict[str, str]:
    """The project's own types for annotations."""
    for owner in one.lineage():
        for node in _assigned(owner, "type_annotation_map"):
            if isinstance(node, ast.Dict):
                return _pairs(node)
    return {}


def _pairs(node: ast.Dict) -> dict[str, str]:
    found = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = dotted(key).rpartition(".")[2] if key is not None else ""
        source = type_source(value)
        if name and source:
            found[name] = source
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
