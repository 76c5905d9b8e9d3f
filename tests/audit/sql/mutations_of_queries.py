"""Mistakes in queries: conditions, joins, orders, groups, rows and columns."""

import copy
from typing import Any

from tests.audit.sql.mutations_of_expressions import is_a


def more_condition(found: Any) -> bool:
    if not is_a(found, "SelectStmt", "DeleteStmt", "UpdateStmt"):
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
    if is_a(found, "SelectStmt") and len(found.target_list) > 1:
        del found.target_list[-1]
        return True
    return False


def limited(found: Any) -> bool:
    if is_a(found, "SelectStmt") and not found.limit_count.WhichOneof("node"):
        if found.op > 1 or found.values_lists:
            return False
        found.limit_count.a_const.ival.ival = 1
        found.limit_option = 2
        return True
    return False


def offset(found: Any) -> bool:
    if is_a(found, "SelectStmt") and not found.limit_offset.WhichOneof("node"):
        if found.op > 1 or found.values_lists:
            return False
        found.limit_offset.a_const.ival.ival = 1
        found.limit_option = 1 if found.limit_option == 0 else found.limit_option
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
    if not is_a(found, "SelectStmt", "DeleteStmt", "UpdateStmt"):
        return False
    if not found.HasField("where_clause"):
        return False
    inner = copy.deepcopy(found.where_clause)
    found.where_clause.Clear()
    found.where_clause.bool_expr.boolop = 3
    found.where_clause.bool_expr.args.add().CopyFrom(inner)
    return True


def join_kind(found: Any) -> bool:
    if is_a(found, "JoinExpr") and found.jointype in (1, 2):
        found.jointype = 3 - found.jointype
        return True
    return False


def full_join(found: Any) -> bool:
    if is_a(found, "JoinExpr"):
        found.jointype = 3 if found.jointype != 3 else 2
        return True
    return False


def direction(found: Any) -> bool:
    if is_a(found, "SortBy"):
        found.sortby_dir = 3 if found.sortby_dir in (0, 1, 2) else 2
        return True
    return False


def nulls_order(found: Any) -> bool:
    if is_a(found, "SortBy"):
        # the other way than the default of the direction
        found.sortby_nulls = 3 if found.sortby_dir == 3 else 2
        return True
    return False


def keys_swapped(found: Any) -> bool:
    if is_a(found, "SelectStmt") and len(found.sort_clause) > 1:
        return _swap(found.sort_clause)
    return False


def targets_swapped(found: Any) -> bool:
    if is_a(found, "SelectStmt") and len(found.target_list) > 1:
        return _swap(found.target_list)
    return False


def lost_order(found: Any) -> bool:
    return _cleared(found, "sort_clause", "SelectStmt")


def lost_limit(found: Any) -> bool:
    if is_a(found, "SelectStmt") and found.limit_count.WhichOneof("node"):
        found.ClearField("limit_count")
        found.limit_option = 1
        return True
    return False


def lost_group(found: Any) -> bool:
    return _cleared(found, "group_clause", "SelectStmt")


def distinct_rows(found: Any) -> bool:
    if not is_a(found, "SelectStmt") or not found.target_list:
        return False
    if found.distinct_clause:
        del found.distinct_clause[:]
    else:
        found.distinct_clause.add()
    return True


def union_all(found: Any) -> bool:
    if is_a(found, "SelectStmt") and found.op > 1:
        found.all = not found.all
        return True
    return False


def values_swapped(found: Any) -> bool:
    if is_a(found, "SelectStmt") and found.values_lists:
        items = found.values_lists[0].list.items
        return len(items) > 1 and _swap(items)
    return False


def conflict_action(found: Any) -> bool:
    if is_a(found, "OnConflictClause") and found.action == 3:
        found.action = 2
        del found.target_list[:]
        found.ClearField("where_clause")
        return True
    return False


def lost_set(found: Any) -> bool:
    if is_a(found, "UpdateStmt", "OnConflictClause") and len(found.target_list) > 1:
        del found.target_list[-1]
        return True
    return False


def lost_returning(found: Any) -> bool:
    if is_a(found, "ReturningClause") and len(found.exprs) > 1:
        del found.exprs[-1]
        return True
    return False


def lock(found: Any) -> bool:
    if is_a(found, "LockingClause"):
        found.wait_policy = 2 if found.wait_policy != 2 else 1
        return True
    return False


def _swap(items: Any) -> bool:
    first, second = copy.deepcopy(items[0]), copy.deepcopy(items[1])
    items[0].CopyFrom(second)
    items[1].CopyFrom(first)
    return True


def _cleared(found: Any, name: str, *kinds: str) -> bool:
    if is_a(found, *kinds) and getattr(found, name):
        del getattr(found, name)[:]
        return True
    return False


IN_QUERIES = (
    more_condition,
    lost_target,
    limited,
    offset,
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
    union_all,
    values_swapped,
    conflict_action,
    lost_set,
    lost_returning,
    lock,
)
