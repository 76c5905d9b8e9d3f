"""Values that a revision writes down: constants, and SQLAlchemy's columns and types."""

import ast
from collections.abc import Callable
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import postgresql

from tuxdb.audit.sql.compiled import FAILURES
from tuxdb.audit.sql.mapping.classes import dotted
from tuxdb.audit.sql.mapping.typing import NAMES

BUILDERS = frozenset(
    {
        "CheckConstraint",
        "Column",
        "Computed",
        "ENUM",
        "Enum",
        "ExcludeConstraint",
        "FetchedValue",
        "ForeignKey",
        "ForeignKeyConstraint",
        "Identity",
        "Index",
        "PrimaryKeyConstraint",
        "Sequence",
        "UniqueConstraint",
        "desc",
        "false",
        "literal_column",
        "null",
        "text",
        "true",
    }
)
LIBRARIES = ("sqlalchemy", "alembic", "sqlmodel", "pgvector")
DEEPEST = 60


class NotLiteral(ValueError):
    """A value is computed, or built with something that is not known here."""


class Reader:
    """Reads expressions of one module without running any of its code."""

    def __init__(self, roots: frozenset[str]) -> None:
        self._roots = roots  # names that the module imports from libraries
        self.names: dict[str, Any] = {}

    @classmethod
    def of(cls, module: ast.Module) -> "Reader":
        """A reader that knows the module's imports and constants."""
        reader = cls(frozenset(_imported(module)))
        for node in module.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                try:
                    reader.names[node.targets[0].id] = reader.value(node.value)
                except NotLiteral:
                    continue
        return reader

    def value(self, node: ast.expr, depth: int = 0) -> Any:  # noqa: ANN401 - any value
        """The value of an expression; raises NotLiteral."""
        if depth > DEEPEST:
            raise NotLiteral("nested too deeply")
        match node:
            case ast.Constant(value=value):
                return value
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self.value(one, depth + 1) for one in parts]
            case ast.Dict(keys=keys, values=values):
                return {
                    self.value(key, depth + 1): self.value(value, depth + 1)
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                }
            case ast.JoinedStr() | ast.BinOp():
                return self._text(node, depth + 1)
            case ast.Name(id=name) if name in self.names:
                return self.names[name]
            case ast.Call():
                return self._called(node, depth)
            case ast.Name() | ast.Attribute():
                return self._builder(node)
        raise NotLiteral(ast.unparse(node)[:80])

    def _text(self, node: ast.expr, depth: int) -> str:
        """An f-string, or texts that are added."""
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(one, depth) for one in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = [self.value(one, depth) for one in (node.left, node.right)]
            if all(isinstance(one, str) for one in sides):
                return "".join(sides)
        raise NotLiteral(ast.unparse(node)[:80])

    def _part(self, node: ast.expr, depth: int) -> str:
        """A part of an f-string; without a format of its own."""
        if isinstance(node, ast.FormattedValue):
            if node.conversion != -1 or node.format_spec is not None:
                raise NotLiteral(ast.unparse(node)[:80])
            return str(self.value(node.value, depth))
        return str(self.value(node, depth))

    def _called(self, node: ast.Call, depth: int) -> Any:  # noqa: ANN401 - see above
        name = dotted(node.func)
        args = [self.value(one, depth + 1) for one in node.args]
        options = {
            one.arg: self.value(one.value, depth + 1)
            for one in node.keywords
            if one.arg is not None
        }
        if name in ("op.f", "batch_op.f"):
            return str(args[0]) if args else ""
        try:
            return self._builder(node.func)(*args, **options)
        except FAILURES as error:
            raise NotLiteral(str(error)) from error

    def _builder(self, node: ast.expr) -> Callable[..., Any]:
        """A type or a builder of SQLAlchemy's by its name."""
        root, _, rest = dotted(node).partition(".")
        last = rest.rpartition(".")[2] or root
        if root not in self._roots:
            raise NotLiteral(ast.unparse(node)[:80])
        if "func" in (root, *rest.split(".")[:-1]):
            called: Callable[..., Any] = getattr(sqlalchemy.func, last)
            return called
        last = {"AutoString": "String"}.get(last, last)
        if last not in BUILDERS and last not in NAMES:
            raise NotLiteral(last)
        of_postgresql = hasattr(postgresql, last) and "postgresql" in (root, rest)
        module = postgresql if of_postgresql else sqlalchemy
        builder = getattr(module, last, None) or getattr(postgresql, last, None)
        if builder is None:
            raise NotLiteral(last)
        built: Callable[..., Any] = builder
        return built


def _imported(module: ast.Module) -> list[str]:
    found: list[str] = []
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in LIBRARIES:
                found.extend(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = (alias.asname or alias.name).split(".")[0]
                if alias.name.split(".")[0] in LIBRARIES:
                    found.append(name)
    return found
