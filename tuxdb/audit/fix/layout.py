"""Expressions laid out over lines, as a formatter would, without one.

What fits stays on its line. A chain of methods gets a line per method, a call a line
per argument; strings and everything else stay as they were written.
"""

import ast
from collections.abc import Sequence

WIDTH = 88
STEP = "    "


def assigned(prefix: str, code: str, indent: str, width: int = WIDTH) -> str:
    """Write `prefix` and an expression from an indentation on, without a line end."""
    flat = f"{indent}{prefix}{code}"
    if "\n" not in code and len(flat) <= width:
        return flat
    return f"{indent}{prefix}{_broken(code, indent, width)}"


def _laid(code: str, indent: str, width: int, tail: int) -> str:
    """An expression that begins at an indentation and is followed by `tail`."""
    if "\n" not in code and len(indent) + len(code) + tail <= width:
        return code
    return _broken(code, indent, width, inside=True)


def _broken(code: str, indent: str, width: int, *, inside: bool = False) -> str:
    node = ast.parse(f"({code})", mode="eval").body
    inner = f"({code})"
    chain = _chain(node)
    if len(chain) > 1:
        return _methods(chain, inner, indent, width, inside=inside)
    if isinstance(node, ast.Call):
        return _called(node, inner, _text(inner, node.func), indent, width)
    return code


def _chain(node: ast.expr) -> list[ast.Call]:
    """The calls of `a(…).b(…).c(…)`, from the left."""
    found: list[ast.Call] = []
    while isinstance(node, ast.Call):
        found.insert(0, node)
        if not isinstance(node.func, ast.Attribute):
            break
        node = node.func.value
    return found


def _methods(
    chain: Sequence[ast.Call], code: str, indent: str, width: int, *, inside: bool
) -> str:
    deeper = indent if inside else indent + STEP
    first = chain[0]
    lines = [_called(first, code, _text(code, first.func), deeper, width)]
    for call in chain[1:]:
        assert isinstance(call.func, ast.Attribute)  # noqa: S101 - so is a chain made
        lines.append(_called(call, code, f".{call.func.attr}", deeper, width))
    body = f"\n{deeper}".join(lines)
    return body if inside else f"(\n{deeper}{body}\n{indent})"


def _called(node: ast.Call, code: str, name: str, indent: str, width: int) -> str:
    parts = [_text(code, part) for part in node.args]
    parts += [_keyword(code, part) for part in node.keywords]
    flat = f"{name}({', '.join(parts)})"
    if "\n" not in flat and len(indent) + len(flat) + 1 <= width:
        return flat
    if not parts or any(isinstance(part, ast.GeneratorExp) for part in node.args):
        return flat
    deeper = indent + STEP
    laid = [f"{deeper}{_laid(part, deeper, width, 1)},\n" for part in parts]
    return f"{name}(\n{''.join(laid)}{indent})"


def _keyword(code: str, node: ast.keyword) -> str:
    value = _text(code, node.value)
    return f"{node.arg}={value}" if node.arg else f"**{value}"


def _text(code: str, node: ast.expr) -> str:
    """The source of a part, in the brackets that it had."""
    found = ast.get_source_segment(code, node) or ast.unparse(node)
    return f"({found})" if _open(node, found) else found


def _open(node: ast.expr, text: str) -> bool:
    """Whether a part loses its meaning without the brackets around it."""
    several = isinstance(node, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Lambda)
    return several or ("\n" in text and not isinstance(node, ast.Call | ast.Constant))
