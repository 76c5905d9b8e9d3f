"""Texts with places to fill: `str.format`, `%` and `replace`."""

import ast
import re
import string
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tuxdb.audit.values import (
    MOST_PARTS,
    Nature,
    Part,
    Value,
    concat,
    literal,
    merged,
    one_of,
    unknown,
)

if TYPE_CHECKING:
    from tuxdb.audit.evaluate import Evaluator

Env = Mapping[str, Value]

_PERCENT = re.compile(r"%(?:\((\w+)\))?[-#0 +]*\d*(?:\.\d+)?([diouxXeEfFgGcrsa%])")


def formatted(ev: "Evaluator", node: ast.Call, base: Value, env: Env) -> Value:
    """Evaluate `text.format(values)`."""
    positional: list[Value] = []
    sources: list[ast.expr] = []
    spread = False
    for argument in node.args:
        spread = spread or isinstance(argument, ast.Starred)
        positional.append(one_of(ev.value(argument, env), argument))
        sources.append(argument)
    named = {
        k.arg: one_of(ev.value(k.value, env), k.value) for k in node.keywords if k.arg
    }
    for keyword in node.keywords:
        if keyword.arg is None:
            named |= _table_of(ev.value(keyword.value, env))
    texts: list[Value] = []
    for text in base.texts:
        pieces = [
            _filled(piece, node, [] if spread else positional, named)
            if isinstance(piece, str)
            else Value(((piece,),))
            for piece in text
        ]
        texts.append(concat(pieces, "format"))
    found = merged(texts) if texts else base
    return replace(found, made="format", origin=base.origin)


def _table_of(value: Value) -> dict[str, Value]:
    return {k.strings()[0]: v for k, v in value.table or () if k.known and k.strings()}


def _filled(
    text: str, node: ast.Call, positional: list[Value], named: dict[str, Value]
) -> Value:
    """Put values into one template of `str.format`."""
    pieces: list[Value] = []
    counter = 0
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return literal(text)
    for before, name, _spec, _conversion in fields:
        pieces.append(literal(before))
        if name is None:
            continue
        head = re.split(r"[.\[]", name, maxsplit=1)[0]
        if not head:
            head, counter = str(counter), counter + 1
        if head.isdigit():
            number = int(head)
            found = positional[number] if number < len(positional) else None
        else:
            found = named.get(head)
        plain = name in ("", head)
        unnamed = unknown(node, roots=found.roots if found else ("format",))
        pieces.append(found if found is not None and plain else unnamed)
    return concat(pieces, "format")


def percent(
    node: ast.BinOp, left: Value, right: Value, given: dict[str | int, Value]
) -> Value:
    """Evaluate `text % values`."""
    found: list[Value] = []
    for text in left.texts:
        pieces: list[Value] = []
        counter = 0
        for piece in text:
            if isinstance(piece, Part):
                pieces.append(Value(((piece,),)))
                continue
            at = 0
            for match in _PERCENT.finditer(piece):
                pieces.append(literal(piece[at : match.start()]))
                at = match.end()
                if match[2] == "%":
                    pieces.append(literal("%"))
                    continue
                key: str | int = match[1] or counter
                counter += not match[1]
                value = given.get(key) or unknown(node.right, roots=right.roots)
                if match[2] in "diouxXeEfFgG" and value.part is not None:
                    numeric = replace(value.part, nature=_numeric(value.part))
                    value = replace(value, texts=((numeric,),))
                pieces.append(one_of(value, node.right))
            pieces.append(literal(piece[at:]))
        found.append(concat(pieces, "format"))
    whole = merged(found) if found else left
    return replace(whole, made="format", origin=left.origin)


def _numeric(part: Part) -> Nature:
    return part.nature if part.nature in ("count", "literal") else "int"


def replaced(ev: "Evaluator", node: ast.Call, base: Value, env: Env) -> Value | None:
    """Evaluate `text.replace("{name}", value)` of a text that is known."""
    old, new = ev.value(node.args[0], env), ev.value(node.args[1], env)
    if old.known and old.strings() == ['"'] and new.known and new.strings() == ['""']:
        return unknown(node, "quoted", base.roots)  # an identifier, quoted as it should
    if base.part is not None or not old.known or len(old.texts) != 1:
        part = base.part
        return unknown(node, part.nature if part else "any", base.roots | new.roots)
    wanted = old.strings()[0]
    if not wanted:
        return base
    found = []
    for text in base.texts:
        pieces: list[Value] = []
        for piece in text:
            if isinstance(piece, Part):
                pieces.append(Value(((piece,),)))
                continue
            for number, rest in enumerate(piece.split(wanted, MOST_PARTS)):
                if number:
                    pieces.append(one_of(new, node.args[1]))
                pieces.append(literal(rest))
        made = base.made if new.known else "format"
        found.append(concat(pieces, made))
    return replace(merged(found), origin=base.origin) if found else base
