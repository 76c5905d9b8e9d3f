"""One attribute of a model class: the column that it maps."""

import ast
from dataclasses import dataclass

from tuxdb.audit.sql.mapping.classes import ClassSource, dotted
from tuxdb.audit.sql.mapping.model import ModelColumn
from tuxdb.audit.sql.mapping.typing import annotated, annotation_type, type_source

COLUMN_CALLS = frozenset({"mapped_column", "Column"})
OTHER_CALLS = frozenset(
    {
        "relationship",
        "Relationship",
        "column_property",
        "synonym",
        "association_proxy",
        "composite",
        "deferred",
        "PrivateAttr",
    }
)
GENERATED = frozenset({"Identity", "Sequence", "Computed"})


@dataclass
class Attribute:
    """An attribute with its annotation and its value."""

    name: str
    annotation: ast.expr | None
    value: ast.expr | None


def attributes(one: ClassSource) -> list[Attribute]:
    """The attributes of a class body, in its order."""
    found = []
    for node in one.node.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(Attribute(node.target.id, node.annotation, node.value))
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                found.append(Attribute(target.id, None, node.value))
    return found


def column_of(
    attribute: Attribute, known: dict[str, str], *, sqlmodel: bool
) -> ModelColumn | None:
    """The column that an attribute maps; None if it maps none."""
    if attribute.name.startswith("__") or attribute.name == "model_config":
        return None
    call = attribute.value if isinstance(attribute.value, ast.Call) else None
    name = dotted(call.func).rpartition(".")[2] if call is not None else ""
    if name in OTHER_CALLS:
        return None
    if call is not None and name in COLUMN_CALLS:
        return _mapped(attribute, call, known)
    if attribute.annotation is None:
        return None
    wrapped = dotted(getattr(attribute.annotation, "value", attribute.annotation))
    if wrapped.rpartition(".")[2] in ("ClassVar", "WriteOnlyMapped", "DynamicMapped"):
        return None
    if sqlmodel:
        return _field(attribute, call if name == "Field" else None, known)
    if wrapped.rpartition(".")[2] != "Mapped":
        return None
    return _mapped(attribute, None, known)


def _mapped(
    attribute: Attribute, call: ast.Call | None, known: dict[str, str]
) -> ModelColumn:
    options = _options(call)
    positional = list(call.args) if call is not None else []
    name = attribute.name
    if positional and _is_text(positional[0]):
        name = str(_constant(positional.pop(0)))
    elif "name" in options and _is_text(options["name"]):
        name = str(_constant(options["name"]))
    key = _truth(options, "primary_key")
    nullable = not key
    type_name: str | None = ""
    if attribute.annotation is not None:
        inner, optional = annotated(attribute.annotation)
        nullable = optional
        type_name = annotation_type(inner, known)
    explicit = _explicit_type(positional, options)
    if explicit is not None:
        type_name = type_source(explicit)
    if "nullable" in options:
        nullable = _truth(options, "nullable")
    default = options.get("insert_default", options.get("default"))
    return ModelColumn(
        attribute.name,
        name,
        type_name or "",
        nullable=nullable and not key,
        primary_key=key,
        default="default_factory" in options or _is_default(default),
        onupdate="onupdate" in options,
        server_default=_server_default(options.get("server_default"), positional),
        unique=_truth(options, "unique"),
    )


def _field(
    attribute: Attribute, call: ast.Call | None, known: dict[str, str]
) -> ModelColumn:
    options = _options(call)
    column = options.get("sa_column")
    if isinstance(column, ast.Call):
        return _mapped(Attribute(attribute.name, None, column), column, known)
    assert attribute.annotation is not None  # noqa: S101 - the caller has looked
    inner, optional = annotated(attribute.annotation)
    type_name = annotation_type(inner, known)
    if type_name == "String" and "max_length" in options:
        type_name = f"String({_constant(options['max_length'])})"
    if "sa_type" in options:
        type_name = type_source(options["sa_type"])
    key = _truth(options, "primary_key")
    nullable = _truth(options, "nullable") if "nullable" in options else optional
    default = options.get("default")
    if call is None:
        default = attribute.value
    elif call.args:
        default = call.args[0]
    more = options.get("sa_column_kwargs")
    extra = _dictionary(more) if isinstance(more, ast.Dict) else {}
    return ModelColumn(
        attribute.name,
        attribute.name,
        type_name or "",
        nullable=nullable and not key,
        primary_key=key,
        default="default_factory" in options or _is_default(default),
        onupdate="onupdate" in extra,
        server_default=_server_default(extra.get("server_default"), []),
        unique=_truth(options, "unique"),
    )


def _explicit_type(
    positional: list[ast.expr], options: dict[str, ast.expr]
) -> ast.expr | None:
    if "type_" in options:
        return options["type_"]
    if not positional:
        return None
    first = positional[0]
    called = first.func if isinstance(first, ast.Call) else first
    name = dotted(called).rpartition(".")[2]
    if name in ("ForeignKey", "CheckConstraint", "FetchedValue", *GENERATED):
        return None
    return first


def _server_default(node: ast.expr | None, positional: list[ast.expr]) -> str | None:
    """A default of the server's as SQL, as far as it can be read."""
    if any(_called(one) in ("Identity", "Sequence") for one in positional):
        return "GENERATED"
    if node is None or _is_none(node):
        return None
    if _is_text(node):
        return "'" + str(_constant(node)).replace("'", "''") + "'"
    name = _called(node) or dotted(node).rpartition(".")[2]
    if name in ("true", "false"):
        return name
    if not isinstance(node, ast.Call):
        return "NULL"
    if name == "text" and node.args and _is_text(node.args[0]):
        return str(_constant(node.args[0]))
    of_func = "func" in dotted(node.func).split(".")[:-1]
    return f"{name}()" if of_func and not node.args else "NULL"


def _called(node: ast.expr) -> str:
    """The name of what is called; "" for anything but a call."""
    return dotted(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""


def _options(call: ast.Call | None) -> dict[str, ast.expr]:
    if call is None:
        return {}
    return {one.arg: one.value for one in call.keywords if one.arg is not None}


def _dictionary(node: ast.Dict) -> dict[str, ast.expr]:
    return {
        str(_constant(key)): value
        for key, value in zip(node.keys, node.values, strict=True)
        if key is not None and _is_text(key)
    }


def _truth(options: dict[str, ast.expr], name: str) -> bool:
    return name in options and _constant(options[name]) is True


def _is_default(node: ast.expr | None) -> bool:
    """Whether a default makes SQLAlchemy add the column to an INSERT."""
    return node is not None and not _is_none(node) and not _is_ellipsis(node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None
