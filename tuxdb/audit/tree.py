"""A parsed module with the way up from each node, and its calls by their place."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tuxdb.audit.loads import SCOPES, Budget, Scope
from tuxdb.audit.sites import RawQuery, Span


def span_of(node: ast.expr | ast.stmt) -> Span:
    """Where a node stands."""
    line, column = node.lineno, node.col_offset
    end = node.end_lineno or line
    return Span(line, column, end, node.end_col_offset or column)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What `ast.iter_child_nodes` gives, without contexts and operators."""
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, ast.AST))
        elif isinstance(value, ast.AST) and value._fields:
            yield value


class Tree:
    """A parsed module and the way up from each of its nodes."""

    def __init__(self, module: ast.Module) -> None:
        self.module = module
        self.budget = Budget()
        self.parents: dict[ast.AST, ast.AST] = {}
        self.calls: dict[tuple[int, int], list[ast.Call]] = {}
        stack: list[ast.AST] = [module]
        while stack:
            node = stack.pop()
            for child in _children(node):
                self.parents[child] = node
                stack.append(child)
            if type(node) is ast.Call:
                self.calls.setdefault((node.lineno, node.col_offset), []).append(node)

    def call(self, query: RawQuery) -> ast.Call | None:
        """The call of a site."""
        return self.call_at(query.span)

    def call_at(self, span: Span) -> ast.Call | None:
        """The call at a place."""
        for node in self.calls.get((span.line, span.column), ()):
            if span_of(node) == span:
                return node
        return None

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def scope(self, node: ast.AST) -> Scope:
        """The function, or the module, in which a node runs."""
        for outer in self.above(node):
            if isinstance(outer, SCOPES):
                return outer
        return self.module

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that a node is part of."""
        if isinstance(node, ast.stmt):
            return node
        for outer in self.above(node):
            if isinstance(outer, ast.stmt):
                return outer
        raise ValueError(ast.dump(node))

    def value(self, call: ast.Call) -> ast.expr:
        """The expression that has the result: the call, awaited if it is."""
        outer = self.parents.get(call)
        return outer if isinstance(outer, ast.Await) else call


def reads(node: ast.AST, name: str) -> TypeGuard[ast.Name]:
    """Whether a node reads this name."""
    if not isinstance(node, ast.Name) or node.id != name:
        return False
    return isinstance(node.ctx, ast.Load)


def constant_of(node: ast.expr) -> object:
    """The value of a constant, of a negative number too."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
