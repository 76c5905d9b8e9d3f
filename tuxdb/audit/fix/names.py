"""Which names a place in a file can see, and names that are still free there."""

import ast
import builtins
import keyword
from collections.abc import Iterable, Iterator

from tuxdb.audit.loads import SCOPES
from tuxdb.audit.tree import Tree

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def taken_at(tree: Tree, node: ast.AST) -> frozenset[str]:
    """Every name that has, or may be given, a meaning at a place of a module.

    Module level names and those of the functions around the place, whether they are
    bound or only read there; what other functions keep to themselves is free.
    """
    names = set(module_names(tree.module))
    names |= set(local_names(tree, node))
    return frozenset(names)


def module_names(module: ast.Module) -> Iterator[str]:
    """The names that the top level of a module binds."""
    for statement in _top(module.body):
        yield from _bound(statement)


def local_names(tree: Tree, node: ast.AST) -> Iterator[str]:
    """Every name in the functions around a place, bound or read."""
    for outer in tree.above(node):
        if isinstance(outer, FUNCTIONS):
            yield from _inside(outer, read=True)


def bound_names(tree: Tree, node: ast.AST) -> Iterator[str]:
    """The names that the functions around a place bind themselves."""
    for outer in tree.above(node):
        if isinstance(outer, FUNCTIONS):
            yield from _inside(outer, read=False)


def fresh(wanted: Iterable[str], taken: Iterable[str]) -> str:
    """The first wanted name that is free, else the first with a number."""
    used = set(taken) | set(dir(builtins)) | set(keyword.kwlist)
    options = list(wanted)
    for name in options:
        if name not in used:
            return name
    number = 2
    while f"{options[0]}_{number}" in used:
        number += 1
    return f"{options[0]}_{number}"


def _inside(function: ast.AST, *, read: bool) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            if read or not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            yield node.name or ""
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def _top(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of the top level, those in its ifs and tries too."""
    for statement in body:
        yield statement
        if isinstance(statement, SCOPES):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _top(getattr(statement, field, ()))
        for handler in getattr(statement, "handlers", ()):
            yield from _top(handler.body)


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield (alias.asname or alias.name).partition(".")[0]
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
