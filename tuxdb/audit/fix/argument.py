"""What is bound for an interpolated value, so that the same reaches the server."""

import ast

from tuxdb.audit.fix.binding import Parameter
from tuxdb.audit.fix.literals import Literal
from tuxdb.audit.fix.place import Misplaced
from tuxdb.audit.fix.source import Source
from tuxdb.audit.loads import bindings
from tuxdb.audit.sites import MARKER
from tuxdb.audit.sql.pgtypes import INTEGERS, TEXTS

NUMBERS = INTEGERS | {"numeric", "double precision", "real", "oid"}
TAKES_TEXT = TEXTS | {"uuid", "json", "jsonb", "name", "citext"}
_STR_METHODS = frozenset(
    {"lower", "upper", "strip", "format", "join", "replace", "title", "capitalize"}
)


class Argument:
    """The argument for one parameter, and why it may be wrong."""

    def __init__(
        self,
        source: Source,
        call: ast.Call,
        parameter: Parameter,
        written: Literal,
        kind: str,
    ) -> None:
        self.source, self.call, self.parameter = source, call, parameter
        self.kind = kind
        self.fields = [written.fields[number] for number in parameter.holes]

    def bound(self) -> tuple[str, str]:
        """The source of the argument; the reason, if it is not safe."""
        parameter = self.parameter
        if parameter.kind == "quoted":
            return self._quoted()
        field = self.fields[0]
        node = _expression(field)
        if node is None:
            return f'f"{{{field}}}"', f"`{field}` is formatted"
        if parameter.kind == "list":
            return self._list(node)
        if self._is_int(node) or parameter.kind == "value_int":
            return field, self._unless(NUMBERS)
        if parameter.kind in ("limit", "interval") or self.kind in INTEGERS:
            return f"int({field})", ""
        return field, f"`{field}` may be more than a value"

    def _quoted(self) -> tuple[str, str]:
        parameter = self.parameter
        whole = MARKER.fullmatch(parameter.pattern)
        node = _expression(self.fields[0]) if whole else None
        if node is not None and self.kind in NUMBERS:
            known = self._is_int(node)
            return (self.fields[0] if known else f"int({self.fields[0]})"), ""
        problem = self._unless(TAKES_TEXT)
        if not self.kind:
            problem = "without a schema the type of the column is not known"
        if node is not None:
            known = self._is_str(node)
            return (self.fields[0] if known else f"str({self.fields[0]})"), problem
        return self._pattern(), problem

    def _pattern(self) -> str:
        """The text around the holes, as an f-string of its own."""
        fields = iter(self.fields)
        text = self.parameter.pattern.replace("{", "{{").replace("}", "}}")
        quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        body = MARKER.sub(lambda _: "{" + next(fields) + "}", quoted)
        if any(mark in field for field in self.fields for mark in ('"', "\\")):
            raise Misplaced("quotes stand in quotes in its text")
        return f'f"{body}"'

    def _list(self, node: ast.expr) -> tuple[str, str]:
        """`",".join(map(str, ids))`, `",".join(ids)`, `tuple(ids)`."""
        element = self.kind.removesuffix("[]") if self.kind.endswith("[]") else ""
        items = _joined(node)
        if items is None:
            return f"list({ast.unparse(node)})", "it is not known what the list holds"
        if element in INTEGERS:
            return f"[int(value) for value in {items}]", ""
        if element in TEXTS:
            return f"[str(value) for value in {items}]", ""
        return f"list({items})", "it is not known what the list holds"

    def _unless(self, wanted: frozenset[str]) -> str:
        if not self.kind or self.kind in wanted:
            return ""
        return f"the parameter is of type {self.kind}"

    def _annotation(self, node: ast.expr) -> str:
        scope = self.source.tree.scope(self.call)
        if not isinstance(node, ast.Name):
            return ""
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            return ""
        given = (*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs)
        for argument in given:
            if argument.arg == node.id and bindings(scope, node.id) == 1:
                return ast.unparse(argument.annotation) if argument.annotation else ""
        return ""

    def _is_int(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id in ("int", "len")
        if isinstance(node, ast.BinOp):  # text and a number would not go together
            sides = (node.left, node.right)
            return any(_is_number(side) or self._is_int(side) for side in sides)
        return self._annotation(node) == "int"

    def _is_str(self, node: ast.expr) -> bool:
        if isinstance(node, ast.JoinedStr):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.func.id == "str"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr in _STR_METHODS
        return self._annotation(node) == "str"


def _expression(field: str) -> ast.expr | None:
    """The expression of a field without conversion or format; None with one."""
    try:
        node = ast.parse(f"({field.strip()})", mode="eval").body
    except SyntaxError:
        return None
    return None if field.rstrip().endswith("=") else node


def _joined(node: ast.expr) -> str | None:
    """What a list of values is joined from."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in ("tuple", "list") and len(node.args) == 1:
            return ast.unparse(node.args[0])
        return None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    if node.func.attr != "join" or len(node.args) != 1:
        return None
    separator = node.func.value
    if not isinstance(separator, ast.Constant) or str(separator.value).strip() != ",":
        return None
    return _elements(node.args[0])


def _elements(items: ast.expr) -> str:
    """The values themselves: without the `str()` that joining needed."""
    if isinstance(items, ast.Call) and isinstance(items.func, ast.Name):
        mapped = items.func.id == "map" and len(items.args) == 2  # noqa: PLR2004 - map(str, ids)
        if mapped and ast.unparse(items.args[0]) == "str":
            return ast.unparse(items.args[1])
    if isinstance(items, ast.GeneratorExp | ast.ListComp):
        only = items.generators[0]
        simple = len(items.generators) == 1 and not only.ifs
        if simple and ast.unparse(items.elt) == f"str({ast.unparse(only.target)})":
            return ast.unparse(only.iter)
    return ast.unparse(items)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int
