"""How the audited project opens a SQLAlchemy session at a place of its source."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tuxdb.audit.fix.names import FUNCTIONS
from tuxdb.audit.fix.source import NotEditable, parsed
from tuxdb.audit.loads import SCOPES
from tuxdb.audit.tree import Tree

NAME = "get_db_session"
OWNER = "self.bot"
CONFIGURE = 'say how: [tool.tuxdb.audit] session = "self.bot.get_db_session()"'


class NoSession(ValueError):
    """No session can be opened here, and why."""


@dataclass(frozen=True)
class SessionSource:
    """The expression that `async with … as session` takes, and what it needs.

    `owner` is the object whose method it is, empty for a function; `imports` are the
    lines that the expression needs at the top of a file.
    """

    expression: str
    owner: str = ""
    imports: tuple[str, ...] = ()

    @classmethod
    def configured(
        cls, expression: str, imports: Iterable[str] = ()
    ) -> "SessionSource":
        """Read the setting; raises NoSession where it is no expression."""
        try:
            node = ast.parse(expression.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise NoSession(f"not an expression: session = {expression!r}") from error
        inner = node.value if isinstance(node, ast.Await) else node
        called = inner.func if isinstance(inner, ast.Call) else inner
        owner = called.value if isinstance(called, ast.Attribute) else None
        source = ast.unparse(owner) if owner is not None else ""
        return cls(expression.strip(), source, tuple(imports))

    def at(self, tree: Tree, node: ast.AST, receiver: str) -> str:
        """The expression at a place; raises NoSession where its owner is unknown."""
        if not self.owner:
            return self.expression
        holder = receiver.rpartition(".")[0]
        if holder == self.owner:
            return self.expression
        if holder and holder.rpartition(".")[2] == self.owner.rpartition(".")[2]:
            return self._owned_by(holder)
        if holder == "self" and _defines(tree, node, NAME):
            return self._owned_by("self")
        if _mentions(tree, node, self.owner):
            return self.expression
        raise NoSession(f"`{self.owner}` is not known here, only `{receiver}`")

    def _owned_by(self, holder: str) -> str:
        return self.expression.replace(self.owner, holder, 1)


def recognised(sources: Mapping[str, bytes]) -> SessionSource | None:
    """Find `get_db_session` in a tree; it may need an `await` to give a session."""
    needed = f"def {NAME}".encode()
    found = [path for path, data in sources.items() if needed in data]
    for path in sorted(found, key=lambda path: ("test" in path, path)):
        try:
            module = parsed(sources[path])
        except NotEditable:
            continue
        for node in ast.walk(module):
            if isinstance(node, FUNCTIONS) and node.name == NAME:
                wait = "await " if _gives_when_awaited(node) else ""
                return SessionSource(f"{wait}{OWNER}.{NAME}()", OWNER)
    return None


def _gives_when_awaited(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether calling it makes a coroutine, which is no context manager."""
    if isinstance(node, ast.FunctionDef) or node.decorator_list:
        return False
    return not any(isinstance(inner, ast.Yield) for inner in ast.walk(node))


def _defines(tree: Tree, node: ast.AST, name: str) -> bool:
    """Whether the class around a place has a method of that name."""
    for outer in tree.above(node):
        if isinstance(outer, ast.ClassDef):
            return any(
                isinstance(part, FUNCTIONS) and part.name == name for part in outer.body
            )
    return False


def _mentions(tree: Tree, node: ast.AST, owner: str) -> bool:
    """Whether the function has the owner's root, and its class uses the owner."""
    root = owner.partition(".")[0]
    scope = tree.scope(node)
    if not isinstance(scope, FUNCTIONS):
        return False
    arguments = (*scope.args.posonlyargs, *scope.args.args)
    if root not in {argument.arg for argument in arguments}:
        return False
    around = [outer for outer in tree.above(node) if isinstance(outer, SCOPES)]
    place = around[1] if len(around) > 1 else scope
    return any(
        isinstance(inner, ast.Attribute) and ast.unparse(inner) == owner
        for inner in ast.walk(place)
    )
