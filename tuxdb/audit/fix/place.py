"""Where a raw call stands in its function, and whether a block can take its place."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuxdb.audit.fix.source import NotEditable, Source
from tuxdb.audit.sites import RawQuery
from tuxdb.audit.tree import Tree

Form = Literal["alone", "assigned", "returned", "hoisted"]
CONNECTIONS = frozenset({"conn", "connection", "con", "cur", "cursor", "trans", "tx"})
DRIVERS = frozenset({"asyncpg", "psycopg", "psycopg2", "aiopg"})
TAKEN = frozenset({"acquire", "get", "connection"})  # a connection of a pool
HEADERS = (ast.If, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Match)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SIMPLE = (
    ast.Expr,
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Return,
    ast.Assert,
    ast.Raise,
    ast.Delete,
)


class Misplaced(ValueError):
    """The call cannot be replaced where it stands, and why."""


@dataclass(frozen=True)
class Place:
    """A call, the statement around it, and what becomes of both."""

    call: ast.Call
    value: ast.Await
    statement: ast.stmt
    form: Form
    indent: str
    target: str = ""


def place(source: Source, query: RawQuery, *, block: bool = True) -> Place:
    """Find where a call stands; raises Misplaced or NotEditable.

    `block` says that a block of statements takes its place, and not an expression.
    """
    tree = source.tree
    call = tree.call(query)
    if call is None:
        raise Misplaced("the call is not found in the file")
    value = tree.value(call)
    if not isinstance(value, ast.Await):
        raise Misplaced("the call is not awaited where it is made")
    if not isinstance(tree.scope(call), ast.AsyncFunctionDef):
        raise Misplaced("it is not in a coroutine")
    if call.keywords:
        raise Misplaced(f"`{call.keywords[0].arg or '**'}=` has no counterpart")
    statement = tree.statement(call)
    form, target = _form(source, statement, value)
    if not block:
        return Place(call, value, statement, form, "", target)
    if form == "hoisted":
        check_hoist(tree, statement, value)
    indent = source.indent(statement)
    if source.line(statement.lineno).lstrip().startswith(b"elif"):
        raise Misplaced("it is in an elif")
    if form != "hoisted":
        _check_alone(source, statement)
    return Place(call, value, statement, form, indent, target)


def _form(source: Source, statement: ast.stmt, value: ast.Await) -> tuple[Form, str]:
    match statement:
        case ast.Expr() if statement.value is value:
            return "alone", ""
        case ast.Return() if statement.value is value:
            return "returned", ""
        case ast.Assign() if statement.value is value and len(statement.targets) == 1:
            return "assigned", f"{source.text(statement.targets[0])} = "
        case ast.AnnAssign() if statement.value is value:
            note = source.text(statement.annotation)
            return "assigned", f"{source.text(statement.target)}: {note} = "
        case _:
            return "hoisted", ""


def _check_alone(source: Source, statement: ast.stmt) -> None:
    """Nothing but a comment may follow on the line of a replaced statement."""
    line = source.line(statement.end_lineno or statement.lineno)
    rest = line[statement.end_col_offset or 0 :].strip()
    if rest and not rest.startswith(b"#"):
        raise NotEditable("it shares its line with other code")


def check_hoist(tree: Tree, statement: ast.stmt, value: ast.expr) -> None:
    """The call must be the first thing that its statement does."""
    if not isinstance(statement, (*_SIMPLE, *HEADERS)):
        raise Misplaced("it is in the middle of a larger statement")
    node: ast.AST = value
    while node is not statement:
        outer = tree.parents[node]
        for before in _before(outer, node):
            if not calm(before):
                raise Misplaced("something else in its statement comes first")
        node = outer
        if isinstance(node, ast.stmt) and node is not statement:
            raise Misplaced("it is in the middle of a larger statement")


def _before(outer: ast.AST, node: ast.AST) -> Iterator[ast.AST]:
    """What a construct evaluates before one of its parts; raises Misplaced."""
    if _conditional(outer, node):
        raise Misplaced("it runs only under a condition")
    if _repeated(outer, node):
        raise Misplaced("it runs later, or again and again")
    if isinstance(outer, ast.Assign | ast.AnnAssign | ast.For | ast.AsyncFor):
        return  # their targets come after the value
    if isinstance(outer, _COMPREHENSIONS):
        return  # the first iterable comes before the elements
    if isinstance(outer, ast.Dict):
        raise Misplaced("it is one of several in a dictionary")
    for child in ast.iter_child_nodes(outer):
        if child is node:
            return
        yield child


def _conditional(outer: ast.AST, node: ast.AST) -> bool:
    match outer:
        case ast.BoolOp():
            return outer.values[0] is not node
        case ast.IfExp():
            return outer.test is not node
        case ast.Compare():
            return outer.left is not node and len(outer.ops) > 1
        case ast.Assert():
            return outer.test is not node
        case _:
            return False


def _repeated(outer: ast.AST, node: ast.AST) -> bool:
    if isinstance(outer, _COMPREHENSIONS):
        return outer.generators[0] is not node
    if isinstance(outer, ast.comprehension):
        return outer.iter is not node
    return isinstance(outer, ast.Lambda | ast.match_case | ast.excepthandler)


def calm(node: ast.AST) -> bool:
    """Whether evaluating it earlier or later makes no difference."""
    if isinstance(node, ast.Attribute | ast.Starred | ast.keyword | ast.FormattedValue):
        return calm(node.value)
    if isinstance(node, ast.Tuple | ast.List):
        return all(calm(part) for part in node.elts)
    if isinstance(node, ast.JoinedStr):
        return all(calm(part) for part in node.values)
    return isinstance(
        node, ast.Name | ast.Constant | ast.expr_context | ast.operator | ast.cmpop
    )


@dataclass(frozen=True)
class Held:
    """The connection that a call runs on: why a fix is refused, or not safe."""

    receiver: str
    refused: str = ""
    unsafe: str = ""


def held(tree: Tree, call: ast.Call, receiver: str) -> Held:
    """See whether a call depends on a connection of its own."""
    root = receiver.partition(".")[0]
    for outer in tree.above(call):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            break
        if not isinstance(outer, ast.AsyncWith | ast.With):
            continue
        for item in outer.items:
            opened = ast.unparse(item.context_expr)
            if "transaction" in opened.lower() or ".begin(" in opened:
                return Held(receiver, f"it is part of a transaction: `{opened}`")
        for item in outer.items:
            if _names(item.optional_vars, root):
                return _acquired(item.context_expr, receiver)
    if {root, receiver.rpartition(".")[2]} & CONNECTIONS:
        return Held(receiver, f"`{receiver}` may be a connection in a transaction")
    return Held(receiver)


def _names(target: ast.expr | None, root: str) -> bool:
    return isinstance(target, ast.Name) and target.id == root


def _acquired(opened: ast.expr, receiver: str) -> Held:
    """`async with pool.acquire() as connection`: the pool stands for it."""
    text = ast.unparse(opened)
    inner = opened.value if isinstance(opened, ast.Await) else opened
    called = inner.func if isinstance(inner, ast.Call) else None
    if not isinstance(called, ast.Attribute) or called.attr not in TAKEN:
        return Held(receiver, f"it runs on a connection of its own: `{text}`")
    reason = f"it leaves the connection of `{text}`"
    return Held(ast.unparse(called.value), unsafe=reason)


def handlers(tree: Tree, call: ast.Call) -> Iterator[ast.ExceptHandler]:
    """The handlers of a driver's exceptions that the call stands in, inmost first."""
    inner: ast.AST = call
    for outer in tree.above(call):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(outer, ast.Try | ast.TryStar) and inner in outer.body:
            for handler in outer.handlers:
                if handler.type is not None and _names_driver(handler.type):
                    yield handler
        inner = outer


def _names_driver(node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id in DRIVERS for part in ast.walk(node)
    )
