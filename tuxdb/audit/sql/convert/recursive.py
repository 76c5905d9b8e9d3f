"""WITH RECURSIVE: the first part makes the expression, which the second one reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert import naming
from tuxdb.audit.sql.convert.context import CannotConvert
from tuxdb.audit.sql.convert.ranges import Scope
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap, walk

if TYPE_CHECKING:
    from tuxdb.audit.sql.convert.queries import Queries


def is_recursive(tree: Tree) -> bool:
    """Whether a common table expression reads itself."""
    return any(
        kind == "range_var" and node.relname == tree.ctename and not node.schemaname
        for kind, node in walk(tree.ctequery)
    )


def recursive(queries: "Queries", tree: Tree, scope: Scope) -> None:
    """Bind an expression that reads itself to a name."""
    kind, inner = unwrap(tree.ctequery)
    union = kind == "select_stmt" and enum(inner, "op") == "SETOP_UNION"
    if not union or inner.sort_clause or inner.HasField("with_clause"):
        raise CannotConvert("WITH RECURSIVE other than a UNION", "recursive")
    if tree.HasField("search_clause") or tree.HasField("cycle_clause"):
        raise CannotConvert("SEARCH or CYCLE", "recursive")
    if unwrap(inner.limit_count)[0] or unwrap(inner.limit_offset)[0]:
        raise CannotConvert("LIMIT in WITH RECURSIVE", "recursive")
    name, context = tree.ctename, queries.context
    begin = _labelled(inner.larg, strings(tree.aliascolnames))
    first = queries.select(begin, scope)
    code = context.bind(name, f"{first.code}.cte({name!r}, recursive=True)")
    scope.ctes[name] = queries.range_of(first, name, code)
    second = queries.select(inner.rarg, scope)
    method = "union_all" if inner.all else "union"
    whole = context.bind(name, f"{code}.{method}({second.code})")
    scope.ctes[name] = queries.range_of(first, name, whole)


def _labelled(tree: Tree, names: Sequence[str]) -> Tree:
    """The first part with the names of the expression's columns."""
    if enum(tree, "op") != "SETOP_NONE" or tree.values_lists:
        raise CannotConvert("WITH RECURSIVE of more than two parts", "recursive")
    if not names:
        return tree
    plain = all(naming.star(one.res_target.val) is None for one in tree.target_list)
    if not plain or len(names) != len(tree.target_list):
        raise CannotConvert("column names over a star", "recursive")
    copied = type(tree)()
    copied.CopyFrom(tree)
    for one, name in zip(copied.target_list, names, strict=True):
        one.res_target.name = name
    return copied
