"""Mistakes in expressions: operators, constants, columns, functions, NULL."""

import copy
from typing import Any

COMPARISONS = {"=": "<>", "<>": "=", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OPERATORS = {
    **COMPARISONS,
    "+": "-",
    "-": "+",
    "*": "+",
    "/": "*",
    "->": "->>",
    "->>": "->",
    "~~": "!~~",
    "~~*": "~~",
    "@>": "<@",
    "&&": "@>",
}
FUNCTIONS = {
    "max": "min",
    "min": "max",
    "sum": "avg",
    "avg": "sum",
    "lower": "upper",
    "upper": "lower",
    "count": "max",
    "now": "clock_timestamp",
    "row_number": "rank",
    "rank": "dense_rank",
    "bool_or": "bool_and",
    "coalesce": "greatest",
}
NEIGHBOURS: dict[str, str] = {}


def is_a(message: Any, *names: str) -> bool:
    return bool(message.DESCRIPTOR.name in names)


def operator(found: Any) -> bool:
    if is_a(found, "A_Expr") and found.name[-1].string.sval in OPERATORS:
        found.name[-1].string.sval = OPERATORS[found.name[-1].string.sval]
        return True
    return False


def operands(found: Any) -> bool:
    if not is_a(found, "A_Expr") or not found.HasField("lexpr") or found.kind != 1:
        return False
    if found.name[-1].string.sval in ("=", "<>", "+", "*"):
        return False
    left, right = copy.deepcopy(found.lexpr), copy.deepcopy(found.rexpr)
    found.lexpr.CopyFrom(right)
    found.rexpr.CopyFrom(left)
    return True


def function(found: Any) -> bool:
    if is_a(found, "FuncCall") and found.funcname[-1].string.sval in FUNCTIONS:
        found.funcname[-1].string.sval = FUNCTIONS[found.funcname[-1].string.sval]
        found.agg_star = False
        return True
    return False


def number(found: Any) -> bool:
    if is_a(found, "A_Const") and found.HasField("ival"):
        found.ival.ival += 1
        return True
    return False


def smaller(found: Any) -> bool:
    if is_a(found, "A_Const") and found.HasField("ival"):
        found.ival.ival -= 2
        return True
    return False


def no_number(found: Any) -> bool:
    if is_a(found, "A_Const") and found.HasField("ival"):
        found.isnull = True
        return True
    return False


def greater(found: Any) -> bool:
    if is_a(found, "A_Expr") and found.name[-1].string.sval in COMPARISONS:
        found.name[-1].string.sval = {"<": ">", ">": "<", "=": ">"}.get(
            found.name[-1].string.sval, "="
        )
        return True
    return False


def further_column(found: Any) -> bool:
    return _renamed(found, 2)


def far_column(found: Any) -> bool:
    return _renamed(found, 3)


def _renamed(found: Any, steps: int) -> bool:
    if not is_a(found, "ColumnRef") or found.fields[-1].WhichOneof("node") != "string":
        return False
    name = before = found.fields[-1].string.sval
    for _ in range(steps):
        name = NEIGHBOURS.get(name, name)
    found.fields[-1].string.sval = name
    return bool(name != before)


def words(found: Any) -> bool:
    if is_a(found, "A_Const") and found.HasField("sval"):
        before = found.sval.sval
        found.sval.sval = f"1{before}" if before[:1].isdigit() else f"{before}x"
        return True
    return False


def truth(found: Any) -> bool:
    if is_a(found, "A_Const") and found.HasField("boolval"):
        found.boolval.boolval = not found.boolval.boolval
        found.boolval.SetInParent()
        return True
    return False


def null_test(found: Any) -> bool:
    if is_a(found, "NullTest"):
        found.nulltesttype = 3 - found.nulltesttype
        return True
    return False


def distinctness(found: Any) -> bool:
    if is_a(found, "A_Expr") and found.kind in (4, 5):
        found.kind = 9 - found.kind
        return True
    return False


def quantifier(found: Any) -> bool:
    if is_a(found, "A_Expr") and found.kind in (2, 3):
        found.kind = 5 - found.kind
        return True
    return False


def and_or(found: Any) -> bool:
    if is_a(found, "BoolExpr") and found.boolop in (1, 2):
        found.boolop = 3 - found.boolop
        return True
    return False


def lost_condition(found: Any) -> bool:
    if is_a(found, "BoolExpr") and len(found.args) > 1:
        del found.args[-1]
        return True
    return False


def distinct_aggregate(found: Any) -> bool:
    if is_a(found, "FuncCall") and found.args and not found.HasField("over"):
        found.agg_distinct = not found.agg_distinct
        return True
    return False


def lost_filter(found: Any) -> bool:
    if is_a(found, "FuncCall") and found.HasField("agg_filter"):
        found.ClearField("agg_filter")
        return True
    return False


def parameter(found: Any) -> bool:
    if is_a(found, "ParamRef"):
        found.number = found.number - 1 if found.number > 1 else 2
        return True
    return False


def column(found: Any) -> bool:
    """Another column; what the server does not know is not counted."""
    if is_a(found, "ColumnRef") and found.fields[-1].WhichOneof("node") == "string":
        name = found.fields[-1].string.sval
        found.fields[-1].string.sval = NEIGHBOURS.get(name, name)
        return name in NEIGHBOURS
    return False


def written_column(found: Any) -> bool:
    if is_a(found, "ResTarget") and found.name in NEIGHBOURS:
        found.name = NEIGHBOURS[found.name]
        return True
    return False


def label(found: Any) -> bool:
    if is_a(found, "ResTarget") and found.name and found.HasField("val"):
        found.name += "_x"
        return True
    return False


def lost_coalesce(found: Any) -> bool:
    if is_a(found, "CoalesceExpr") and len(found.args) > 1:
        del found.args[-1]
        return True
    return False


def case_swapped(found: Any) -> bool:
    if is_a(found, "CaseExpr") and found.HasField("defresult"):
        found.ClearField("defresult")
        return True
    return False


def cast_type(found: Any) -> bool:
    if not is_a(found, "TypeCast") or found.arg.WhichOneof("node") == "a_const":
        return False
    one = found.type_name.names[-1].string
    if one.sval in ("int4", "int8"):
        one.sval = "int8" if one.sval == "int4" else "int4"
        return True
    return False


IN_EXPRESSIONS = (
    operator,
    operands,
    function,
    number,
    smaller,
    no_number,
    greater,
    further_column,
    far_column,
    words,
    truth,
    null_test,
    distinctness,
    quantifier,
    and_or,
    lost_condition,
    distinct_aggregate,
    lost_filter,
    parameter,
    column,
    written_column,
    label,
    lost_coalesce,
    case_swapped,
    cast_type,
)
