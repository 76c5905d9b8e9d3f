"""What the calls come to that build texts and sequences: format, join, enumerate."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tuxdb.audit import templates
from tuxdb.audit.module import dotted
from tuxdb.audit.values import (
    Text,
    Value,
    concat,
    literal,
    merged,
    one_of,
    sequence,
    unknown,
)

if TYPE_CHECKING:
    from tuxdb.audit.evaluate import Evaluator

Env = Mapping[str, Value]

SAME_TEXT = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "capitalize",
        "casefold",
        "dedent",
        "cleandoc",
        "removesuffix",
        "removeprefix",
        "expandtabs",
        "swapcase",
        "encode",
        "decode",
    ]
)
COPIES = frozenset(["list", "tuple", "set", "sorted", "reversed", "frozenset", "iter"])
COUNTS = frozenset(["len", "range", "secrets.token_hex", "token_hex", "id"])
NUMBERS = frozenset(
    ["int", "float", "round", "abs", "min", "max", "sum", "bool", "ord"]
)
QUOTERS = frozenset(
    ["Identifier", "Placeholder", "Literal", "quote_ident", "quoted_name", "quote"]
)
STATEMENT_MAKERS = frozenset(
    [
        "pg_insert",
        "select",
        "insert",
        "update",
        "delete",
        "union",
        "union_all",
        "intersect",
        "except_",
        "exists",
        "DDL",
        "CreateTable",
        "DropTable",
        "CreateIndex",
    ]
)
CHOOSERS = frozenset(("random.choice", "choice", "secrets.choice", "random.choices"))


def known_call(ev: "Evaluator", node: ast.Call, env: Env) -> Value | None:
    """Evaluate a call of a function or method whose meaning is known."""
    name = dotted(node.func)
    last = name.rpartition(".")[2]
    if isinstance(node.func, ast.Attribute):
        found = _method(ev, node, node.func, env)
        if found is not None:
            return found
    if name in CHOOSERS and node.args:
        items = ev.value(node.args[0], env).items
        return merged(items) if items else None
    if last in QUOTERS and node.args and last != "quote":
        return unknown(node, "quoted")
    return _function(ev, node, name, last, env)


def _function(
    ev: "Evaluator", node: ast.Call, name: str, last: str, env: Env
) -> Value | None:
    if name in COUNTS:
        return unknown(node, "count")
    if last in STATEMENT_MAKERS and _is_maker(ev, node, name):
        return replace(unknown(node), statement_object=True)
    first = ev.value(node.args[0], env) if node.args else None
    if name in NUMBERS:
        return unknown(node, "int", first.roots if first else ())
    return None if first is None else _of_one(ev, node, first, env)


def _of_one(ev: "Evaluator", node: ast.Call, first: Value, env: Env) -> Value | None:
    """Evaluate the call of a function with an argument."""
    name = dotted(node.func)
    last = name.rpartition(".")[2]
    if name == "str" or last in ("SQL", "text", "dedent", "cleandoc", "TextClause"):
        return first
    if name in COPIES:
        return replace(first, exact=first.exact and name in ("list", "tuple"))
    if name == "map" and len(node.args) > 1:
        return _mapped(ev, node, env)
    if name == "open" or last in ("Path", "PurePath"):
        return replace(unknown(node), file=file_of(ev, node, env))
    return first if name == "dict" and first.table else None


def _is_maker(ev: "Evaluator", node: ast.Call, name: str) -> bool:
    """Whether this is a function of SQLAlchemy, and no method of something else."""
    plain = not isinstance(node.func, ast.Attribute)
    return plain or name.partition(".")[0] in ev.module.imports


def _mapped(ev: "Evaluator", node: ast.Call, env: Env) -> Value:
    """Evaluate `map(str, ids)` and `map("{} = 1".format, names)`."""
    source = ev.value(node.args[1], env)
    inner = merged(source.items) if source.items else None
    way = node.args[0]
    if isinstance(way, ast.Lambda) and len(way.args.args) == 1:
        element = inner or unknown(node.args[1], roots=source.roots)
        bound = {**env, way.args.args[0].arg: element}
        return sequence([ev.value(way.body, bound)], node, exact=False)
    if inner is None or not (isinstance(way, ast.Name) and way.id == "str"):
        number = isinstance(way, ast.Name) and way.id == "int"
        element = unknown(node.args[1], "int" if number else "any", source.roots)
        return sequence([element], node, exact=False)
    return sequence([inner], node, exact=False)


def _method(
    ev: "Evaluator", node: ast.Call, func: ast.Attribute, env: Env
) -> Value | None:
    method = func.attr
    if method == "join" and len(node.args) == 1:
        return _join(ev, node, ev.value(func.value, env), env)
    if method in ("format", "format_map"):
        base = ev.value(func.value, env)
        return templates.formatted(ev, node, base, env) if base.texts else None
    if method == "replace" and len(node.args) > 1:
        return templates.replaced(ev, node, ev.value(func.value, env), env)
    if method in SAME_TEXT:
        return _same_text(ev, node, func, env)
    if method in ("read", "read_text", "read_bytes"):
        return _read(ev, node, func, env)
    if method in ("open", "joinpath", "resolve", "absolute"):
        file = ev.value(func.value, env).file or file_of(ev, node, env)
        return replace(unknown(node), file=file) if file else None
    if method in ("get", "pop", "setdefault") and node.args:
        return _lookup(ev, node, ev.value(func.value, env), env)
    if method in ("keys", "values", "copy", "items"):
        return _view(node, method, ev.value(func.value, env))
    if method in ("bindparams", "columns", "execution_options", "as_string"):
        return ev.value(func.value, env)
    return None


def _same_text(
    ev: "Evaluator", node: ast.Call, func: ast.Attribute, env: Env
) -> Value | None:
    base = func.value
    if dotted(base) in ("textwrap", "inspect"):
        base = node.args[0] if node.args else base
    value = ev.value(base, env)
    if value.known and hasattr(str, func.attr) and not node.args:
        way = getattr(str, func.attr)
        if func.attr in ("encode", "decode"):
            return value
        texts: tuple[Text, ...] = tuple((way(text),) for text in value.strings())
        return replace(value, texts=texts)
    if value.part is not None:
        return replace(value, texts=((replace(value.part, node=node),),))
    return value


def _join(ev: "Evaluator", node: ast.Call, glue: Value, env: Env) -> Value:
    """Evaluate `glue.join(elements)`: each element that is known, once."""
    given = ev.value(node.args[0], env)
    items = given.items
    if not items and given.table:
        items = tuple(key for key, _ in given.table)
    if not items:
        if given.known and given.made != "variable":
            return given
        return unknown(node, "list", given.roots)
    if all(_is_bare(item) for item in items):
        natures = {part.nature for item in items for part in item.parts}
        if natures <= {"literal", "count", "quoted"}:
            return unknown(node, "literal")
        guarded = all(part.guarded for item in items for part in item.parts)
        return unknown(node, "list", given.roots, guarded=guarded)
    pieces: list[Value] = []
    for item in items:
        if pieces:
            pieces.append(glue)
        pieces.append(one_of(item, node))
    return concat(pieces, "concat")


def _is_bare(item: Value) -> bool:
    """Whether an element is nothing but one unknown."""
    return item.part is not None


def _read(
    ev: "Evaluator", node: ast.Call, func: ast.Attribute, env: Env
) -> Value | None:
    file = ev.value(func.value, env).file or file_of(ev, func.value, env)
    if file is None:
        return None
    content = ev.module.sql_files.get(file)
    if content is None:
        return unknown(node, "literal", ["file"])
    return replace(literal(content), made="name-resolved", origin=file)


def file_of(ev: "Evaluator", node: ast.expr, env: Env) -> str | None:
    """Name the `.sql` file that an expression speaks of, if one."""
    for inner in ast.walk(node):
        text = inner.value if isinstance(inner, ast.Constant) else None
        if isinstance(text, str) and text.endswith(".sql"):
            return text.replace("\\", "/").rpartition("/")[2]
        if isinstance(inner, ast.Name):
            value = env.get(inner.id) or ev.value(inner, env)
            if value.file:
                return value.file
            if value.known and len(value.texts) == 1:
                text = value.strings()[0]
                if text.endswith(".sql"):
                    return text.rpartition("/")[2]
    return None


def _lookup(ev: "Evaluator", node: ast.Call, base: Value, env: Env) -> Value | None:
    if not base.table:
        return None
    found = [value for _, value in base.table]
    key = ev.value(node.args[0], env)
    if key.known:
        wanted = set(key.strings())
        found = [
            v for k, v in base.table if k.known and set(k.strings()) & wanted
        ] or found
    found += [ev.value(other, env) for other in node.args[1:2]]
    return merged(found).as_made("name-resolved")


def _view(node: ast.Call, method: str, base: Value) -> Value | None:
    if method == "copy":
        return base
    if base.table is None:
        return None
    if method == "items":
        pairs = [sequence(pair, node, exact=True) for pair in base.table]
        return sequence(pairs, node, exact=True)
    side = 0 if method == "keys" else 1
    return sequence([pair[side] for pair in base.table], node, exact=True)


def sliced(node: ast.Subscript, base: Value) -> Value:
    """Evaluate `text[:-2]`, `items[1:]`."""
    if base.items is not None:
        return replace(base, exact=False)
    if base.part is not None:
        return unknown(node, base.part.nature, base.roots, guarded=base.part.guarded)
    bounds = node.slice
    ends = isinstance(bounds, ast.Slice) and bounds.lower is None
    upper = bounds.upper if isinstance(bounds, ast.Slice) else None
    cut = 0
    if isinstance(upper, ast.UnaryOp) and isinstance(upper.operand, ast.Constant):
        cut = upper.operand.value if isinstance(upper.operand.value, int) else 0
    if not ends or not cut:
        return base
    return replace(base, texts=tuple(_cut(text, cut) for text in base.texts))


def _cut(text: Text, count: int) -> Text:
    if text and isinstance(text[-1], str):
        return (*text[:-1], text[-1][:-count])
    return text


def iterated(ev: "Evaluator", node: ast.expr, env: Env) -> Value | None:
    """Evaluate one element of `enumerate(…)`, `range(…)`, `zip(…)`, `x.items()`."""
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func)
    if name == "range":
        return unknown(node, "count")
    if name == "enumerate" and node.args:
        counter = unknown(node, "count")
        return sequence([counter, ev.element(node.args[0], env)], node, exact=True)
    if name == "zip":
        return sequence([ev.element(a, env) for a in node.args], node, exact=True)
    if name.endswith(".items"):
        base = ev.value(node, env)
        pairs = base.items
        if pairs and all(p.exact and p.items and len(p.items) == 2 for p in pairs):  # noqa: PLR2004 - a pair
            keys = merged(p.items[0] for p in pairs if p.items)
            values = merged(p.items[1] for p in pairs if p.items)
            return sequence([keys, values], node, exact=True)
    return _tuples(ev.value(node, env).items)


def _tuples(items: Iterable[Value] | None) -> Value | None:
    found = list(items or ())
    if not found:
        return None
    return merged(found)
