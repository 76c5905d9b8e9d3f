"""Operators: comparisons, arithmetic, IN, LIKE, BETWEEN, and PostgreSQL's own."""

from typing import TYPE_CHECKING

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.convert.context import CannotConvert
from tuxdb.audit.sql.convert.expr import COMPOUND, Expr
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

if TYPE_CHECKING:
    from tuxdb.audit.sql.convert.expressions import Expressions

COMPARISONS = {
    "=": "==",
    "<>": "!=",
    "!=": "!=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
}
ARITHMETIC = {"+": 7, "-": 7, "*": 8, "/": 8, "%": 8}
OTHER_PRECEDENCE = 6
TEXT_OPERATORS = frozenset({"->>", "#>>"})
BOOLEAN_OPERATORS = frozenset(
    {"@>", "<@", "?", "?|", "?&", "&&", "@@", "~", "~*", "!~", "!~*", "@?", "%", "^@"}
)
LIKES = {
    ("AEXPR_LIKE", "~~"): "like",
    ("AEXPR_LIKE", "!~~"): "not_like",
    ("AEXPR_ILIKE", "~~*"): "ilike",
    ("AEXPR_ILIKE", "!~~*"): "not_ilike",
}


class Operators:
    """Converts `a_expr` nodes."""

    def __init__(self, expressions: "Expressions") -> None:
        self._in = expressions
        self._top_level = False
        self._kinds = {
            "AEXPR_OP": self._plain,
            "AEXPR_OP_ANY": self._any,
            "AEXPR_OP_ALL": self._any,
            "AEXPR_DISTINCT": self._distinct,
            "AEXPR_NOT_DISTINCT": self._distinct,
            "AEXPR_NULLIF": self._nullif,
            "AEXPR_IN": self._in_list,
            "AEXPR_LIKE": self._like,
            "AEXPR_ILIKE": self._like,
            "AEXPR_SIMILAR": self._similar,
            "AEXPR_BETWEEN": self._between,
            "AEXPR_NOT_BETWEEN": self._between,
        }

    def top_level(self, node: Tree) -> str:
        """A whole part of a WHERE, where NULL and false are one."""
        kind, tree = unwrap(node)
        if kind == "a_expr" and enum(tree, "kind") == "AEXPR_OP":
            return self._plain(tree, top_level=True).code
        return self._in.element(node)

    def convert(self, tree: Tree) -> Expr:
        """Convert an operator and its operands."""
        kind = enum(tree, "kind")
        converter = self._kinds.get(kind)
        if converter is None:
            raise CannotConvert(kind.removeprefix("AEXPR_").replace("_", " "), kind)
        return converter(tree)

    def _plain(self, tree: Tree, *, top_level: bool = False) -> Expr:
        name = _operator(tree)
        if not tree.HasField("lexpr"):
            return self._prefix(name, self._in.convert(tree.rexpr))
        left, right = self._in.convert(tree.lexpr), self._in.convert(tree.rexpr)
        if name in COMPARISONS:
            return self._compare(name, left, right, top_level=top_level)
        if name in ARITHMETIC and not _is_text(left):
            return self._arithmetic(name, left, right)
        return self._custom(name, left, right)

    def _compare(
        self, name: str, left: Expr, right: Expr, *, top_level: bool = False
    ) -> Expr:
        right_code = self._compared(left, right, name, top_level=top_level)
        if left.kind in ("argument", "constant"):
            left_code = self._in.as_element(left)
        else:
            left_code = left.operand
        code = f"{left_code} {COMPARISONS[name]} {right_code}"
        return Expr(code, "other", "boolean", "boolean", prec=COMPOUND, binary=True)

    def _compared(self, left: Expr, right: Expr, name: str, *, top_level: bool) -> str:
        """The right side of a comparison: bare where SQLAlchemy types it alike."""
        if right.kind == "argument":
            fits = left.kind == "column" and pgtypes.same(left.declared, right.type)
            harmless = name == "=" and top_level and left.not_null
            if fits and (right.not_null or harmless):
                return self._in.context.argument(right.number)
        if right.kind == "constant" and self._is_bare(left, right):
            return repr(right.value)
        return self._in.as_operand(right)

    def _is_bare(self, left: Expr, right: Expr) -> bool:
        """Whether a constant may stand as a plain Python value."""
        if type(right.value) is str:
            return left.kind == "column" and left.declared in pgtypes.TEXTS
        if type(right.value) is not int:
            return False
        if left.kind == "column":
            return left.declared in pgtypes.INTEGERS
        return left.kind == "call" and left.declared is None

    def _arithmetic(self, name: str, left: Expr, right: Expr) -> Expr:
        integers = left.type in pgtypes.INTEGERS and right.type in pgtypes.INTEGERS
        if name == "/" and not integers:
            return self._custom(name, left, right, precedence=ARITHMETIC[name])
        symbol = "//" if name == "/" else name
        left_code = (
            left.operand
            if left.kind not in ("argument", "constant")
            else self._in.as_element(left)
        )
        bare = right.kind == "constant" and type(right.value) is int
        bare = bare and left.declared in (*pgtypes.INTEGERS, None)
        right_code = repr(right.value) if bare else self._in.as_operand(right)
        type_name = left.type if integers and left.type == right.type else None
        code = f"{left_code} {symbol} {right_code}"
        return Expr(code, "other", type_name, type_name, prec=COMPOUND, binary=True)

    def _custom(
        self, name: str, left: Expr, right: Expr, *, precedence: int = OTHER_PRECEDENCE
    ) -> Expr:
        context = self._in.context
        if name == "||" and _is_text(left) and left.kind == "column":
            value = (
                repr(right.value)
                if type(right.value) is str and left.declared in pgtypes.TEXTS
                else self._in.as_element(right)
            )
            return Expr(
                f"{left.operand}.concat({value})", "call", "text", "text", binary=True
            )
        options = [repr(name)]
        if left.binary or right.binary:
            options.append(f"precedence={precedence}")
        type_name = None
        if name in TEXT_OPERATORS:
            options.append(f"return_type={context.use('Text')}()")
            type_name = "text"
        elif name in ("->", "#>"):
            type_name = left.type
        elif name in BOOLEAN_OPERATORS:
            options.append(f"return_type={context.use('Boolean')}()")
            type_name = "boolean"
        elif name == "||":
            type_name = left.type or right.type
        operand = self._in.as_operand(left)
        code = f"{operand}.op({', '.join(options)})({self._in.as_element(right)})"
        return Expr(code, "operator", type_name, type_name, binary=True)

    def _prefix(self, name: str, found: Expr) -> Expr:
        if name == "~":
            code = (
                f"{self._in.context.use('bitwise_not')}({self._in.as_element(found)})"
            )
            return Expr(code, "call", found.type, binary=True)
        if name != "-":
            raise CannotConvert(f"the prefix operator {name}", "operator")
        return Expr(
            f"-{self._in.as_operand(found)}",
            "other",
            found.type,
            prec=COMPOUND,
            binary=True,
        )

    def _any(self, tree: Tree) -> Expr:
        name = _operator(tree)
        quantifier = "any_" if enum(tree, "kind") == "AEXPR_OP_ANY" else "all_"
        context = self._in.context
        left, right = self._in.convert(tree.lexpr), self._in.convert(tree.rexpr)
        array = f"{context.use(quantifier)}({self._in.as_element(right)})"
        left_code = self._in.as_operand(left)
        if name in COMPARISONS:
            code = f"{left_code} {COMPARISONS[name]} {array}"
        else:
            code = f"{left_code}.op({name!r})({array})"
        return Expr(code, "other", "boolean", "boolean", prec=COMPOUND, binary=True)

    def _distinct(self, tree: Tree) -> Expr:
        negated = enum(tree, "kind") == "AEXPR_NOT_DISTINCT"
        method = "is_not_distinct_from" if negated else "is_distinct_from"
        left, right = self._in.convert(tree.lexpr), self._in.convert(tree.rexpr)
        code = f"{self._in.as_operand(left)}.{method}({self._in.as_element(right)})"
        return Expr(code, "call", "boolean", "boolean", binary=True)

    def _nullif(self, tree: Tree) -> Expr:
        left, right = self._in.convert(tree.lexpr), self._in.convert(tree.rexpr)
        parts = f"{self._in.as_element(left)}, {self._in.as_value(right)}"
        code = f"{self._in.context.use('func')}.nullif({parts})"
        return Expr(code, "call", left.type, left.declared)

    def _in_list(self, tree: Tree) -> Expr:
        left = self._in.convert(tree.lexpr)
        method = "in_" if _operator(tree) == "=" else "not_in"
        items = [self._in.convert(one) for one in tree.rexpr.list.items]
        codes = [
            repr(one.value) if self._is_bare(left, one) else self._in.as_element(one)
            for one in items
        ]
        code = f"{self._in.as_operand(left)}.{method}([{', '.join(codes)}])"
        return Expr(code, "call", "boolean", "boolean", binary=True)

    def _like(self, tree: Tree) -> Expr:
        method = LIKES.get((enum(tree, "kind"), _operator(tree)))
        if method is None:
            raise CannotConvert("LIKE with another operator", "like")
        left, right = self._in.convert(tree.lexpr), self._in.convert(tree.rexpr)
        if unwrap(tree.rexpr)[0] == "func_call":
            raise CannotConvert("LIKE with ESCAPE", "like")
        if (
            left.kind == "column"
            and right.kind == "constant"
            and self._is_bare(left, right)
        ):
            pattern = repr(right.value)
        elif (
            left.kind == "column"
            and right.kind == "argument"
            and pgtypes.same(left.declared, right.type)
            and right.not_null
        ):
            pattern = self._in.context.argument(right.number)
        else:
            pattern = self._in.as_element(right)
        code = f"{self._in.as_operand(left)}.{method}({pattern})"
        return Expr(code, "call", "boolean", "boolean", binary=True)

    def _similar(self, tree: Tree) -> Expr:
        name = {"~": "SIMILAR TO", "!~": "NOT SIMILAR TO"}[_operator(tree)]
        _, call = unwrap(tree.rexpr)
        if len(call.args) != 1:
            raise CannotConvert("SIMILAR TO with ESCAPE", "like")
        left, right = self._in.convert(tree.lexpr), self._in.convert(call.args[0])
        boolean = self._in.context.use("Boolean")
        operator = f".op({name!r}, precedence=5, return_type={boolean}())"
        code = f"{self._in.as_operand(left)}{operator}({self._in.as_element(right)})"
        return Expr(code, "operator", "boolean", "boolean", binary=True)

    def _between(self, tree: Tree) -> Expr:
        left = self._in.convert(tree.lexpr)
        bounds = [self._in.convert(one) for one in tree.rexpr.list.items]
        codes = [self._compared(left, one, "<", top_level=False) for one in bounds]
        code = f"{self._in.as_operand(left)}.between({', '.join(codes)})"
        if enum(tree, "kind") == "AEXPR_NOT_BETWEEN":
            code = f"{self._in.context.use('not_')}({code})"
        return Expr(code, "call", "boolean", "boolean", binary=True)


def _operator(tree: Tree) -> str:
    names = strings(tree.name)
    if len(names) != 1 and names[0] != "pg_catalog":
        raise CannotConvert(f"the operator {'.'.join(names)}", "operator")
    return names[-1]


def _is_text(found: Expr) -> bool:
    return found.type in pgtypes.TEXTS or type(found.value) is str
