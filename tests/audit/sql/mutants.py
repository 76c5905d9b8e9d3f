"""Mutants of a statement: each differs in one thing that a person could get wrong."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tuxdb.audit.sql.parse import deparse, single

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


def mutants(text: str, neighbours: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every mutant of a statement, as what was changed and the SQL.

    A column becomes its neighbour; what the server does not take is nobody's mistake.
    """
    NEIGHBOURS.update(neighbours)
    statement = single(text)
    seen = {deparse(statement.tree)}
    for path in _paths(statement.tree):
        for name, change in CHANGES:
            tree = copy.deepcopy(statement.tree)
            if change(_at(tree, path)):
                try:
                    sql = deparse(tree)
                except Exception:  # noqa: BLE001 - what cannot be written is none
                    continue
                if sql not in seen:
                    seen.add(sql)
                    yield name, sql


def _paths(message: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield before
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        if hasattr(value, "add"):
            for index, one in enumerate(value):
                yield from _paths(one, (*before, (descriptor.name, index)))
        else:
            yield from _paths(value, (*before, (descriptor.name, None)))


def _at(message: Any, path: tuple[Any, ...]) -> Any:
    for name, index in path:
        message = getattr(message, name)
        message = message if index is None else message[index]
    return message


def _is(message: Any, *names: str) -> bool:
    return message.DESCRIPTOR.name in names


def operator(found: Any) -> bool:
    if _is(found, "A_Expr") and found.name[-1].string.sval in OPERATORS:
        found.name[-1].string.sval = OPERATORS[found.name[-1].string.sval]
        return True
    return False


def operands(found: Any) -> bool:
    if not _is(found, "A_Expr") or not found.HasField("lexpr") or found.kind != 1:
        return False
    if found.name[-1].string.sval in ("=", "<>", "+", "*"):
        return False
    left, right = copy.deepcopy(found.lexpr), copy.deepcopy(found.rexpr)
    found.lexpr.CopyFrom(right)
    found.rexpr.CopyFrom(left)
    return True


def function(found: Any) -> bool:
    if _is(found, "FuncCall") and found.funcname[-1].string.sval in FUNCTIONS:
        found.funcname[-1].string.sval = FUNCTIONS[found.funcname[-1].string.sval]
        found.agg_star = False
        return True
    return False


def number(found: Any) -> bool:
    if _is(found, "A_Const") and found.HasField("ival"):
        found.ival.ival += 1
        return True
    return False


def smaller(found: Any) -> bool:
    if _is(found, "A_Const") and found.HasField("ival"):
        found.ival.ival -= 2
        return True
    return False


def no_number(found: Any) -> bool:
    if _is(found, "A_Const") and found.HasField("ival"):
        found.isnull = True
        return True
    return False


def greater(found: Any) -> bool:
    if _is(found, "A_Expr") and found.name[-1].string.sval in COMPARISONS:
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
    if not _is(found, "ColumnRef") or found.fields[-1].WhichOneof("node") != "string":
        return False
    name = before = found.fields[-1].string.sval
    for _ in range(steps):
        name = NEIGHBOURS.get(name, name)
    found.fields[-1].string.sval = name
    return bool(name != before)


def more_condition(found: Any) -> bool:
    if not _is(found, "SelectStmt", "DeleteStmt", "UpdateStmt"):
        return False
    if not found.HasField("where_clause"):
        return False
    inner = copy.deepcopy(found.where_clause)
    found.where_clause.Clear()
    found.where_clause.bool_expr.boolop = 1
    found.where_clause.bool_expr.args.add().CopyFrom(inner)
    extra = found.where_clause.bool_expr.args.add()
    extra.a_const.boolval.boolval = True
    return True


def lost_target(found: Any) -> bool:
    if _is(found, "SelectStmt") and len(found.target_list) > 1:
        del found.target_list[-1]
        return True
    return False


def limited(found: Any) -> bool:
    if _is(found, "SelectStmt") and not found.limit_count.WhichOneof("node"):
        if found.op > 1 or found.values_lists:
            return False
        found.limit_count.a_const.ival.ival = 1
        found.limit_option = 2
        return True
    return False


def offset(found: Any) -> bool:
    if _is(found, "SelectStmt") and not found.limit_offset.WhichOneof("node"):
        if found.op > 1 or found.values_lists:
            return False
        found.limit_offset.a_const.ival.ival = 1
        found.limit_option = 1 if found.limit_option == 0 else found.limit_option
        return True
    return False


def words(found: Any) -> bool:
    if _is(found, "A_Const") and found.HasField("sval"):
        found.sval.sval += "s" if found.sval.sval.endswith("day") else "x"
        return True
    return False


def truth(found: Any) -> bool:
    if _is(found, "A_Const") and found.HasField("boolval"):
        found.boolval.boolval = not found.boolval.boolval
        found.boolval.SetInParent()
        return True
    return False


def null_test(found: Any) -> bool:
    if _is(found, "NullTest"):
        found.nulltesttype = 3 - found.nulltesttype
        return True
    return False


def distinctness(found: Any) -> bool:
    if _is(found, "A_Expr") and found.kind in (4, 5):
        found.kind = 9 - found.kind
        return True
    return False


def quantifier(found: Any) -> bool:
    if _is(found, "A_Expr") and found.kind in (2, 3):
        found.kind = 5 - found.kind
        return True
    return False


def and_or(found: Any) -> bool:
    if _is(found, "BoolExpr") and found.boolop in (1, 2):
        found.boolop = 3 - found.boolop
        return True
    return False


def lost_condition(found: Any) -> bool:
    if _is(found, "BoolExpr") and len(found.args) > 1:
        del found.args[-1]
        return True
    return False


def lost_where(found: Any) -> bool:
    if "where_clause" in found.DESCRIPTOR.fields_by_name and found.HasField(
        "where_clause"
    ):
        found.ClearField("where_clause")
        return True
    return False


def negated_where(found: Any) -> bool:
    if not _is(found, "SelectStmt", "DeleteStmt", "UpdateStmt"):
        return False
    if not found.HasField("where_clause"):
        return False
    inner = copy.deepcopy(found.where_clause)
    found.where_clause.Clear()
    found.where_clause.bool_expr.boolop = 3
    found.where_clause.bool_expr.args.add().CopyFrom(inner)
    return True


def join_kind(found: Any) -> bool:
    if _is(found, "JoinExpr") and found.jointype in (1, 2):
        found.jointype = 3 - found.jointype
        return True
    return False


def full_join(found: Any) -> bool:
    if _is(found, "JoinExpr"):
        found.jointype = 3 if found.jointype != 3 else 2
        return True
    return False


def direction(found: Any) -> bool:
    if _is(found, "SortBy"):
        found.sortby_dir = 3 if found.sortby_dir in (0, 1, 2) else 2
        return True
    return False


def nulls_order(found: Any) -> bool:
    if _is(found, "SortBy"):
        # the other way than the default of the direction
        found.sortby_nulls = 3 if found.sortby_dir == 3 else 2
        return True
    return False


def keys_swapped(found: Any) -> bool:
    if _is(found, "SelectStmt") and len(found.sort_clause) > 1:
        return _swap(found.sort_clause)
    return False


def targets_swapped(found: Any) -> bool:
    if _is(found, "SelectStmt") and len(found.target_list) > 1:
        return _swap(found.target_list)
    return False


def lost_order(found: Any) -> bool:
    return _cleared(found, "sort_clause", "SelectStmt")


def lost_limit(found: Any) -> bool:
    if _is(found, "SelectStmt") and found.limit_count.WhichOneof("node"):
        found.ClearField("limit_count")
        found.limit_option = 1
        return True
    return False


def lost_group(found: Any) -> bool:
    return _cleared(found, "group_clause", "SelectStmt")


def distinct_rows(found: Any) -> bool:
    if not _is(found, "SelectStmt") or not found.target_list:
        return False
    if found.distinct_clause:
        del found.distinct_clause[:]
    else:
        found.distinct_clause.add()
    return True


def distinct_aggregate(found: Any) -> bool:
    if _is(found, "FuncCall") and found.args and not found.HasField("over"):
        found.agg_distinct = not found.agg_distinct
        return True
    return False


def lost_filter(found: Any) -> bool:
    if _is(found, "FuncCall") and found.HasField("agg_filter"):
        found.ClearField("agg_filter")
        return True
    return False


def union_all(found: Any) -> bool:
    if _is(found, "SelectStmt") and found.op > 1:
        found.all = not found.all
        return True
    return False


def parameter(found: Any) -> bool:
    if _is(found, "ParamRef"):
        found.number = found.number - 1 if found.number > 1 else 2
        return True
    return False


def column(found: Any) -> bool:
    """Another column; what the server does not know is not counted."""
    if _is(found, "ColumnRef") and found.fields[-1].WhichOneof("node") == "string":
        name = found.fields[-1].string.sval
        found.fields[-1].string.sval = NEIGHBOURS.get(name, name)
        return name in NEIGHBOURS
    return False


def written_column(found: Any) -> bool:
    if _is(found, "ResTarget") and found.name in NEIGHBOURS:
        found.name = NEIGHBOURS[found.name]
        return True
    return False


def label(found: Any) -> bool:
    if _is(found, "ResTarget") and found.name and found.HasField("val"):
        found.name += "_x"
        return True
    return False


def lost_coalesce(found: Any) -> bool:
    if _is(found, "CoalesceExpr") and len(found.args) > 1:
        del found.args[-1]
        return True
    return False


def values_swapped(found: Any) -> bool:
    if _is(found, "SelectStmt") and found.values_lists:
        items = found.values_lists[0].list.items
        return len(items) > 1 and _swap(items)
    return False


def conflict_action(found: Any) -> bool:
    if _is(found, "OnConflictClause") and found.action == 3:
        found.action = 2
        del found.target_list[:]
        found.ClearField("where_clause")
        return True
    return False


def lost_set(found: Any) -> bool:
    if _is(found, "UpdateStmt", "OnConflictClause") and len(found.target_list) > 1:
        del found.target_list[-1]
        return True
    return False


def lost_returning(found: Any) -> bool:
    if _is(found, "ReturningClause") and len(found.exprs) > 1:
        del found.exprs[-1]
        return True
    return False


def lock(found: Any) -> bool:
    if _is(found, "LockingClause"):
        found.wait_policy = 2 if found.wait_policy != 2 else 1
        return True
    return False


def case_swapped(found: Any) -> bool:
    if _is(found, "CaseExpr") and found.HasField("defresult"):
        found.ClearField("defresult")
        return True
    return False


def cast_type(found: Any) -> bool:
    if not _is(found, "TypeCast") or found.arg.WhichOneof("node") == "a_const":
        return False
    one = found.type_name.names[-1].string
    if one.sval in ("int4", "int8"):
        one.sval = "int8" if one.sval == "int4" else "int4"
        return True
    return False


def _swap(items: Any) -> bool:
    first, second = copy.deepcopy(items[0]), copy.deepcopy(items[1])
    items[0].CopyFrom(second)
    items[1].CopyFrom(first)
    return True


def _cleared(found: Any, name: str, *kinds: str) -> bool:
    if _is(found, *kinds) and getattr(found, name):
        del getattr(found, name)[:]
        return True
    return False


NEIGHBOURS: dict[str, str] = {}

CHANGES: tuple[tuple[str, Callable[[Any], bool]], ...] = tuple(
    (one.__name__, one)
    for one in (
        operator,
        operands,
        function,
        number,
        words,
        truth,
        null_test,
        distinctness,
        quantifier,
        and_or,
        lost_condition,
        lost_where,
        negated_where,
        join_kind,
        full_join,
        direction,
        nulls_order,
        keys_swapped,
        targets_swapped,
        lost_order,
        lost_limit,
        lost_group,
        distinct_rows,
        distinct_aggregate,
        lost_filter,
        union_all,
        parameter,
        column,
        written_column,
        label,
        lost_coalesce,
        values_swapped,
        conflict_action,
        lost_set,
        lost_returning,
        lock,
        case_swapped,
        cast_type,
        smaller,
        no_number,
        greater,
        further_column,
        far_column,
        more_condition,
        lost_target,
        limited,
        offset,
    )
)
