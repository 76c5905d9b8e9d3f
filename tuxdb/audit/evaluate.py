"""What an expression can come to, by the values of its names; nothing is run."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tuxdb.audit import calls, templates
from tuxdb.audit.module import FunctionInfo, Module, dotted
from tuxdb.audit.names import Names
from tuxdb.audit.values import (
    Value,
    concat,
    literal,
    merged,
    one_of,
    sequence,
    unknown,
)

Env = dict[str, Value]
DEEPEST = 24
MOST_ITEMS = 200
SHORT_WORD = 16
MODEL_WORDS = ("openai", "completion", "anthropic", "claude", "llm", "gpt", "gemini")


class Evaluator(Names):
    """Evaluates the expressions of one module.

    `enter` evaluates the return values of a function of it; flow.py sets it.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.function: FunctionInfo | None = None
        self.enter: Callable[[FunctionInfo, ast.Call, Env], Value | None] | None = None
        self._depth = 0
        self._busy: set[str] = set()

    def value(self, node: ast.expr, env: Mapping[str, Value]) -> Value:
        """Evaluate an expression."""
        if self._depth > DEEPEST:
            return unknown(node)
        self._depth += 1
        try:
            handler = self._handlers.get(type(node))
            found = handler(self, node, env) if handler else self._opaque(node, env)
        finally:
            self._depth -= 1
        return found

    # -- literals and texts --------------------------------------------------------

    def _constant(self, node: ast.Constant, _env: Mapping[str, Value]) -> Value:
        if isinstance(node.value, str):
            return literal(node.value)
        if isinstance(node.value, bytes):
            return literal(node.value.decode("utf-8", "replace"))
        return literal(str(node.value))

    def _fstring(self, node: ast.JoinedStr, env: Mapping[str, Value]) -> Value:
        pieces: list[Value] = []
        holes = False
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                holes = True
                pieces.append(self._formatted(part, env))
            else:
                pieces.append(self.value(part, env))
        return concat(pieces, "fstring" if holes else "constant")

    def _formatted(self, node: ast.FormattedValue, env: Mapping[str, Value]) -> Value:
        value = one_of(self.value(node.value, env), node.value)
        if node.conversion == ord("r") and not value.known:
            return concat([literal("'"), value, literal("'")], "fstring")
        spec = node.format_spec
        if spec is not None and value.part is not None and _is_numeric(spec):
            return replace(value, texts=((replace(value.part, nature="int"),),))
        return value

    def _binary(self, node: ast.BinOp, env: Mapping[str, Value]) -> Value:
        left, right = self.value(node.left, env), self.value(node.right, env)
        if isinstance(node.op, ast.Mod) and not _is_number(left):
            return templates.percent(node, left, right, self._percent_values(node, env))
        if isinstance(node.op, ast.Add):
            if left.items is not None and right.items is not None:
                exact = left.exact and right.exact
                return sequence([*left.items, *right.items], node, exact=exact)
            if not (_is_number(left) or _is_number(right)):
                return concat([left, _choice(right, node.right)], "concat")
        if isinstance(node.op, ast.Div):
            file = left.file or calls.file_of(self, node.right, env)
            if file is not None:
                return replace(unknown(node), file=file)
        if isinstance(node.op, ast.Mult):
            return _repeated(node, left, right)
        return _arithmetic(node, left, right)

    def _percent_values(
        self, node: ast.BinOp, env: Mapping[str, Value]
    ) -> dict[str | int, Value]:
        given = node.right
        if isinstance(given, ast.Dict):
            return {
                key.value: self.value(value, env)
                for key, value in zip(given.keys, given.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            }
        items = given.elts if isinstance(given, ast.Tuple) else [given]
        return {at: self.value(item, env) for at, item in enumerate(items)}

    # -- sequences and tables ------------------------------------------------------

    def _sequence(
        self, node: ast.List | ast.Tuple | ast.Set, env: Mapping[str, Value]
    ) -> Value:
        items: list[Value] = []
        exact = len(node.elts) <= MOST_ITEMS
        for item in node.elts[:MOST_ITEMS]:
            if isinstance(item, ast.Starred):
                inner = self.value(item.value, env)
                exact = exact and inner.exact
                items.extend(inner.items or [inner])
            else:
                items.append(self.value(item, env))
        return sequence(items, node, exact=exact)

    def _dict(self, node: ast.Dict, env: Mapping[str, Value]) -> Value:
        pairs: list[tuple[Value, Value]] = []
        for key, value in list(zip(node.keys, node.values, strict=True))[:MOST_ITEMS]:
            if key is None:
                pairs.extend(self.value(value, env).table or ())
            else:
                pairs.append((self.value(key, env), self.value(value, env)))
        return replace(unknown(node), table=tuple(pairs[:MOST_ITEMS]))

    def _subscript(self, node: ast.Subscript, env: Mapping[str, Value]) -> Value:
        base = self.value(node.value, env)
        if isinstance(node.slice, ast.Slice):
            return calls.sliced(node, base)
        if base.table:
            return _looked_up(base, self.value(node.slice, env))
        if base.items:
            return self._element(node, base)
        inner = self.value(node.slice, env)
        if base.known and base.made != "variable" and base.strings() != [""]:
            return unknown(node, "literal")
        return unknown(node, roots=base.roots | inner.roots)

    @staticmethod
    def _element(node: ast.Subscript, base: Value) -> Value:
        items = base.items or ()
        at = node.slice
        sign = -1 if isinstance(at, ast.UnaryOp) else 1
        number = at.operand if isinstance(at, ast.UnaryOp) else at
        index = number.value if isinstance(number, ast.Constant) else None
        index = sign * index if isinstance(index, int) else None
        if base.exact and isinstance(index, int) and -len(items) <= index < len(items):
            return items[index]
        return merged(items)

    def _comprehension(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
        env: Mapping[str, Value],
    ) -> Value:
        inner = self.bind_generators(node.generators, env)
        return sequence([self.value(node.elt, inner)], node, exact=False)

    def _dict_comprehension(
        self, node: ast.DictComp, env: Mapping[str, Value]
    ) -> Value:
        inner = self.bind_generators(node.generators, env)
        pair = (self.value(node.key, inner), self.value(node.value, inner))
        return replace(unknown(node), table=(pair,))

    def bind_generators(
        self, generators: list[ast.comprehension], env: Mapping[str, Value]
    ) -> Env:
        """Return the names of a comprehension, and those around it."""
        inner = dict(env)
        for generator in generators:
            self.bind(generator.target, self.element(generator.iter, inner), inner)
        return inner

    def element(self, node: ast.expr, env: Mapping[str, Value]) -> Value:
        """Evaluate what a loop over an expression binds."""
        known = calls.iterated(self, node, env)
        if known is not None:
            return known
        value = self.value(node, env)
        if value.items:
            return merged(value.items)
        if value.table:
            return merged(key for key, _ in value.table)
        return unknown(node, roots=value.roots)

    def bind(self, target: ast.expr, value: Value, env: Env) -> None:
        """Give names to a value, or to the parts of a tuple."""
        if isinstance(target, ast.Name):
            part = value.part
            if part is not None:
                named = replace(part, node=target)
                value = replace(value, texts=((named,),))
            env[target.id] = value
        elif isinstance(target, ast.Starred):
            self.bind(target.value, unknown(target.value, roots=value.roots), env)
        elif isinstance(target, ast.Tuple | ast.List):
            items = value.items or ()
            fits = value.exact and len(items) == len(target.elts)
            for at, one in enumerate(target.elts):
                found = items[at] if fits else unknown(one, roots=value.roots)
                if items and not fits:
                    found = merged(items)
                self.bind(one, found, env)

    # -- the rest ------------------------------------------------------------------

    def _conditional(self, node: ast.IfExp, env: Mapping[str, Value]) -> Value:
        return merged([self.value(node.body, env), self.value(node.orelse, env)])

    def _boolean(self, node: ast.BoolOp, env: Mapping[str, Value]) -> Value:
        return merged(self.value(one, env) for one in node.values)

    def _await(self, node: ast.Await, env: Mapping[str, Value]) -> Value:
        return self.value(node.value, env)

    def _named(self, node: ast.NamedExpr, env: Mapping[str, Value]) -> Value:
        return self.value(node.value, env)

    def _unary(self, node: ast.UnaryOp, env: Mapping[str, Value]) -> Value:
        value = self.value(node.operand, env)
        if value.known or isinstance(node.op, ast.Not):
            return unknown(node, "literal")
        return unknown(node, "int", value.roots)

    def _call(self, node: ast.Call, env: Mapping[str, Value]) -> Value:
        found = calls.known_call(self, node, env)
        if found is not None:
            return found
        found = self._local_call(node, dict(env))
        return self._opaque(node, env) if found is None else found

    def _local_call(self, node: ast.Call, env: Env) -> Value | None:
        if self.enter is None:
            return None
        target = node.func
        if isinstance(target, ast.Name):
            info = self.module.globals.get(target.id)
            return self.enter(info, node, env) if info else None
        owner = self.function.owner if self.function else None
        if not isinstance(target, ast.Attribute) or not isinstance(
            target.value, ast.Name
        ):
            return None
        if target.value.id in self.module.classes:
            owner = self.module.classes[target.value.id]
        elif target.value.id not in ("self", "cls"):
            return None
        method = owner.methods.get(target.attr) if owner else None
        if method is None:
            return None
        return self.enter(self.module.by_node[id(method)], node, env)

    def _opaque(self, node: ast.expr, env: Mapping[str, Value]) -> Value:
        """Return an unknown that remembers what it was made from."""
        roots: set[str] = set()
        built = False
        for inner in ast.iter_child_nodes(node):
            child = inner.value if isinstance(inner, ast.keyword) else inner
            if isinstance(child, ast.expr):
                value = self.value(child, env)
                roots |= value.roots
                built = built or value.statement_object
        if isinstance(node, ast.Call):
            name = dotted(node.func).lower()
            if any(word in name for word in MODEL_WORDS):
                roots.add("model")
        if isinstance(node, ast.Compare):
            return unknown(node, "literal")
        return replace(unknown(node, roots=roots), statement_object=built)

    _handlers: dict[type[ast.expr], Any] = {  # noqa: RUF012 - a table of methods
        ast.Constant: _constant,
        ast.JoinedStr: _fstring,
        ast.BinOp: _binary,
        ast.Name: Names._name,
        ast.Attribute: Names._attribute,
        ast.List: _sequence,
        ast.Tuple: _sequence,
        ast.Set: _sequence,
        ast.Dict: _dict,
        ast.Subscript: _subscript,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _dict_comprehension,
        ast.IfExp: _conditional,
        ast.BoolOp: _boolean,
        ast.Await: _await,
        ast.NamedExpr: _named,
        ast.UnaryOp: _unary,
        ast.Call: _call,
    }


def _looked_up(base: Value, key: Value) -> Value:
    pairs = base.table or ()
    if key.known:
        wanted = set(key.strings())
        hit = [v for k, v in pairs if k.known and set(k.strings()) & wanted]
        if hit:
            return merged(hit).as_made("name-resolved")
    return merged(v for _, v in pairs).as_made("name-resolved")


def _choice(value: Value, node: ast.expr) -> Value:
    """Return one hole for a choice of short words, such as ASC and DESC."""
    short = value.known and all(len(t) < SHORT_WORD for t in value.strings())
    return one_of(value, node) if short else value


def _is_numeric(spec: ast.expr) -> bool:
    """Whether a format specification is one of numbers."""
    parts = spec.values if isinstance(spec, ast.JoinedStr) else []
    text = "".join(str(p.value) for p in parts if isinstance(p, ast.Constant))
    return text[-1:] in tuple("dfeEgGnxXob")


def _is_number(value: Value) -> bool:
    if value.part is not None:
        return value.part.nature in ("int", "count")
    return value.known and all(t.strip().lstrip("-").isdigit() for t in value.strings())


def _arithmetic(node: ast.expr, left: Value, right: Value) -> Value:
    parts = [*left.parts, *right.parts]
    counted = all(part.nature in ("count", "literal") for part in parts)
    return unknown(node, "count" if counted else "int", left.roots | right.roots)


def _repeated(node: ast.BinOp, left: Value, right: Value) -> Value:
    """Evaluate `"?, " * n` and `["?"] * n`: once, as how often does not matter."""
    for value, other in ((left, right), (right, left)):
        if value.items is not None:
            return replace(value, exact=False)
        if value.known and not _is_number(value):
            return value
        del other
    return _arithmetic(node, left, right)
