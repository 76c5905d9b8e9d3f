"""Conditions that the schema shows to be traps: NOT IN over what may be NULL.

`x NOT IN (SELECT y …)` is never true once a single y is NULL.
"""

from collections.abc import Iterator, Sequence

from tuxdb.audit.sql.catalogue import Catalogue, Relation
from tuxdb.audit.sql.forms import NOT, range_name
from tuxdb.audit.sql.parse import Statement, Tree, enum, strings, unwrap, walk
from tuxdb.audit.sql.results import Problem

HINT = "NOT EXISTS, or a sub-select WHERE {} IS NOT NULL"


def traps(statement: Statement, catalogue: Catalogue) -> Iterator[Problem]:
    """Every NOT IN whose sub-select reads a column that may be NULL."""
    ctes = {
        node.ctename
        for kind, node in walk(statement.tree)
        if kind == "common_table_expr"
    }
    for link in _negated(statement.tree):
        column = _nullable(link.subselect.select_stmt, catalogue, ctes)
        if column is not None:
            text = f"NOT IN is never true where {column} is NULL"
            yield Problem("condition", text, column, hint=HINT.format(column))


def _negated(tree: Tree) -> Iterator[Tree]:
    """The sub-selects of NOT IN and of <> ALL."""
    for kind, node in walk(tree):
        if kind == "bool_expr" and node.boolop == NOT:
            inner, link = unwrap(node.args[0])
            if inner == "sub_link" and _is(link, "ANY_SUBLINK", ([], ["="])):
                yield link
        elif kind == "sub_link" and _is(node, "ALL_SUBLINK", (["<>"],)):
            yield node


def _is(link: Tree, kind: str, operators: Sequence[list[str]]) -> bool:
    named = strings(link.oper_name)
    return enum(link, "sub_link_type") == kind and named in operators


def _nullable(query: Tree, catalogue: Catalogue, ctes: set[str]) -> str | None:
    """The column that a sub-select yields, if it may surely be NULL."""
    if len(query.target_list) != 1 or query.HasField("larg"):
        return None
    kind, value = unwrap(query.target_list[0].res_target.val)
    if kind != "column_ref" or unwrap(value.fields[-1])[0] != "string":
        return None
    *owner, name = strings(value.fields)
    if any(_mentions(node, name) for node in _conditions(query)):
        return None  # a condition may leave the NULLs out
    holders = [
        (label, relation)
        for label, relation in _relations(query, catalogue, ctes)
        if relation.column(name) is not None and (not owner or owner[-1] == label)
    ]
    if len(holders) != 1 or holders[0][1].kind not in ("r", "p"):
        return None
    column = holders[0][1].column(name)
    return name if column is not None and not column.not_null else None


def _conditions(query: Tree) -> Iterator[Tree]:
    if query.HasField("where_clause"):
        yield query.where_clause
    if query.HasField("having_clause"):
        yield query.having_clause
    for node in query.from_clause:
        kind, join = unwrap(node)
        if kind == "join_expr":
            yield join


def _mentions(node: Tree, name: str) -> bool:
    return any(
        kind == "column_ref"
        and unwrap(found.fields[-1])[0] == "string"
        and strings(found.fields[-1:])[0] == name
        for kind, found in walk(node)
    )


def _relations(
    query: Tree, catalogue: Catalogue, ctes: set[str]
) -> Iterator[tuple[str, Relation]]:
    for item in query.from_clause:
        for kind, node in walk(item):
            if kind == "range_var" and node.relname not in ctes:
                found = catalogue.relation(node.relname, node.schemaname)
                if found is not None:
                    yield range_name(node), found
