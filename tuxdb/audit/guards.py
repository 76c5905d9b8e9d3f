"""What a test says of a name: that it is one of these, or was checked at all."""

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from tuxdb.audit.module import dotted
from tuxdb.audit.values import Value

if TYPE_CHECKING:
    from tuxdb.audit.evaluate import Env, Evaluator

CHECKS = frozenset(
    [
        "isidentifier",
        "isalnum",
        "isalpha",
        "isdigit",
        "isdecimal",
        "isnumeric",
        "fullmatch",
        "match",
        "hasattr",
    ]
)


def refined(
    evaluator: "Evaluator", test: ast.expr, env: "Env", *, holds: bool
) -> "Env":
    """Return the names as known where a test holds, or where it does not."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return refined(evaluator, test.operand, env, holds=not holds)
    if isinstance(test, ast.BoolOp):
        every = isinstance(test.op, ast.And) == holds
        for part in test.values if every else ():
            env = refined(evaluator, part, env, holds=holds)
        return env
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        _compared(evaluator, test, env, holds=holds)
    elif isinstance(test, ast.Call) and holds:
        _called(test, env)
    return env


def _compared(
    evaluator: "Evaluator", test: ast.Compare, env: "Env", *, holds: bool
) -> None:
    name, operator = _name_of(test.left), test.ops[0]
    if name is None or name not in env or env[name].known:
        return
    other = test.comparators[0]
    if isinstance(operator, ast.In if holds else ast.NotIn):
        allowed = evaluator.value(other, env)
        items = list(allowed.items or ()) + [key for key, _ in allowed.table or ()]
        if items and all(item.known for item in items):
            texts = tuple(dict.fromkeys(t for item in items for t in item.texts))
            env[name] = Value(texts, made="name-resolved")
        else:
            env[name] = guarded(env[name])
    elif isinstance(operator, ast.Eq if holds else ast.NotEq):
        value = evaluator.value(other, env)
        if value.known:
            env[name] = value.as_made("name-resolved")


def _called(test: ast.Call, env: "Env") -> None:
    """See `name.isidentifier()`, `re.fullmatch(…, name)`, `hasattr(Model, name)`."""
    if dotted(test.func).rpartition(".")[2] not in CHECKS:
        return
    named = [*test.args]
    if isinstance(test.func, ast.Attribute):
        named.append(test.func.value)
    for node in named:
        name = _name_of(node)
        if name in env and name is not None:
            env[name] = guarded(env[name])


def guarded(value: Value) -> Value:
    """Return the same, with its unknown parts marked as checked."""
    texts = tuple(
        tuple(p if isinstance(p, str) else replace(p, guarded=True) for p in text)
        for text in value.texts
    )
    return replace(value, texts=texts)


def _name_of(node: ast.expr) -> str | None:
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        same = called.attr in ("lower", "upper", "strip", "casefold")
        return _name_of(called.value) if same else None
    return node.id if isinstance(node, ast.Name) else None
