"""The end of a query: DISTINCT, ORDER BY, LIMIT, locks; and the keys of GROUP BY."""

from tuxdb.audit.sql.convert.context import POSTGRESQL, CannotConvert, Context
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.parse import Tree, enum, string, unwrap

DEFAULT_NULLS = "SORTBY_NULLS_DEFAULT"
LOCKS = {
    "LCS_FORUPDATE": (),
    "LCS_FORSHARE": ("read=True",),
    "LCS_FORNOKEYUPDATE": ("key_share=True",),
    "LCS_FORKEYSHARE": ("read=True", "key_share=True"),
}


class Ordering:
    """Converts what stands at the end of queries."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def distinct(self, inside: Expressions, tree: Tree) -> list[str]:
        """DISTINCT, also ON some columns."""
        if not tree.distinct_clause:
            return []
        keys = [one for one in tree.distinct_clause if unwrap(one)[0]]
        if not keys:
            return [".distinct()"]
        name = self.context.use("distinct_on", POSTGRESQL)
        return [f".ext({name}({', '.join(inside.element(one) for one in keys)}))"]

    def order(self, inside: Expressions, tree: Tree) -> list[str]:
        """ORDER BY, LIMIT, OFFSET and the locks."""
        parts = []
        if tree.sort_clause:
            keys = [self.sort_key(inside, one.sort_by) for one in tree.sort_clause]
            parts.append(f".order_by({', '.join(keys)})")
        if unwrap(tree.limit_count)[0]:
            parts.append(self._limit(inside, tree))
        if unwrap(tree.limit_offset)[0]:
            offset = inside.convert(tree.limit_offset)
            parts.append(f".offset({inside.as_value(offset)})")
        parts.extend(
            self._lock(inside, one.locking_clause) for one in tree.locking_clause
        )
        return parts

    def _limit(self, inside: Expressions, tree: Tree) -> str:
        found = inside.convert(tree.limit_count)
        if found.kind == "constant" and found.value is None:
            return ""  # LIMIT NULL and LIMIT ALL are none
        code = inside.as_value(found)
        if enum(tree, "limit_option") == "LIMIT_OPTION_WITH_TIES":
            return f".fetch({code}, with_ties=True)"
        return f".limit({code})"

    def _lock(self, inside: Expressions, tree: Tree) -> str:
        options = list(LOCKS[enum(tree, "strength")])
        wait = enum(tree, "wait_policy")
        if wait == "LockWaitSkip":
            options.append("skip_locked=True")
        elif wait == "LockWaitError":
            options.append("nowait=True")
        if tree.locked_rels:
            names = [one.range_var.relname for one in tree.locked_rels]
            codes = [inside.scope.range(name).code for name in names]
            options.append(f"of=[{', '.join(codes)}]")
        return f".with_for_update({', '.join(options)})"

    def sort_key(self, inside: Expressions, tree: Tree) -> str:
        """One key of ORDER BY."""
        direction, nulls = enum(tree, "sortby_dir"), enum(tree, "sortby_nulls")
        if direction == "SORTBY_USING":
            raise CannotConvert("ORDER BY USING", "order")
        label = self._label(inside, tree.node)
        if label is not None:
            return self._labelled(label, direction, nulls)
        code = self._key(inside, tree.node)
        if direction == "SORTBY_DESC":
            code = f"{code}.desc()"
        elif nulls != DEFAULT_NULLS:
            code = f"{code}.asc()"
        if nulls != DEFAULT_NULLS:
            code += ".nulls_first()" if nulls.endswith("FIRST") else ".nulls_last()"
        return code

    def _labelled(self, label: str, direction: str, nulls: str) -> str:
        """ORDER BY the name of an output, which SQLAlchemy looks up."""
        code = repr(label)
        if direction == "SORTBY_DESC":
            code = f"{self.context.use('desc')}({code})"
        elif nulls != DEFAULT_NULLS:
            code = f"{self.context.use('asc')}({code})"
        if nulls != DEFAULT_NULLS:
            name = "nulls_first" if nulls.endswith("FIRST") else "nulls_last"
            code = f"{self.context.use(name)}({code})"
        return code

    def _label(self, inside: Expressions, node: Tree) -> str | None:
        """The output that a bare name means, where no column has the name."""
        kind, tree = unwrap(node)
        if kind != "column_ref" or len(tree.fields) != 1:
            return None
        name = string(tree.fields[0])
        known = any(one.column(name) for one in inside.scope.ranges)
        return None if known else name

    def group_key(self, inside: Expressions, node: Tree) -> str:
        """One key of GROUP BY."""
        if unwrap(node)[0] == "grouping_set":
            raise CannotConvert("GROUPING SETS, ROLLUP or CUBE", "group")
        label = self._label(inside, node)
        return self._key(inside, node) if label is None else repr(label)

    def _key(self, inside: Expressions, node: Tree) -> str:
        """A column, an expression, the number of an output."""
        kind, tree = unwrap(node)
        if kind == "a_const" and tree.HasField("ival"):
            return f"{self.context.use('literal_column')}({str(tree.ival.ival)!r})"
        found = inside.convert(node)
        return inside.as_operand(found)
