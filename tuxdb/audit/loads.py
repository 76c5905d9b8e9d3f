"""Which reads of a name may see the value that one statement gave it.

A walk over the statements of a function in their order: branches join, loops run
twice, `try` may stop anywhere. What may see the value is in; nothing that may is out.
"""

import ast
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Scope: TypeAlias = (
    ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
KEPT = "tuxdb_names"
MOST_STEPS = 200_000
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Budget:
    """How much of a file is looked at: a file of thousands of values ends somewhere."""

    def __init__(self, left: int = MOST_STEPS) -> None:
        self.left = left

    def spend(self) -> None:
        """Take one step; raises RecursionError when there are none left."""
        self.left -= 1
        if self.left < 0:
            raise RecursionError("too much to follow")


def reached(scope: Scope, name: str, start: ast.AST, budget: Budget) -> list[ast.Name]:
    """The reads of `name` in a scope that the binding at `start` may reach.

    `start` is the statement that binds it, or a loop whose target it is.
    """
    walk = _Walk(name, start, budget)
    body = scope.body if isinstance(scope.body, list) else []
    walk.block(body)
    return list(walk.found)


def bindings(scope: Scope, name: str) -> int:
    """How often a name is bound in a scope, parameters and inner scopes included."""
    count = 0
    for node in ast.walk(scope):
        if isinstance(node, ast.Name) and node.id == name:
            count += isinstance(node.ctx, ast.Store | ast.Del)
        elif (isinstance(node, ast.arg) and node.arg == name) or (
            isinstance(node, ast.ExceptHandler) and node.name == name
        ):
            count += 1
        elif isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
            count += 2
    return count


class _Walk:
    """Whether the value is alive, statement by statement."""

    def __init__(self, name: str, start: ast.AST, budget: Budget) -> None:
        self.name, self.start, self.budget = name, start, budget
        self.alive = False
        self.found: dict[ast.Name, None] = {}
        self.left: list[bool] = []  # alive at a break or continue, per loop

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Go through statements in their order."""
        for statement in statements:
            if self.alive or _near(statement, self.start):
                self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Go through one statement."""
        match node:
            case ast.If():
                self.read(node.test)
                self.branches(node.body, node.orelse)
            case ast.For() | ast.AsyncFor():
                self.read(node.iter)
                self.loop(node, node.target)
            case ast.While():
                self.loop(node, None)
            case ast.Try() | ast.TryStar():
                self.attempt(node)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.read(item.context_expr)
                    self.bind(item.optional_vars)
                self.block(node.body)
            case ast.Match():
                self.read(node.subject)
                self.cases(node)
            case _:
                self.simple(node)

    def simple(self, node: ast.stmt) -> None:
        """A statement without a block of its own, or a definition."""
        self.read(node)
        if node is self.start:
            self.alive = True
            return
        if isinstance(node, _ENDS):
            if isinstance(node, ast.Continue | ast.Break) and self.left:
                self.left[-1] |= self.alive
            self.alive = False
        elif self._binds(node):
            self.alive = False

    def branches(self, *blocks: Sequence[ast.stmt]) -> None:
        """Alive afterwards if any way leaves it alive."""
        before, after = self.alive, False
        for block in blocks:
            self.alive = before
            self.block(block)
            after |= self.alive
        self.alive = after

    def cases(self, node: ast.Match) -> None:
        """The arms of a match, and the way past them."""
        before = after = self.alive
        for case in node.cases:
            self.alive = before
            if case.guard is not None:
                self.read(case.guard)
            self.block(case.body)
            after |= self.alive
        self.alive = after

    def loop(
        self, node: ast.For | ast.AsyncFor | ast.While, target: ast.expr | None
    ) -> None:
        """A loop: the second round sees what the first one left."""
        before = self.alive
        self.left.append(False)
        for _ in range(2):
            if isinstance(node, ast.While):
                self.read(node.test)
            if node is self.start:
                self.alive = True
            else:
                self.bind(target)
            self.block(node.body)
            self.alive |= self.left[-1]
        self.left.pop()
        self.alive |= before
        self.block(node.orelse)

    def attempt(self, node: "ast.Try | ast.TryStar") -> None:
        """A try: its handlers may see any moment of its body."""
        before = self.alive
        anywhere = before
        for statement in node.body:
            self.statement(statement)
            anywhere |= self.alive
        self.block(node.orelse)
        after = self.alive
        for handler in node.handlers:
            self.alive = anywhere
            self.block(handler.body)
            after |= self.alive
        self.alive = after or anywhere
        self.block(node.finalbody)
        self.alive = self.alive and after

    def bind(self, target: ast.expr | None) -> None:
        """A target that takes another value."""
        if target is None:
            return
        self.read(target)
        if any(self._named(one) for one in names(target)):
            self.alive = False

    def read(self, node: ast.AST) -> None:
        """Note the reads in an expression, or in a whole definition."""
        self.budget.spend()
        if self.alive:
            loads = (one for one in names(node) if isinstance(one.ctx, ast.Load))
            self.found.update((one, None) for one in loads if one.id == self.name)
        if _holds(node, self.start):
            self.alive = True

    def _binds(self, node: ast.stmt) -> bool:
        if not any(self._named(one) for one in names(node)):
            return False
        return any(self._named(inner) for inner in _outside_scopes(node))

    def _named(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Name)
            and node.id == self.name
            and isinstance(node.ctx, ast.Store | ast.Del)
        )


def names(node: ast.AST) -> Sequence[ast.Name]:
    """The names in a node, found once: many values are followed through a function."""
    known: Sequence[ast.Name] | None = vars(node).get(KEPT)
    if known is None:
        known = tuple(one for one in ast.walk(node) if isinstance(one, ast.Name))
        setattr(node, KEPT, known)
    return known


def _near(node: ast.AST, inner: ast.AST) -> bool:
    """Whether a node may be around another one, by their lines."""
    line = getattr(inner, "lineno", 0)
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return not line or first <= line <= last


def _holds(node: ast.AST, inner: ast.AST) -> bool:
    """Whether a node is around another one."""
    return _near(node, inner) and any(one is inner for one in ast.walk(node))


def _outside_scopes(node: ast.AST) -> Iterable[ast.AST]:
    """The nodes of a statement, without those of functions and classes in it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, SCOPES):
            stack.extend(ast.iter_child_nodes(current))
