"""Where the calls are that may take SQL: function, statement, loop, transaction."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tuxdb.audit.module import FunctionInfo, FunctionNode, Module, dotted
from tuxdb.audit.sinks import METHODS, Sink, Sinks, argument, bound
from tuxdb.audit.values import unparsed

LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
WAITED = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.comprehension)
ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_LEAVES = frozenset(
    (ast.Name, ast.Constant, ast.Load, ast.Store, ast.Del, str, int, type(None))
)
TRANSACTIONS = ("transaction", "begin", "begin_nested", "atomic", "savepoint")


@dataclass(frozen=True)
class Around:
    """What encloses a statement within its function."""

    function: FunctionInfo | None = None
    loop: str | None = None
    transaction: bool = False
    branch: tuple[str, ...] = ()


@dataclass
class Place:
    """A call that may take SQL, and what is around it.

    `inside` is the call that this one is the first argument of, if that takes SQL too:
    `execute(text("…"))` is one site, and the inner call says more.
    """

    call: ast.Call
    sink: Sink
    sql: ast.expr
    statement: ast.stmt
    around: Around
    awaited: bool
    receiver: ast.expr | None = None
    inside: ast.Call | None = None
    comprehensions: list[ast.expr] = field(default_factory=list)

    @property
    def function(self) -> FunctionInfo | None:
        """The function that the call is in."""
        return self.around.function

    @property
    def in_loop(self) -> bool:
        """Whether a loop or a comprehension of the same function encloses it."""
        return self.around.loop is not None or bool(self.comprehensions)

    @property
    def loop(self) -> str | None:
        """The nearest loop, as it begins."""
        for outer in self.comprehensions[-1:]:
            if isinstance(outer, COMPREHENSIONS):
                one = outer.generators[0]
                return f"for {unparsed(one.target)} in {unparsed(one.iter)}"
        return self.around.loop

    def bound(self) -> tuple[tuple[str, ...], bool]:
        """The sources of what is bound to the text; whether some cannot be seen."""
        if self.sink.name != "text":
            args, starred = bound(self.call, self.sink)
            starred = starred or isinstance(self.sql, ast.Starred)
            return tuple(unparsed(one) for one in args), starred
        if self.inside is None:
            return (), True
        found: list[str] = []
        node = self.inside.args[0]
        while isinstance(node, ast.Call) and node is not self.call:
            if dotted(node.func).endswith(".bindparams"):
                pairs = [f"{k.arg!r}: {unparsed(k.value)}" for k in node.keywords]
                found.append(f"{{{', '.join(pairs)}}}")
                if node.args:
                    return (), True
            assert isinstance(node.func, ast.Attribute)  # noqa: S101 - `_holds` saw it
            node = node.func.value
        args, starred = bound(self.inside, METHODS["execute"])
        return (*found, *(unparsed(one) for one in args)), starred


class Finder:
    """Walks a module once."""

    def __init__(self, module: Module, sinks: Sinks) -> None:
        self.module = module
        self.sinks = sinks

    def places(self) -> Iterator[Place]:
        """Yield every place of the module."""
        yield from self._block(self.module.tree.body, Around())

    def _block(self, body: list[ast.stmt], around: Around) -> Iterator[Place]:
        for statement in body:
            yield from self._statement(statement, around)

    def _statement(self, node: ast.stmt, around: Around) -> Iterator[Place]:
        if isinstance(node, FunctionNode | ast.ClassDef):
            yield from self._definition(node, around)
            return
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                yield from self._expression(value, node, around)
            elif isinstance(value, list):
                inner = _within(node, name, around)
                for item in value:
                    yield from self._item(item, node, inner)

    def _item(self, item: object, node: ast.stmt, around: Around) -> Iterator[Place]:
        if isinstance(item, ast.stmt):
            yield from self._statement(item, around)
        elif isinstance(item, ast.expr):
            yield from self._expression(item, node, around)
        elif isinstance(item, ast.withitem):
            yield from self._expression(item.context_expr, node, around)
        elif isinstance(item, ast.ExceptHandler | ast.match_case):
            arm = f"{node.lineno}:{getattr(item, 'lineno', id(item))}"
            inner = around
            if isinstance(item, ast.match_case):
                inner = replace(around, branch=(*around.branch, arm))
            yield from self._block(item.body, inner)

    def _definition(
        self, node: FunctionNode | ast.ClassDef, around: Around
    ) -> Iterator[Place]:
        for decorator in node.decorator_list:
            yield from self._expression(decorator, node, around)
        function = around.function
        if not isinstance(node, ast.ClassDef):
            function = self.module.by_node.get(id(node), function)
        yield from self._block(node.body, Around(function))

    def _expression(
        self, node: ast.expr, statement: ast.stmt, around: Around
    ) -> Iterator[Place]:
        waited = isinstance(statement, ast.AsyncFor | ast.AsyncWith)
        stack: list[tuple[ast.AST, bool, tuple[ast.expr, ...], ast.Call | None]]
        stack = [(node, waited, (), None)]
        while stack:
            current, awaited, outer, call = stack.pop()
            if isinstance(current, ast.Call):
                place = self._place(current, statement, around, call)
                if place is not None:
                    place.awaited = awaited
                    place.comprehensions = list(outer)
                    call = current
                    yield place
            if isinstance(current, COMPREHENSIONS):
                outer = (*outer, current)
            is_waited = isinstance(current, WAITED)
            stack += [(child, is_waited, outer, call) for child in _children(current)]

    def _place(
        self,
        call: ast.Call,
        statement: ast.stmt,
        around: Around,
        outer: ast.Call | None,
    ) -> Place | None:
        match = self.sinks.match(call, self.module)
        sql = argument(call, match.sink) if match is not None else None
        if match is None or sql is None:
            return None
        inner = match.sink.name == "text" and outer is not None and _holds(outer, call)
        return Place(
            call=call,
            sink=match.sink,
            sql=sql,
            statement=statement,
            around=around,
            awaited=False,
            receiver=match.receiver,
            inside=outer if inner else None,
        )


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may hold calls; names, constants and operators do not."""
    for name in node._fields:
        value = getattr(node, name, None)
        if type(value) in _LEAVES:
            continue
        if isinstance(value, list):
            for item in value:
                if isinstance(item, ast.AST) and type(item) not in _LEAVES:
                    yield item
        elif isinstance(value, ast.AST):
            yield value


