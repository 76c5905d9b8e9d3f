"""SELECT in all its places: statements, sub-selects, set operations, CTEs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert import naming
from tuxdb.audit.sql.convert.context import (
    POSTGRESQL,
    CannotConvert,
    Context,
    attribute,
)
from tuxdb.audit.sql.convert.expr import COMPOUND, Expr
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.convert.ranges import ModelUnfit, Range, RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, enum, string, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

SET_OPERATIONS = {
    ("SETOP_UNION", False): "union",
    ("SETOP_UNION", True): "union_all",
    ("SETOP_INTERSECT", False): "intersect",
    ("SETOP_INTERSECT", True): "intersect_all",
    ("SETOP_EXCEPT", False): "except_",
    ("SETOP_EXCEPT", True): "except_all",
}
DEFAULT_NULLS = "SORTBY_NULLS_DEFAULT"
LOCKS = {
    "LCS_FORUPDATE": (),
    "LCS_FORSHARE": ("read=True",),
    "LCS_FORNOKEYUPDATE": ("key_share=True",),
    "LCS_FORKEYSHARE": ("read=True", "key_share=True"),
}


@dataclass
class Query:
    """A converted query: its source and the columns that it yields."""

    code: str
    columns: tuple[tuple[str, str | None], ...]  # name, type
    entity: str | None = None
    whole: str | None = None


class Queries:
    """Converts queries; the statement kinds and the expressions share it."""

    def __init__(self, context: Context) -> None:
        from tuxdb.audit.sql.convert.tables import Tables  # noqa: PLC0415 - circle

        self.context = context
        self.tables = Tables(self)

    def select(self, tree: Tree, parent: Scope | None, *, nested: bool = True) -> Query:
        """Convert a SELECT, a set operation or VALUES."""
        scope = Scope(parent)
        self.with_clause(tree, scope)
        if enum(tree, "op") != "SETOP_NONE":
            return self._set_operation(tree, scope)
        if tree.values_lists:
            raise CannotConvert("VALUES outside INSERT", "values")
        return self._simple(tree, scope, nested=nested)

    def with_clause(self, tree: Tree, scope: Scope) -> None:
        """Name the common table expressions of a statement."""
        if not tree.HasField("with_clause"):
            return
        for node in tree.with_clause.ctes:
            self.tables.cte(node.common_table_expr, scope, tree.with_clause.recursive)

    def targets(
        self, inside: Expressions, nodes: "Sequence[Tree]"
    ) -> tuple[list[str], list[tuple[str, str | None]]]:
        """The arguments of select() or returning(), and the columns' names."""
        codes: list[str] = []
        columns: list[tuple[str, str | None]] = []
        for node in nodes:
            target = node.res_target
            star = naming.star(target.val)
            if star is not None:
                for one in self._starred(inside.scope, star):
                    self._add_star(one, codes, columns)
            else:
                code, name, type_name = self._target(inside, target)
                codes.append(code)
                columns.append((name, type_name))
        return codes, columns

    def sort_keys(self, inside: Expressions, nodes: "Sequence[Tree]") -> list[str]:
        """The arguments of order_by()."""
        return [self._sort_key(inside, node.sort_by) for node in nodes]

    def sub_link(self, inside: Expressions, tree: Tree) -> Expr:
        """Convert a sub-select in an expression."""
        kind = enum(tree, "sub_link_type")
        query = self.select(tree.subselect.select_stmt, inside.scope)
        if kind == "EXISTS_SUBLINK":
            return Expr(f"{query.code}.exists()", "call", "boolean", "boolean")
        if kind == "EXPR_SUBLINK":
            return Expr(f"{query.code}.scalar_subquery()", "call", query.columns[0][1])
        if kind == "ARRAY_SUBLINK":
            func = self.context.use("func")
            inner = query.columns[0][1]
            code = f"{func}.array({query.code}.scalar_subquery())"
            return Expr(code, "call", f"{inner}[]" if inner else None)
        return self._compared(inside, tree, query, kind)

    def _compared(
        self, inside: Expressions, tree: Tree, query: Query, kind: str
    ) -> Expr:
        names = strings(tree.oper_name) or ["="]
        left = inside.as_operand(inside.convert(tree.testexpr))
        if kind == "ANY_SUBLINK" and not tree.oper_name:
            return Expr(
                f"{left}.in_({query.code})", "call", "boolean", "boolean", binary=True
            )
        comparison = {"=": "==", "<>": "!="}.get(names[-1], names[-1])
        if comparison not in ("==", "!=", "<", ">", "<=", ">="):
            raise CannotConvert(f"{names[-1]} with a sub-select", "sub-select")
        name = {"ANY_SUBLINK": "any_", "ALL_SUBLINK": "all_"}.get(kind)
        if name is None:
            raise CannotConvert(kind, "sub-select")
        quantified = f"{self.context.use(name)}({query.code}.scalar_subquery())"
        code = f"{left} {comparison} {quantified}"
        return Expr(code, "other", "boolean", prec=COMPOUND, binary=True)

    def _simple(self, tree: Tree, scope: Scope, *, nested: bool) -> Query:
        if tree.HasField("into_clause") or tree.window_clause:
            raise CannotConvert("INTO, or a named window", "select")
        from_parts = self.tables.from_clause(tree.from_clause, scope)
        inside = Expressions(self.context, scope, self)
        codes, columns = self.targets(inside, tree.target_list)
        whole = self._entity(tree, scope)
        parts = [f"{self.context.use('select')}({', '.join(codes)})"]
        parts.extend(self._from(from_parts, scope, codes))
        parts.extend(self._where(inside, tree))
        parts.extend(self._tail(inside, tree))
        parts.extend(self._correlation(scope))
        names = [name for name, _ in columns]
        if len(set(names)) != len(names):
            self.context.changes["two columns of the result have one name"] = None
            style = self.context.use("LABEL_STYLE_NONE")
            parts.append(f".set_label_style({style})")
        entity = None
        if whole is not None and not nested:
            entity = "".join([f"{self.context.use('select')}({whole})", *parts[1:]])
        return Query("".join(parts), tuple(columns), entity, whole)

    def _entity(self, tree: Tree, scope: Scope) -> str | None:
        """The class, where the query reads whole rows of one model."""
        plain = not (tree.group_clause or tree.distinct_clause)
        if len(tree.target_list) == 1 and len(scope.ranges) >= 1 and plain:
            star = naming.star(tree.target_list[0].res_target.val)
            if star is not None and len(self._starred(scope, star)) == 1:
                return self._starred(scope, star)[0].entity
        return None

    def _from(self, from_parts: list[str], scope: Scope, codes: list[str]) -> list[str]:
        if not from_parts:
            return []
        named = len(scope.ranges) == 1 and len(from_parts) == 1
        owner = scope.ranges[0].code if scope.ranges else ""
        if named and any(code.startswith((f"{owner}.", owner)) for code in codes):
            first = codes[0]
            bare = first == owner or first.startswith(f"{owner}.")
            if bare and "(" not in first.partition(".label(")[0]:
                return []
        return [f".select_from({from_parts[0]})", *from_parts[1:]]

    def _where(self, inside: Expressions, tree: Tree) -> list[str]:
        if not tree.HasField("where_clause"):
            return []
        return [f".where({', '.join(inside.condition(tree.where_clause))})"]

    def _tail(self, inside: Expressions, tree: Tree) -> list[str]:
        parts = []
        if tree.group_clause:
            keys = [self._group_key(inside, one) for one in tree.group_clause]
            parts.append(f".group_by({', '.join(keys)})")
        if tree.HasField("having_clause"):
            parts.append(f".having({', '.join(inside.condition(tree.having_clause))})")
        parts.extend(self._distinct(inside, tree))
        parts.extend(self._order(inside, tree))
        return parts

    def _distinct(self, inside: Expressions, tree: Tree) -> list[str]:
        if not tree.distinct_clause:
            return []
        keys = [one for one in tree.distinct_clause if unwrap(one)[0]]
        if not keys:
            return [".distinct()"]
        name = self.context.use("distinct_on", POSTGRESQL)
        return [f".ext({name}({', '.join(inside.element(one) for one in keys)}))"]

    def _order(self, inside: Expressions, tree: Tree) -> list[str]:
        parts = []
        if tree.sort_clause:
            keys = self.sort_keys(inside, tree.sort_clause)
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

    def _correlation(self, scope: Scope) -> list[str]:
        if not scope.outer:
            return []
        return [f".correlate({', '.join(one.code for one in scope.outer)})"]

    def _target(self, inside: Expressions, target: Tree) -> tuple[str, str, str | None]:
        if unwrap(target.val)[0] == "row_expr":
            found = inside.row(target.val.row_expr)
        else:
            found = inside.convert(target.val)
        natural = naming.figure(target.val)
        name = target.name or natural
        if found.kind == "column":
            label = f".label({name!r})" if target.name and name != natural else ""
            return f"{found.code}{label}", name, found.type
        code = inside.as_operand(found)
        if name == naming.UNNAMED and found.kind == "constant":
            return code, name, found.type
        return f"{code}.label({name!r})", name, found.type

    def _starred(self, scope: Scope, star: str) -> list[Range]:
        if not star:
            if not scope.ranges:
                raise CannotConvert("SELECT * without FROM", "select")
            return scope.ranges
        return [scope.range(star)]

    def _add_star(
        self, found: Range, codes: list[str], columns: list[tuple[str, str | None]]
    ) -> None:
        if found.missing:
            raise ModelUnfit(found.model or "", min(found.missing))
        columns.extend((one.name, one.type) for one in found.columns)
        if found.whole is not None:
            codes.append(found.whole)
        else:
            codes.extend(one.code for one in found.columns)

    def _sort_key(self, inside: Expressions, tree: Tree) -> str:
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

    def _group_key(self, inside: Expressions, node: Tree) -> str:
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

    def _set_operation(self, tree: Tree, scope: Scope) -> Query:
        name = SET_OPERATIONS[enum(tree, "op"), bool(tree.all)]
        left = self.select(tree.larg, scope.parent_for_operand())
        right = self.select(tree.rarg, scope.parent_for_operand())
        code = f"{self.context.use(name)}({left.code}, {right.code})"
        columns = left.columns
        inside = Expressions(self.context, Scope(scope), self)
        return Query(code + "".join(self._order(inside, tree)), columns)

    def range_of(self, query: Query, name: str, code: str) -> Range:
        """A sub-select or CTE as an item of FROM."""
        columns = tuple(
            RangeColumn(column, attribute(code, column), type_name, type_name)
            for column, type_name in query.columns
        )
        return Range(name, code, columns, whole=code)
