"""FROM: tables, joins, sub-selects, functions; and WITH."""

from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert import using
from tuxdb.audit.sql.convert.constants import TypeText
from tuxdb.audit.sql.convert.context import CannotConvert, attribute
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.convert.ranges import Range, RangeColumn, Scope, table_range
from tuxdb.audit.sql.convert.recursive import is_recursive
from tuxdb.audit.sql.convert.recursive import recursive as expand
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuxdb.audit.sql.convert.queries import Queries

ONE_COLUMN = frozenset(
    {
        "unnest",
        "generate_series",
        "jsonb_array_elements",
        "json_array_elements",
        "jsonb_array_elements_text",
        "json_array_elements_text",
        "jsonb_object_keys",
        "json_object_keys",
        "regexp_split_to_table",
        "string_to_table",
    }
)
JOINS = {"JOIN_INNER": "", "JOIN_LEFT": "isouter=True", "JOIN_FULL": "full=True"}


class Tables:
    """Converts what a query reads from."""

    def __init__(self, queries: "Queries") -> None:
        self._queries = queries
        self._context = queries.context

    def from_clause(self, nodes: "Sequence[Tree]", scope: Scope) -> list[str]:
        """The argument of select_from(), then `.join(...)` parts."""
        if not nodes:
            return []
        if len(nodes) == 1:
            return self._chain(nodes[0], scope)
        codes = [self._item(node, scope) for node in nodes]
        return [", ".join(codes)]

    def relation(self, tree: Tree, scope: Scope) -> Range:
        """A table, view or CTE by its name."""
        name = tree.alias.aliasname if tree.HasField("alias") else tree.relname
        if tree.HasField("alias") and tree.alias.colnames:
            raise CannotConvert("an alias with column names", "alias")
        cte = None if tree.schemaname else scope.cte(tree.relname)
        if cte is not None:
            return self._cte_reference(cte, name, tree.relname)
        found = self._context.catalogue.relation(tree.relname, tree.schemaname)
        if found is None:
            raise CannotConvert(
                f"the table {tree.relname} of the catalogue", "catalogue"
            )
        return table_range(self._context, found, name, tree.HasField("alias"))

    def cte(self, tree: Tree, scope: Scope, recursive: bool) -> None:
        """Bind a common table expression to a name."""
        if enum(tree, "ctematerialized") != "CTEMaterializeDefault":
            raise CannotConvert("MATERIALIZED", "cte")
        if recursive and is_recursive(tree):
            expand(self._queries, tree, scope)
            return
        kind, inner = unwrap(tree.ctequery)
        if kind == "select_stmt":
            query = self._queries.select(inner, scope)
        else:
            from tuxdb.audit.sql.convert.changes import changing  # noqa: PLC0415 - circle

            query = changing(self._queries, kind, inner, scope)
        if tree.aliascolnames:
            raise CannotConvert("WITH with column names", "cte")
        word = ", recursive=True" if recursive else ""
        code = f"{query.code}.cte({tree.ctename!r}{word})"
        code = self._context.bind(tree.ctename, code)
        scope.ctes[tree.ctename] = self._queries.range_of(query, tree.ctename, code)

    def _cte_reference(self, cte: Range, name: str, wanted: str) -> Range:
        if cte.code not in self._context.plain_ctes and name == wanted:
            self._context.plain_ctes.add(cte.code)
            return Range(name, cte.code, cte.columns, whole=cte.code)
        code = self._context.bind(name, f"{cte.code}.alias({name!r})")
        return self._renamed(cte, name, code)

    def _renamed(self, found: Range, name: str, code: str) -> Range:
        columns = tuple(
            RangeColumn(one.name, attribute(code, one.name), one.type, one.declared)
            for one in found.columns
        )
        return Range(name, code, columns, whole=code)

    def _chain(self, node: Tree, scope: Scope) -> list[str]:
        """A left-deep chain of joins as calls; anything else as one item."""
        kind, tree = unwrap(node)
        if kind != "join_expr" or unwrap(tree.rarg)[0] == "join_expr":
            return [self._item(node, scope)]
        before = self._chain(tree.larg, scope)
        right = self._item(tree.rarg, scope)
        return [*before, f".join({self._join_arguments(tree, right, scope)})"]

    def _item(self, node: Tree, scope: Scope) -> str:
        kind, tree = unwrap(node)
        if kind == "range_var":
            found = self.relation(tree, scope)
            scope.ranges.append(found)
            return found.code
        if kind == "join_expr":
            return self._nested_join(tree, scope)
        if kind == "range_subselect":
            return self._sub_select(tree, scope)
        if kind == "range_function":
            return self._function(tree, scope)
        raise CannotConvert(f"{kind.replace('_', ' ')} in FROM", kind)

    def _nested_join(self, tree: Tree, scope: Scope) -> str:
        left = self._item(tree.larg, scope)
        right = self._item(tree.rarg, scope)
        join = self._context.use("join")
        return f"{join}({left}, {self._join_arguments(tree, right, scope)})"

    def _join_arguments(self, tree: Tree, right: str, scope: Scope) -> str:
        kind = enum(tree, "jointype")
        if kind not in JOINS or tree.is_natural:
            raise CannotConvert("NATURAL or RIGHT JOIN", "join")
        if tree.HasField("alias") or tree.HasField("join_using_alias"):
            raise CannotConvert("an alias of a join", "join")
        on = self._on(tree, scope)
        if kind != "JOIN_INNER":
            self._mark_nullable(tree, scope, full=kind == "JOIN_FULL")
        return ", ".join(one for one in (right, on, JOINS[kind]) if one)

    def _on(self, tree: Tree, scope: Scope) -> str:
        """The condition of a join."""
        if tree.using_clause:
            both = unwrap(tree.rarg)[0] == "join_expr"
            if enum(tree, "jointype") == "JOIN_FULL" or both:
                raise CannotConvert("FULL JOIN USING", "join")
            names = strings(tree.using_clause)
            parts = using.conditions(names, _names(tree.larg), scope)
        elif unwrap(tree.quals)[0]:
            inside = Expressions(self._context, scope, self._queries)
            parts = inside.condition(tree.quals)
        else:
            return f"{self._context.use('true')}()"
        if len(parts) > 1:
            return f"{self._context.use('and_')}({', '.join(parts)})"
        return parts[0]

    def _mark_nullable(self, tree: Tree, scope: Scope, *, full: bool) -> None:
        sides = [tree.rarg, tree.larg] if full else [tree.rarg]
        names = {name for side in sides for name in _names(side)}
        for one in scope.ranges:
            if one.name in names:
                one.nullable = True

    def _sub_select(self, tree: Tree, scope: Scope) -> str:
        if not tree.HasField("alias") or tree.alias.colnames:
            raise CannotConvert("a sub-select in FROM with column names", "alias")
        name = tree.alias.aliasname
        around = scope if tree.lateral else Scope(scope.parent, ctes=scope.ctes)
        query = self._queries.select(tree.subquery.select_stmt, around)
        method = "lateral" if tree.lateral else "subquery"
        code = self._context.bind(name, f"{query.code}.{method}({name!r})")
        scope.ranges.append(self._queries.range_of(query, name, code))
        return code

    def _function(self, tree: Tree, scope: Scope) -> str:
        if tree.is_rowsfrom or tree.ordinality or len(tree.functions) != 1:
            raise CannotConvert("ROWS FROM or WITH ORDINALITY", "function")
        call = tree.functions[0].list.items[0]
        kind, inner = unwrap(call)
        if kind != "func_call":
            raise CannotConvert(f"{kind} in FROM", "function")
        function = strings(inner.funcname)[-1]
        alias = tree.alias.aliasname if tree.HasField("alias") else function
        names = strings(tree.alias.colnames) if tree.HasField("alias") else []
        found = Expressions(self._context, scope, self._queries).convert(call)
        if tree.coldeflist:
            return self._typed_function(tree, scope, found.code, alias)
        if len(names) > 1 or function not in ONE_COLUMN:
            raise CannotConvert(f"the function {function} in FROM", "function")
        column = names[0] if names else alias
        code = f"{found.code}.table_valued({column!r}, name={alias!r})"
        code += ".render_derived()" if names else ""
        columns = [(column, found.type)]
        return self._add_function(scope, alias, code, columns)

    def _typed_function(self, tree: Tree, scope: Scope, call: str, alias: str) -> str:
        """A function whose columns the statement defines: AS x(a bigint, ...)."""
        column = self._context.use("column")
        parts, columns = [], []
        for node in tree.coldeflist:
            definition = node.column_def
            target = TypeText.of(definition.type_name)
            source = target.source(self._context)
            parts.append(f"{column}({definition.colname!r}, {source})")
            columns.append((definition.colname, target.canonical))
        code = f"{call}.table_valued({', '.join(parts)}, name={alias!r})"
        code += ".render_derived(with_types=True)"
        return self._add_function(scope, alias, code, columns)

    def _add_function(
        self,
        scope: Scope,
        alias: str,
        code: str,
        columns: "Sequence[tuple[str, str | None]]",
    ) -> str:
        name = self._context.bind(alias, code)
        found = tuple(
            RangeColumn(column, attribute(name, column), type_name, type_name)
            for column, type_name in columns
        )
        scope.ranges.append(Range(alias, name, found, whole=name))
        return name


def _names(node: Tree) -> list[str]:
    """The names of the tables on one side of a join."""
    kind, tree = unwrap(node)
    if kind == "join_expr":
        return _names(tree.larg) + _names(tree.rarg)
    if kind == "range_var":
        return [tree.alias.aliasname if tree.HasField("alias") else tree.relname]
    if tree is not None and tree.HasField("alias"):
        return [tree.alias.aliasname]
    return []
