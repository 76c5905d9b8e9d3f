"""What a function does with the result of a raw call.

The value of the call is followed through the names that it gets: `row["id"]`,
`row[0]`, `a, b = row`, `for row in rows`, `if row is None`, `status == "DELETE 1"`,
returned, stored, passed on. `position`, `key`, `unpacked`, `iterated`, `attribute` and
`method` speak of one row; what is done to the list of rows as a list is `length`,
`tested`, `method` with `list.` before its name, or `iterated` with detail `rows`.
"""

import ast
from typing import Literal

from tuxdb.audit.loads import Scope, reached
from tuxdb.audit.sites import RawQuery, Use
from tuxdb.audit.tree import Tree, constant_of, reads, span_of

Shape = Literal["rows", "row", "value", "status", "result"]
SHAPES: dict[str, Shape] = {
    "fetch": "rows",
    "fetchrow": "row",
    "fetchval": "value",
    "execute": "status",
    "fetchmany": "rows",
}
SAME_ROWS = frozenset({"list", "tuple", "reversed", "iter", "sorted"})
_TESTS = (ast.If, ast.While, ast.IfExp, ast.Assert)
_MANY = 500
DECLARED = "tuxdb_declared"


def find_uses(tree: Tree, query: RawQuery) -> tuple[Use, ...]:
    """What is done with the result of a site, in the order of the source."""
    call = tree.call_at(query.outer) if query.outer else tree.call(query)
    if call is None:
        return ()
    shape = SHAPES.get(query.method, "result")
    if shape == "status" and not query.api.startswith("asyncpg"):
        shape = "result"
    try:
        return follow(tree, tree.value(call), shape)
    except RecursionError:
        return (Use("other", query.span, "too much to follow"),)


def follow(tree: Tree, value: ast.expr, shape: Shape) -> tuple[Use, ...]:
    """What is done with the value of an expression of this shape."""
    follower = _Follower(tree)
    follower.value(value, shape)
    return tuple(sorted(follower.uses, key=lambda use: (use.span, use.kind)))


