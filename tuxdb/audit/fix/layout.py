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
    return f"{indent}{prefix}{_broken(code, indent, width, lead=len(prefix))}"


def called(code: str, indent: str, column: int, width: int = WIDTH) -> str:
    """Write a call that begins at a column of a line with this indentation."""
    if column + len(code) <= width:
        return code
    node = ast.parse(f"({code})", mode="eval").body
    wait = "await " if isinstance(node, ast.Await) else ""
    inner = node.value if isinstance(node, ast.Await) else node
    if not isinstance(inner, ast.Call) or not (inner.args or inner.keywords):
        return code
    name = wait + _text(f"({code})", inner.func)
    return _called(inner, f"({code})", name, indent, width, lead=width)


def _laid(code: str, indent: str, width: int, more: int) -> str:
    """An expression on a line of its own, on which `more` characters stand too."""
    if "\n" not in code and len(indent) + len(code) + more <= width:
        return code
    return _broken(code, indent, width, bare=more == 1)


def _broken(
    code: str, indent: str, width: int, *, bare: bool = False, lead: int = 0
) -> str:
    node = ast.parse(f"({code})", mode="eval").body
    inner = f"({code})"
    chain = _chain(node)
    if len(chain) > 2:  # noqa: PLR2004 - two methods and what they begin with
        return _methods(chain, inner, indent, width, inside=bare)
    if len(chain) > 1:
        return _method_of_call(chain, inner, indent, width, lead)
    if isinstance(node, ast.Call):
        name = _text(inner, node.func)
        return _called(node, inner, name, indent, width, lead=lead)
    if bare and isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(node, inner, indent, width)
    return code


def _compared(node: ast.Compare, code: str, indent: str, width: int) -> str:
    """A comparison in brackets: its operator begins the second line."""
    left, right = node.left, node.comparators[0]
    between = code[_end(code, left) : _start(code, right)].strip().strip("()").strip()
    laid = _laid(_text(code, left), indent, width, 1)
    more = len(between) + 2
    return f"{laid}\n{indent}{between} {_laid(_text(code, right), indent, width, more)}"


def _chain(node: ast.expr) -> list[ast.Call]:
    """The calls of `a(…).b(…).c(…)`, from the left."""
    found: list[ast.Call] = []
    while isinstance(node, ast.Call):
        found.insert(0, node)
        if not isinstance(node.func, ast.Attribute):
            break
        node = node.func.value
    return found


def _method_of_call(
    chain: Sequence[ast.Call], code: str, indent: str, width: int, lead: int
) -> str:
    """`select(…).where(…)`: the first call stays on its line if there is room."""
    first, last = chain
    owner = _text(code, first)
    if len(indent) + lead + len(owner) + len(_method(last)) + 2 > width:
        owner = _called(first, code, _text(code, first.func), indent, width, lead=lead)
    return _called(last, code, f"{owner}.{_method(last)}", indent, width, lead=lead)


def _methods(
    chain: Sequence[ast.Call], code: str, indent: str, width: int, *, inside: bool
) -> str:
    deeper = indent if inside else indent + STEP
    first = chain[0]
    lines = [_called(first, code, _text(code, first.func), deeper, width)]
    lines += [_called(c, code, f".{_method(c)}", deeper, width) for c in chain[1:]]
    body = f"\n{deeper}".join(lines)
    return body if inside else f"(\n{deeper}{body}\n{indent})"


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _called(
    node: ast.Call, code: str, name: str, indent: str, width: int, *, lead: int = 0
) -> str:
    """A call: on its line, else its arguments on one line, else on one each."""
    parts = [("", _text(code, part)) for part in node.args]
    parts += [(_prefix(part), _text(code, part.value)) for part in node.keywords]
    flat = ", ".join(before + part for before, part in parts)
    whole = f"{name}({flat})"
    line = whole if "\n" in name else " " * lead + indent + whole
    if "\n" not in flat and len(line.rpartition("\n")[2]) + 1 <= width:
        return whole
    if not parts or any(isinstance(part, ast.GeneratorExp) for part in node.args):
        return whole
    deeper = indent + STEP
    if "\n" not in flat and len(deeper) + len(flat) <= width:
        return f"{name}(\n{deeper}{flat}\n{indent})"
    comma = "," if len(parts) > 1 else ""
    laid = [
        f"{deeper}{before}{_laid(part, deeper, width, len(before) + 1)}{comma}\n"
        for before, part in parts
    ]
    return f"{name}(\n{''.join(laid)}{indent})"


def _start(code: str, node: ast.expr) -> int:
    return _offset(code, node.lineno, node.col_offset)


def _end(code: str, node: ast.expr) -> int:
    return _offset(code, node.end_lineno or 1, node.end_col_offset or 0)


def _offset(code: str, line: int, column: int) -> int:
    """The place of a position of `ast` in a text, in characters."""
    lines = code.split("\n")
    before = sum(len(one) + 1 for one in lines[: line - 1])
    return before + len(lines[line - 1].encode()[:column].decode())


def _prefix(node: ast.keyword) -> str:
    return f"{node.arg}=" if node.arg else "**"


def _text(code: str, node: ast.expr) -> str:
    """The source of a part, in the brackets that it had."""
    found = ast.get_source_segment(code, node) or ast.unparse(node)
    return f"({found})" if _open(node, found) else found


def _open(node: ast.expr, text: str) -> bool:
    """Whether a part loses its meaning without the brackets around it."""
    several = isinstance(node, ast.NamedExpr | ast.Yield | ast.YieldFrom | ast.Lambda)
    return several or ("\n" in text and not isinstance(node, ast.Call | ast.Constant))
