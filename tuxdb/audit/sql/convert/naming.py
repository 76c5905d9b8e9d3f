"""The names that PostgreSQL gives to outputs without one (FigureColname)."""

from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

UNNAMED = "?column?"
FIXED = {
    "a_array_expr": "array",
    "row_expr": "row",
    "coalesce_expr": "coalesce",
    "grouping_func": "grouping",
}


def star(node: Tree) -> str | None:
    """The qualifier of a `*` ("" for none); None for anything else."""
    kind, tree = unwrap(node)
    if kind != "column_ref" or unwrap(tree.fields[-1])[0] != "a_star":
        return None
    names = strings(tree.fields[:-1])
    return names[-1] if names else ""


def figure(node: Tree) -> str:
    """The name of an output."""
    return _figure(node) or UNNAMED


def _figure(node: Tree) -> str | None:
    kind, tree = unwrap(node)
    if kind in FIXED:
        return FIXED[kind]
    reader = _READERS.get(kind)
    return reader(tree) if reader else None


def _of_cast(tree: Tree) -> str | None:
    return _figure(tree.arg) or strings(tree.type_name.names)[-1]


def _of_case(tree: Tree) -> str | None:
    inner = _figure(tree.defresult) if tree.HasField("defresult") else None
    return inner or "case"


def _of_sub_link(tree: Tree) -> str | None:
    kind = enum(tree, "sub_link_type")
    if kind == "EXISTS_SUBLINK":
        return "exists"
    if kind == "ARRAY_SUBLINK":
        return "array"
    if kind == "EXPR_SUBLINK":
        targets = tree.subselect.select_stmt.target_list
        if targets:
            target = targets[0].res_target
            return target.name or _figure(target.val)
    return None


def _of_operator(tree: Tree) -> str | None:
    return "nullif" if enum(tree, "kind") == "AEXPR_NULLIF" else None


def _of_indirection(tree: Tree) -> str | None:
    for step in reversed(tree.indirection):
        if unwrap(step)[0] == "string":
            return str(step.string.sval)
    return _figure(tree.arg)


def _of_min_max(tree: Tree) -> str:
    return "greatest" if enum(tree, "op") == "IS_GREATEST" else "least"


def _of_keyword(tree: Tree) -> str:
    return enum(tree, "op").removeprefix("SVFOP_").removesuffix("_N").lower()


_READERS = {
    "column_ref": lambda tree: strings(
        [one for one in tree.fields if unwrap(one)[0] == "string"]
    )[-1],
    "func_call": lambda tree: strings(tree.funcname)[-1],
    "a_indirection": _of_indirection,
    "type_cast": _of_cast,
    "collate_clause": lambda tree: _figure(tree.arg),
    "case_expr": _of_case,
    "sub_link": _of_sub_link,
    "a_expr": _of_operator,
    "min_max_expr": _of_min_max,
    "sqlvalue_function": _of_keyword,
}
