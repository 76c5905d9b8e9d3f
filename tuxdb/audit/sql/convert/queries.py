"""SELECT in all its places: statements, sub-selects, set operations, CTEs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert import naming, using
from tuxdb.audit.sql.convert.context import (
    CannotConvert,
    Context,
    attribute,
)
from tuxdb.audit.sql.convert.expr import COMPOUND, Expr
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.convert.ordering import Ordering
from tuxdb.audit.sql.convert.ranges import ModelUnfit, Range, RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

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
        self.ordering = Ordering(context)

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
        return [self.ordering.sort_key(inside, node.sort_by) for node in nodes]

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
            keys = [self.ordering.group_key(inside, one) for one in tree.group_clause]
            parts.append(f".group_by({', '.join(keys)})")
        if tree.HasField("having_clause"):
            parts.append(f".having({', '.join(inside.condition(tree.having_clause))})")
        parts.extend(self.ordering.distinct(inside, tree))
        parts.extend(self.ordering.order(inside, tree))
        return parts

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
        verbatim = found.kind == "constant" and type(found.value) in (int, float, str)
        if name == naming.UNNAMED and verbatim:
            return code, name, found.type
        return f"{code}.label({name!r})", name, found.type

    def _starred(self, scope: Scope, star: str) -> list[Range]:
        if not star:
            if not scope.ranges:
                raise CannotConvert("SELECT * without FROM", "select")
            return using.starred(scope) if scope.merged else scope.ranges
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

    def _set_operation(self, tree: Tree, scope: Scope) -> Query:
        name = SET_OPERATIONS[enum(tree, "op"), bool(tree.all)]
        left = self.select(tree.larg, scope.parent_for_operand())
        right = self.select(tree.rarg, scope.parent_for_operand())
        code = f"{self.context.use(name)}({left.code}, {right.code})"
        columns = left.columns
        inside = Expressions(self.context, Scope(scope), self)
        return Query(code + "".join(self.ordering.order(inside, tree)), columns)

    def range_of(self, query: Query, name: str, code: str) -> Range:
        """A sub-select or CTE as an item of FROM."""
        columns = tuple(
            RangeColumn(column, attribute(code, column), type_name, type_name)
            for column, type_name in query.columns
        )
        return Range(name, code, columns, whole=code)
