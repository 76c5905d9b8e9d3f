"""Expressions: columns, constants, arguments, and what combines them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.convert import constants
from tuxdb.audit.sql.convert.context import POSTGRESQL, CannotConvert, Context
from tuxdb.audit.sql.convert.expr import COMPOUND, Expr
from tuxdb.audit.sql.convert.ranges import Scope
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

if TYPE_CHECKING:
    from tuxdb.audit.sql.convert.queries import Queries

TESTS = {
    "IS_TRUE": ("is_", "True"),
    "IS_NOT_TRUE": ("is_not", "True"),
    "IS_FALSE": ("is_", "False"),
    "IS_NOT_FALSE": ("is_not", "False"),
    "IS_UNKNOWN": ("is_", "None"),
    "IS_NOT_UNKNOWN": ("is_not", "None"),
}
KEYWORD_FUNCTIONS = {
    "SVFOP_CURRENT_TIMESTAMP": "current_timestamp",
    "SVFOP_CURRENT_DATE": "current_date",
    "SVFOP_CURRENT_TIME": "current_time",
    "SVFOP_LOCALTIMESTAMP": "localtimestamp",
    "SVFOP_LOCALTIME": "localtime",
    "SVFOP_CURRENT_USER": "current_user",
    "SVFOP_SESSION_USER": "session_user",
    "SVFOP_USER": "user",
}


class Expressions:
    """Converts the expressions of one query; sees the names of its scope."""

    def __init__(self, context: Context, scope: Scope, queries: "Queries") -> None:
        from tuxdb.audit.sql.convert.functions import Functions  # noqa: PLC0415 - circle
        from tuxdb.audit.sql.convert.operators import Operators  # noqa: PLC0415 - circle

        self.context, self.scope, self.queries = context, scope, queries
        self._functions = Functions(self)
        self._operators = Operators(self)
        self._kinds: dict[str, Callable[[Tree], Expr]] = {
            "column_ref": self._column,
            "param_ref": self._parameter,
            "a_const": constants.constant,
            "type_cast": self._cast,
            "a_expr": self._operators.convert,
            "bool_expr": self._boolean,
            "null_test": self._null_test,
            "boolean_test": self._boolean_test,
            "func_call": self._functions.call,
            "coalesce_expr": self._coalesce,
            "min_max_expr": self._min_max,
            "case_expr": self._case,
            "sub_link": self._sub_link,
            "sqlvalue_function": self._keyword_function,
            "a_array_expr": self._array,
            "row_expr": self._row,
            "a_indirection": self._indirection,
            "collate_clause": self._collate,
        }

    def convert(self, node: Tree) -> Expr:
        """Convert any expression."""
        kind, tree = unwrap(node)
        converter = self._kinds.get(kind)
        if converter is None:
            raise CannotConvert(f"{kind.replace('_', ' ')}", kind)
        return converter(tree)

    def element(self, node: Tree) -> str:
        """An expression as source of a typed SQLAlchemy element."""
        return self.as_element(self.convert(node))

    def as_element(self, found: Expr) -> str:
        """The same for what is converted already."""
        if found.kind == "argument":
            return self.context.literal(found.number)
        if found.kind == "constant":
            return constants.element(self.context, found)
        return found.code

    def as_operand(self, found: Expr) -> str:
        """The same, in parentheses where Python needs them."""
        return found.operand if found.code else self.as_element(found)

    def as_value(self, found: Expr) -> str:
        """An expression where SQLAlchemy types bare numbers as PostgreSQL does."""
        if found.kind == "constant" and type(found.value) is int:
            return repr(found.value)
        return self.as_element(found)

    def condition(self, node: Tree) -> list[str]:
        """A condition as the arguments of where(): one for each part of an AND."""
        kind, tree = unwrap(node)
        if kind == "bool_expr" and enum(tree, "boolop") == "AND_EXPR":
            return [one for part in tree.args for one in self.condition(part)]
        return [self._operators.top_level(node)]

    def _column(self, tree: Tree) -> Expr:
        kinds = [unwrap(one)[0] for one in tree.fields]
        if "a_star" in kinds:
            raise CannotConvert("a whole row in an expression", "whole row")
        names = strings(tree.fields)
        qualifier = names[-2] if len(names) > 1 else None
        found, column = self.scope.resolve(names[-1], qualifier)
        return Expr(
            column.code,
            "column",
            column.type,
            column.declared,
            not_null=column.not_null and not found.nullable,
        )

    def _parameter(self, tree: Tree) -> Expr:
        number = tree.number
        return Expr(
            "",
            "argument",
            self.context.parameter_type(number),
            number=number,
            not_null=number in self.context.not_null,
        )

    def _cast(self, tree: Tree) -> Expr:
        target = constants.TypeText.of(tree.type_name)
        kind, inner = unwrap(tree.arg)
        if kind == "a_const":
            literal = constants.constant(inner)
            if literal.value is not None:
                code = constants.cast_constant(self.context, literal, target)
                return Expr(code, "other", target.canonical, target.canonical)
        if kind == "a_array_expr" and not inner.elements:
            return self._empty_array(target)
        found = self.convert(tree.arg)
        wanted = target.canonical
        plain = not target.modifiers
        if found.kind == "argument" and plain and pgtypes.same(found.type, wanted):
            return Expr(
                self.context.literal(found.number, wanted), "other", wanted, wanted
            )
        source = target.source(self.context)
        code = f"{self.context.use('cast')}({self.as_element(found)}, {source})"
        return Expr(code, "call", wanted, wanted)

    def _empty_array(self, target: constants.TypeText) -> Expr:
        if not target.canonical.endswith("[]"):
            raise CannotConvert("an empty ARRAY[]", "array")
        inner = self.context.type_source(target.canonical.removesuffix("[]"))
        code = f"{self.context.use('array', POSTGRESQL)}([], type_={inner})"
        return Expr(code, "call", target.canonical, target.canonical)

    def _boolean(self, tree: Tree) -> Expr:
        operator = enum(tree, "boolop")
        if operator == "NOT_EXPR":
            code = f"{self.context.use('not_')}({self.element(tree.args[0])})"
        else:
            name = "and_" if operator == "AND_EXPR" else "or_"
            parts = ", ".join(self.element(one) for one in tree.args)
            code = f"{self.context.use(name)}({parts})"
        return Expr(code, "call", "boolean", "boolean", binary=True)

    def _null_test(self, tree: Tree) -> Expr:
        method = "is_" if enum(tree, "nulltesttype") == "IS_NULL" else "is_not"
        if unwrap(tree.arg)[0] == "row_expr":
            raise CannotConvert("IS NULL of a row", "row")
        operand = self.as_operand(self.convert(tree.arg))
        return self._test(operand, method, "None")

    def _boolean_test(self, tree: Tree) -> Expr:
        method, value = TESTS[enum(tree, "booltesttype")]
        return self._test(self.as_operand(self.convert(tree.arg)), method, value)

    def _test(self, operand: str, method: str, value: str) -> Expr:
        code = f"{operand}.{method}({value})"
        return Expr(code, "call", "boolean", "boolean", binary=True)

    def _coalesce(self, tree: Tree) -> Expr:
        return self._functions.plain("coalesce", [self.convert(a) for a in tree.args])

    def _min_max(self, tree: Tree) -> Expr:
        name = "greatest" if enum(tree, "op") == "IS_GREATEST" else "least"
        return self._functions.plain(name, [self.convert(a) for a in tree.args])

    def _case(self, tree: Tree) -> Expr:
        parts, type_name = [], None
        for one in tree.args:
            found = self.convert(one.case_when.result)
            type_name = type_name or found.type
            compared = self.convert(one.case_when.expr)
            valued = tree.HasField("arg") and compared.kind == "constant"
            condition = self.as_value(compared) if valued else self.as_element(compared)
            parts.append(f"({condition}, {self._result(found)})")
        if tree.HasField("defresult"):
            found = self.convert(tree.defresult)
            type_name = type_name or found.type
            parts.append(f"else_={self._result(found)}")
        if tree.HasField("arg"):
            parts.append(f"value={self.element(tree.arg)}")
        code = f"{self.context.use('case')}({', '.join(parts)})"
        return Expr(code, "call", type_name)

    def _result(self, found: Expr) -> str:
        return self.as_value(found)

    def _sub_link(self, tree: Tree) -> Expr:
        return self.queries.sub_link(self, tree)

    def _keyword_function(self, tree: Tree) -> Expr:
        name = KEYWORD_FUNCTIONS.get(enum(tree, "op"))
        if name is None:
            raise CannotConvert(enum(tree, "op").removeprefix("SVFOP_"), "keyword")
        return Expr(f"{self.context.use('func')}.{name}()", "call")

    def _array(self, tree: Tree) -> Expr:
        name = self.context.use("array", POSTGRESQL)
        parts = [self.convert(one) for one in tree.elements]
        if not parts:
            raise CannotConvert("an empty ARRAY[]", "array")
        items = ", ".join(self.as_value(one) for one in parts)
        inner = next((one.type for one in parts if one.type), None)
        return Expr(f"{name}([{items}])", "call", f"{inner}[]" if inner else None)

    def _row(self, tree: Tree) -> Expr:
        name = self.context.use("tuple_")
        items = ", ".join(self.as_value(self.convert(one)) for one in tree.args)
        return Expr(f"{name}({items})", "call")

    def row(self, tree: Tree) -> Expr:
        """A row as one value of a result."""
        return self._functions.plain("row", [self.convert(one) for one in tree.args])

    def _indirection(self, tree: Tree) -> Expr:
        found = self.convert(tree.arg)
        if len(tree.indirection) != 1:
            raise CannotConvert("a nested subscript", "subscript")
        kind, step = unwrap(tree.indirection[0])
        array = found.type is not None and found.type.endswith("[]")
        if kind != "a_indices" or step.is_slice or found.kind != "column" or not array:
            raise CannotConvert("a subscript or field of a value", "subscript")
        index = self.as_value(self.convert(step.uidx))
        inner = (found.type or "").removesuffix("[]")
        return Expr(f"{found.code}[{index}]", "other", inner, inner)

    def _collate(self, tree: Tree) -> Expr:
        names = strings(tree.collname)
        found = self.convert(tree.arg)
        code = f"{self.as_operand(found)}.collate({names[-1]!r})"
        return replace(found, code=code, kind="call", prec=0, binary=True)


def compound(code: str, type_name: str | None = None) -> Expr:
    """An operator's result: in parentheses beside another in Python and in SQL."""
    return Expr(code, "other", type_name, prec=COMPOUND, binary=True)
