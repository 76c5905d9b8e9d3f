"""What each name may hold where a call stands: the reaching definitions.

The statements of a function are followed in order, both ways of each branch, the body
of a loop twice. Nothing is run.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tuxdb.audit.evaluate import Env, Evaluator
from tuxdb.audit.guards import refined
from tuxdb.audit.module import FunctionInfo, FunctionNode, Module
from tuxdb.audit.parameters import parameter
from tuxdb.audit.values import Value, merged, sequence, unknown

DEEPEST_CALL = 3
LONGEST_ENTERED = 400
MOST_RUNS = 4000


class Flow:
    """Follows functions; `at` holds the names known at each statement asked for."""

    def __init__(
        self,
        module: Module,
        wanted: Iterable[ast.stmt],
        functions: Iterable[FunctionInfo | None] = (),
    ) -> None:
        self.module = module
        self.followed = {id(info.node) for info in _outwards(functions)}
        self.evaluator = Evaluator(module)
        self.evaluator.enter = self._enter
        self.wanted = {id(statement) for statement in wanted}
        self.at: dict[int, Env] = {}
        self._returned: list[Value] = []
        self._calls = 0
        self._loops = 0
        self._runs = 0
        self._active: list[FunctionInfo] = []

    def function(self, info: FunctionInfo, around: Env | None = None) -> None:
        """Follow a function from its parameters on."""
        env: Env = dict(around or {})
        for argument in info.parameters:
            env[argument.arg] = parameter(info, argument)
        self._follow(info, env)

    def module_level(self) -> None:
        """Follow the statements of the module itself, and of its classes."""
        self._runs = 0
        self._block(self.module.tree.body, {})

    def _follow(self, info: FunctionInfo, env: Env) -> None:
        before = self.evaluator.function
        self.evaluator.function = info
        self._active.append(info)
        if not self._calls:
            self._runs = 0
        try:
            self._block(info.node.body, env)
        finally:
            self._active.pop()
            self.evaluator.function = before

    def _enter(self, info: FunctionInfo, call: ast.Call, env: Env) -> Value | None:
        """Evaluate what a function of this module returns for these arguments."""
        size = (info.node.end_lineno or 0) - info.node.lineno
        too_deep = self._calls >= DEEPEST_CALL or size > LONGEST_ENTERED
        if too_deep or info in self._active:
            return None
        inner: Env = {a.arg: parameter(info, a) for a in info.parameters}
        for name, argument in zip(info.positional, call.args, strict=False):
            inner[name] = self.evaluator.value(argument, env)
        for keyword in call.keywords:
            if keyword.arg in inner:
                inner[keyword.arg] = self.evaluator.value(keyword.value, env)
        outer, self._returned = self._returned, []
        self._calls += 1
        try:
            self._follow(info, inner)
            found = self._returned
        finally:
            self._calls -= 1
            self._returned = outer
        return merged(found) if found else None

    # -- statements: each returns the names after it, or None if nothing comes after

    def _block(self, body: list[ast.stmt], env: Env | None) -> Env | None:
        for statement in body:
            if env is None:
                return None
            env = self._statement(statement, env)
        return env

    def _statement(self, node: ast.stmt, env: Env) -> Env | None:
        self._runs += 1
        if self._runs > MOST_RUNS:
            if id(node) in self.wanted and not self._calls:
                self.at.setdefault(id(node), dict(env))
            return env
        if id(node) in self.wanted and not self._calls:
            self.at[id(node)] = dict(env)
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            return env
        found: Env | None = handler(node, env)
        return found

    def _assign(self, node: ast.Assign, env: Env) -> Env:
        value = self.evaluator.value(node.value, env)
        for target in node.targets:
            self._store(target, value, env)
        return env

    def _annassign(self, node: ast.AnnAssign, env: Env) -> Env:
        if node.value is not None:
            self._store(node.target, self.evaluator.value(node.value, env), env)
        return env

    def _store(self, target: ast.expr, value: Value, env: Env) -> None:
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._store_item(target, target.value.id, value, env)
        else:
            self.evaluator.bind(target, value, env)

    def _store_item(
        self, target: ast.Subscript, name: str, value: Value, env: Env
    ) -> None:
        known = env.get(name)
        if known is not None and (known.table is not None):
            key = self.evaluator.value(target.slice, env)
            env[name] = replace(known, table=(*known.table, (key, value)))

    def _augassign(self, node: ast.AugAssign, env: Env) -> Env:
        if not isinstance(node.target, ast.Name):
            return env
        name = node.target.id
        before = env.get(name)
        after = self.evaluator.value(
            ast.BinOp(ast.Name(name, ast.Load()), node.op, node.value), env
        )
        if before is not None and self._loops and before.items is None:
            added = self.evaluator.value(node.value, env)
            if any(added.texts[0][-1:] == text[-1:] for text in before.texts):
                after = before  # the second time around adds nothing new
        env[name] = after
        return env

    def _expr(self, node: ast.Expr, env: Env) -> Env:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            target = call.func.value
            if isinstance(target, ast.Name) and target.id in env and call.args:
                self._changed(call.func.attr, target.id, call.args, env)
        return env

    def _changed(
        self, method: str, name: str, arguments: list[ast.expr], env: Env
    ) -> None:
        """Follow `clauses.append("a = $1")` and its like."""
        known = env[name]
        if method == "update" and known.table is not None:
            table = self.evaluator.value(arguments[0], env).table or ()
            env[name] = replace(known, table=(*known.table, *table))
        if known.items is None:
            return
        if method in ("append", "add", "appendleft"):
            added = [self.evaluator.value(arguments[0], env)]
        elif method in ("extend", "update"):
            given = self.evaluator.value(arguments[0], env)
            added = list(given.items or [unknown(arguments[0], roots=given.roots)])
        elif method == "insert" and len(arguments) > 1:
            added = [self.evaluator.value(arguments[1], env)]
        else:
            return
        new = [item for item in added if item not in known.items]
        node = ast.Name(name, ast.Load())
        env[name] = sequence([*known.items, *new], node, exact=False)

    def _return(self, node: ast.Return, env: Env) -> None:
        if self._calls and node.value is not None:
            self._returned.append(self.evaluator.value(node.value, env))

    def _raise(self, node: ast.Raise, env: Env) -> None:
        del node, env

    def _continue(self, node: ast.Continue, env: Env) -> None:
        self._leave(node, env)

    def _break(self, node: ast.Break, env: Env) -> None:
        self._leave(node, env)

    def _leave(self, node: ast.stmt, env: Env) -> None:
        del node
        if self._left:
            self._left[-1].append(env)

    _left: list[list[Env]]

    def _if(self, node: ast.If, env: Env) -> Env | None:
        self._walrus(node.test, env)
        then = refined(self.evaluator, node.test, dict(env), holds=True)
        other = refined(self.evaluator, node.test, dict(env), holds=False)
        return _either(self._block(node.body, then), self._block(node.orelse, other))

    def _walrus(self, node: ast.expr, env: Env) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                env[inner.target.id] = self.evaluator.value(inner.value, env)

    def _for(self, node: ast.For | ast.AsyncFor, env: Env) -> Env | None:
        element = self.evaluator.element(node.iter, env)
        return self._loop(node.target, element, node.body, node.orelse, env)

    _asyncfor = _for

    def _while(self, node: ast.While, env: Env) -> Env | None:
        self._walrus(node.test, env)
        return self._loop(None, None, node.body, node.orelse, env)

    def _loop(
        self,
        target: ast.expr | None,
        element: Value | None,
        body: list[ast.stmt],
        orelse: list[ast.stmt],
        env: Env,
    ) -> Env | None:
        if not hasattr(self, "_left"):
            self._left = []
        around = dict(env)
        for _ in range(2):
            inner = dict(around)
            if target is not None and element is not None:
                self.evaluator.bind(target, element, inner)
            self._left.append([])
            self._loops += 1
            after = self._block(body, inner)
            self._loops -= 1
            for left in self._left.pop():
                after = _either(after, left)
            around = _either(around, after) or around
        return self._block(orelse, around)

    def _with(self, node: ast.With | ast.AsyncWith, env: Env) -> Env | None:
        for item in node.items:
            if item.optional_vars is not None:
                value = self.evaluator.value(item.context_expr, env)
                self.evaluator.bind(item.optional_vars, value, env)
        return self._block(node.body, env)

    _asyncwith = _with

    def _try(self, node: ast.Try, env: Env) -> Env | None:
        before = dict(env)
        after = self._block(node.body, env)
        after = self._block(node.orelse, after) if after is not None else None
        for handler in node.handlers:
            failed = dict(_either(before, after) or before)
            after = _either(after, self._block(handler.body, failed))
        return self._block(node.finalbody, after if after is not None else before)

    _trystar = _try

    def _match(self, node: ast.Match, env: Env) -> Env | None:
        result: Env | None = dict(env)
        for case in node.cases:
            inner = dict(env)
            if isinstance(node.subject, ast.Name):
                texts = [
                    str(p.value.value)
                    for p in ast.walk(case.pattern)
                    if isinstance(p, ast.MatchValue)
                    and isinstance(p.value, ast.Constant)
                ]
                if texts:
                    one = Value(tuple((t,) for t in texts), made="name-resolved")
                    inner[node.subject.id] = one
            if isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None:
                result = None if result == env else result
            result = _either(result, self._block(case.body, inner))
        return result

    def _functiondef(self, node: FunctionNode, env: Env) -> Env:
        if self._calls or id(node) not in self.followed:
            return env
        info = self.module.by_node.get(id(node))
        if info is not None:
            inner = dict(env)
            for argument in info.parameters:
                inner[argument.arg] = parameter(info, argument)
            left = getattr(self, "_left", [])
            self._left = []
            self._follow(info, inner)
            self._left = left
        return env

    _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef, env: Env) -> Env:
        if not self._calls:
            self._block(node.body, dict(env))
        return env


def _outwards(functions: Iterable[FunctionInfo | None]) -> Iterator[FunctionInfo]:
    """Yield functions, and those around them."""
    for info in functions:
        current = info
        while current is not None:
            yield current
            current = current.outer


def _either(one: Env | None, other: Env | None) -> Env | None:
    """Join the names known after either of two ways."""
    if one is None or other is None:
        return other if one is None else one
    if one is other:
        return one
    joined: Env = {**one, **other}
    for name, value in one.items():
        second = other.get(name, value)
        if second is not value:
            joined[name] = merged((value, second))
    return joined