class _Follower:
    """Goes up from a value to what is done with it, and along its names."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.uses: dict[Use, None] = {}
        self.seen: set[tuple[ast.AST, Shape]] = set()

    def add(self, kind: str, node: ast.AST, detail: str = "") -> None:
        """Note a use."""
        if isinstance(node, ast.expr | ast.stmt):
            self.uses[Use(kind, span_of(node), detail)] = None  # type: ignore[arg-type] # the kinds below are those of Use

    def value(self, node: ast.expr, shape: Shape) -> None:
        """See what the expression around a value does with it."""
        if (node, shape) in self.seen:
            return
        if len(self.seen) > _MANY:
            self.add("other", node, "too much to follow")
            return
        self.seen.add((node, shape))
        outer = self.tree.parents[node]
        if not self.handed_on(outer, node, shape) and not self.looked_at(
            outer, node, shape
        ):
            self.add("scalar" if shape == "value" else "passed", node, "other")

    def handed_on(self, outer: ast.AST, node: ast.expr, shape: Shape) -> bool:
        """A value that gets a name, is passed, returned or dropped."""
        match outer:
            case ast.Expr():
                self.add("unused", outer)
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr():
                self.assigned(outer, node, shape)
            case ast.Return() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                self.add("returned", node, shape)
            case ast.Call():
                self.argument(outer, node, shape)
            case ast.keyword(arg=None):
                self.add("method" if shape == "row" else "passed", node, "**")
            case ast.Starred():
                self.add("iterated" if shape == "row" else "passed", node, "*")
            case _:
                return False
        return True

    def looked_at(self, outer: ast.AST, node: ast.expr, shape: Shape) -> bool:
        """A value that is indexed, looped over, compared or tested."""
        match outer:
            case ast.Subscript() if outer.value is node:
                self.subscript(outer, shape)
            case ast.Attribute():
                self.attribute(outer, shape)
            case ast.For() | ast.AsyncFor() if outer.iter is node:
                self.loop(outer, outer.target, node, shape)
            case ast.comprehension() if outer.iter is node:
                self.comprehension(outer, node, shape)
            case ast.Compare():
                self.compared(outer, node, shape)
            case ast.BoolOp() | ast.IfExp():
                self.chosen(outer, node, shape)
            case ast.UnaryOp(op=ast.Not()) | ast.If() | ast.While() | ast.Assert():
                self.add("tested", node)
            case _:
                return False
        return True

    def chosen(
        self, outer: ast.BoolOp | ast.IfExp, node: ast.expr, shape: Shape
    ) -> None:
        """`row or other`, `row if row else other`: the value may come out of it."""
        if isinstance(outer, ast.BoolOp) or outer.test is node:
            self.add("tested", node)
        if isinstance(outer, ast.IfExp) and outer.test is node:
            return
        if not self._boolean(outer):
            self.value(outer, shape)

    def _boolean(self, node: ast.expr) -> bool:
        """Whether only the truth of an expression counts."""
        outer = self.tree.parents[node]
        while isinstance(outer, ast.BoolOp):
            node, outer = outer, self.tree.parents[outer]
        if isinstance(outer, ast.UnaryOp):
            return isinstance(outer.op, ast.Not)
        return isinstance(outer, _TESTS) and outer.test is node

    def assigned(
        self,
        outer: ast.Assign | ast.AnnAssign | ast.NamedExpr,
        node: ast.expr,
        shape: Shape,
    ) -> None:
        """A value that gets names."""
        targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
        for target in targets:
            self.target(target, outer, shape)
        if isinstance(outer, ast.NamedExpr) and not isinstance(
            self.tree.parents[outer], ast.Expr
        ):
            self.value(outer, shape)
        elif not any(isinstance(target, ast.Name) for target in targets):
            return
        elif not self.uses:
            self.add("unused", node)

    def target(self, target: ast.expr, start: ast.AST, shape: Shape) -> None:
        """One thing that a value is assigned to."""
        if isinstance(target, ast.Name):
            self.name(target, start, shape)
        elif isinstance(target, ast.Tuple | ast.List):
            kind = "unpacked" if shape == "row" else "other"
            starred = any(isinstance(part, ast.Starred) for part in target.elts)
            self.add(kind, target, "*" if starred else str(len(target.elts)))
        else:
            self.add("stored", target, ast.unparse(target))

    def name(self, target: ast.Name, start: ast.AST, shape: Shape) -> None:
        """The reads of a name that holds the value."""
        scope = self.tree.scope(target)
        if isinstance(scope, ast.Module | ast.ClassDef) or _declared(scope, target.id):
            self.add("stored", target, target.id)
            return
        for load in reached(scope, target.id, start, self.tree.budget):
            if self.tree.scope(load) is scope:
                self.value(load, shape)
            else:
                self.add("stored", load, f"{target.id} in an inner function")

    def subscript(self, outer: ast.Subscript, shape: Shape) -> None:
        """`rows[0]`, `row["id"]`, `row[0]`, `status[-1]`."""
        index = outer.slice
        if shape == "rows":
            self.value(outer, "rows" if isinstance(index, ast.Slice) else "row")
        elif shape == "row":
            constant = constant_of(index)
            if isinstance(constant, str):
                self.add("key", outer, constant)
            elif isinstance(constant, int) or isinstance(index, ast.Slice):
                self.add("position", outer, ast.unparse(index))
            else:
                self.add("other", outer, f"[{ast.unparse(index)}]")
        else:
            self.plain(outer, shape)

    def attribute(self, outer: ast.Attribute, shape: Shape) -> None:
        """`row.get(…)`, `rows.append(…)`, `row.name`."""
        call = self.tree.parents[outer]
        called = isinstance(call, ast.Call) and call.func is outer
        if shape == "rows":
            self.add("method" if called else "attribute", outer, f"list.{outer.attr}")
            if called and isinstance(call, ast.Call) and outer.attr in ("pop", "copy"):
                self.value(call, "row" if outer.attr == "pop" else "rows")
        elif shape == "row":
            self.add("method" if called else "attribute", outer, outer.attr)
        else:
            self.plain(outer, shape)

    def plain(self, node: ast.expr, shape: Shape) -> None:
        """Something done with a value, a status or a result of another driver."""
        kinds = {"value": "scalar", "status": "status"}
        self.add(kinds.get(shape, "other"), node, ast.unparse(node))

    def loop(
        self, start: ast.AST, target: ast.expr, node: ast.expr, shape: Shape
    ) -> None:
        """A `for` over the value."""
        if shape == "rows":
            self.add("iterated", node, "rows")
            self.target(target, start, "row")
        elif shape == "row":
            self.add("iterated", node)
        else:
            self.plain(node, shape)

    def comprehension(
        self, outer: ast.comprehension, node: ast.expr, shape: Shape
    ) -> None:
        """A comprehension over the value; its target lives only in it."""
        if shape != "rows" or not isinstance(outer.target, ast.Name):
            self.loop(outer, outer.target, node, shape)
            return
        self.add("iterated", node, "rows")
        inside = self.tree.parents[outer]
        for name in ast.walk(inside):
            if name is not node and reads(name, outer.target.id):
                self.value(name, "row")

    def compared(self, outer: ast.Compare, node: ast.expr, shape: Shape) -> None:
        """`row is None`, `"id" in row`, `status == "DELETE 1"`."""
        other = outer.comparators[0] if outer.left is node else outer.left
        none = isinstance(other, ast.Constant) and other.value is None
        if len(outer.ops) == 1 and none:
            self.add("tested", node)
        elif shape in ("value", "status"):
            self.plain(outer, shape)
        elif isinstance(outer.ops[0], ast.In | ast.NotIn) and shape == "row":
            self.add("method", outer, "in")
        else:
            self.add("compared", outer)

    def argument(self, outer: ast.Call, node: ast.expr, shape: Shape) -> None:
        """A value that a function gets."""
        called = outer.func.id if isinstance(outer.func, ast.Name) else ""
        first = bool(outer.args) and outer.args[0] is node
        if shape in ("value", "status"):
            self.plain(outer, shape)
        elif called == "len" and first:
            self.add("length", node)
        elif called == "bool" and first:
            self.add("tested", node)
        elif shape == "rows" and called == "enumerate" and first:
            self.enumerated(outer, node)
        elif shape == "rows" and called in SAME_ROWS and not outer.keywords and first:
            self.value(outer, "rows")
        elif shape == "row" and called == "dict" and first:
            self.add("method", node, "dict")
        elif shape == "row" and called in ("list", "tuple", "set") and first:
            self.add("iterated", node)
        else:
            self.add("passed", node, ast.unparse(outer.func))

    def enumerated(self, outer: ast.Call, node: ast.expr) -> None:
        """`for number, row in enumerate(rows)`."""
        around = self.tree.parents[outer]
        pair = isinstance(around, ast.For | ast.comprehension) and around.target
        if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:  # noqa: PLR2004 - (number, row)
            self.add("passed", node, "enumerate")
            return
        self.add("iterated", node, "rows")
        part = pair.elts[1]
        if isinstance(around, ast.For):
            self.target(part, around, "row")
            return
        inside = self.tree.parents[around]
        for name in ast.walk(inside):
            if isinstance(part, ast.Name) and reads(name, part.id):
                self.value(name, "row")


def _declared(scope: Scope, name: str) -> bool:
    """Whether a function says that a name is one of the outside."""
    known: frozenset[str] | None = vars(scope).get(DECLARED)
    if known is None:
        known = frozenset(
            name
            for node in ast.walk(scope)
            if isinstance(node, ast.Global | ast.Nonlocal)
            for name in node.names
        )
        setattr(scope, DECLARED, known)
    return name in known