def _within(node: ast.stmt, name: str, around: Around) -> Around:
    """Say what is around the statements of a field of a statement."""
    if isinstance(node, LOOPS) and name == "body":
        return replace(around, loop=_loop(node))
    if isinstance(node, ast.If) and name in ("body", "orelse"):
        ends = "!" if node.body and isinstance(node.body[-1], ENDS) else ""
        arm = f"{node.lineno}:{'then' + ends if name == 'body' else 'else'}"
        return replace(around, branch=(*around.branch, arm))
    if isinstance(node, ast.With | ast.AsyncWith) and name == "body":
        opened = any(_is_transaction(item.context_expr) for item in node.items)
        return replace(around, transaction=around.transaction or opened)
    return around


def _loop(node: ast.stmt) -> str:
    if isinstance(node, ast.For | ast.AsyncFor):
        word = "async for" if isinstance(node, ast.AsyncFor) else "for"
        return f"{word} {unparsed(node.target)} in {unparsed(node.iter)}"
    return f"while {unparsed(node.test)}" if isinstance(node, ast.While) else "loop"


def _is_transaction(node: ast.expr) -> bool:
    """Whether a `with` opens a transaction, by the names in it."""
    words = dotted(node).lower().replace("()", "").split(".")
    return any(word in TRANSACTIONS or "transaction" in word for word in words)


def _holds(outer: ast.Call, call: ast.Call) -> bool:
    """Whether the first argument of a call is another, or a method of it."""
    first = outer.args[0] if outer.args else None
    while isinstance(first, ast.Call) and first is not call:
        first = first.func.value if isinstance(first.func, ast.Attribute) else None
    return first is call
