"""INSERT, UPDATE and DELETE."""

from typing import TYPE_CHECKING

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.catalogue import Relation
from tuxdb.audit.sql.convert.context import POSTGRESQL, CannotConvert, Context
from tuxdb.audit.sql.convert.expr import Expr
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.convert.queries import Queries, Query
from tuxdb.audit.sql.convert.ranges import ModelUnfit, Range, RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, enum, strings, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence


def changing(queries: Queries, kind: str, tree: Tree, parent: Scope | None) -> Query:
    """Convert a statement that changes rows."""
    converters = {
        "insert_stmt": Insert,
        "update_stmt": Update,
        "delete_stmt": Delete,
    }
    if kind not in converters:
        raise CannotConvert(kind.removesuffix("_stmt").upper(), kind)
    return converters[kind](queries, tree, Scope(parent)).convert()


class _Change:
    def __init__(self, queries: Queries, tree: Tree, scope: Scope) -> None:
        self.queries, self.tree, self.scope = queries, tree, scope
        self.context: Context = queries.context
        self.inside = Expressions(self.context, scope, queries)
        queries.with_clause(tree, scope)
        self.target = self._target()
        self.relation = self._relation()

    def _target(self) -> Range:
        if not self.tree.relation.inh:
            raise CannotConvert("ONLY", "only")
        self.context.plain.discard(self.tree.relation.relname)
        found = self.queries.tables.relation(self.tree.relation, self.scope)
        self.scope.ranges.append(found)
        return found

    def _relation(self) -> Relation:
        named = self.tree.relation
        found = self.context.catalogue.relation(named.relname, named.schemaname)
        if found is None:
            raise CannotConvert(f"{named.relname} is not a table", "table")
        return found

    def _returning(self) -> tuple[str, tuple[tuple[str, str | None], ...]]:
        nodes = self.tree.returning_clause.exprs
        if not nodes:
            return "", ()
        if self.tree.returning_clause.options:
            raise CannotConvert("RETURNING with OLD or NEW renamed", "returning")
        codes, columns = self.queries.targets(self.inside, nodes)
        names = [name for name, _ in columns]
        if len(set(names)) != len(names):
            raise CannotConvert("two columns of one name in RETURNING", "returning")
        return f".returning({', '.join(codes)})", tuple(columns)

    def _column(self, name: str) -> RangeColumn:
        found = self.target.column(name)
        if found is None:
            raise ModelUnfit(self.target.model or self.target.name, name)
        return found

    def value(self, column: RangeColumn, node: Tree) -> str:
        """What is written into a column."""
        kind, _ = unwrap(node)
        if kind == "set_to_default":
            return f"{self.context.use('text')}('DEFAULT')"
        found = self.inside.convert(node)
        return self.assigned(column, found)

    def assigned(self, column: RangeColumn, found: Expr) -> str:
        """The same for an expression that is converted already."""
        if found.kind == "argument" and pgtypes.same(column.declared, found.type):
            wanted = column.type or ""
            if wanted.removesuffix("[]") not in ("json", "jsonb"):
                return self.context.argument(found.number)
        if found.kind == "constant":
            texts = type(found.value) is str and column.declared in pgtypes.TEXTS
            numbers = type(found.value) is int and column.declared in pgtypes.INTEGERS
            truths = type(found.value) is bool and column.declared == "boolean"
            if texts or numbers or truths or found.value is None:
                return repr(found.value)
        return self.inside.as_element(found)

    def _refuse_defaults(self, written: list[str]) -> None:
        """A column that SQLAlchemy would add makes the model unfit."""
        model = self.context.model(self.relation) if self.target.model else None
        for column in model.columns if model else ():
            added = column.default if isinstance(self, Insert) else column.onupdate
            if added and column.name not in written:
                raise ModelUnfit(model.name if model else "", column.name, "default")

    def keyed(self, pairs: list[tuple[RangeColumn, str]]) -> str:
        """The arguments of values(): by keyword where the names allow it."""
        plain = all(
            _attribute(column).isidentifier() and _attribute(column) == column.name
            for column, _ in pairs
        )
        if plain:
            return ", ".join(f"{column.name}={value}" for column, value in pairs)
        return "{" + ", ".join(f"{one.code}: {value}" for one, value in pairs) + "}"


class Insert(_Change):
    """INSERT with VALUES or a query, ON CONFLICT, RETURNING."""

    written: tuple[RangeColumn, ...] = ()

    def convert(self) -> Query:
        """Convert the statement."""
        tree = self.tree
        if enum(tree, "override") != "OVERRIDING_NOT_SET":
            raise CannotConvert("OVERRIDING", "overriding")
        conflict = tree.HasField("on_conflict_clause")
        module = POSTGRESQL if conflict else "sqlalchemy"
        code = f"{self.context.use('insert', module)}({self.target.code})"
        code += self._rows()
        self._refuse_defaults([one.name for one in self.written])
        if conflict:
            code = self._on_conflict(code)
        returning, columns = self._returning()
        return Query(code + returning, columns)

    def _columns(self, count: int) -> list[RangeColumn]:
        if self.tree.cols:
            targets = [one.res_target for one in self.tree.cols]
            if any(one.indirection for one in targets):
                raise CannotConvert("a part of a column in INSERT", "insert")
            return [self._column(one.name) for one in targets]
        names = [one.name for one in self.relation.columns if not one.generated]
        return [self._column(name) for name in names[:count]]

    def _rows(self) -> str:
        kind, select = unwrap(self.tree.select_stmt)
        if not kind:
            return ""
        if (
            not select.values_lists
            or select.sort_clause
            or select.HasField("with_clause")
        ):
            return self._from_select(select)
        rows = [one.list.items for one in select.values_lists]
        columns = self._columns(len(rows[0]))
        self.written = tuple(columns)
        if len(rows) == 1:
            pairs = self._pairs(columns, rows[0])
            self.written = tuple(column for column, _ in pairs)
            return f".values({self.keyed(pairs)}){self._inline()}"
        return self._many(columns, rows)

    def _pairs(
        self, columns: list[RangeColumn], values: "Sequence[Tree]"
    ) -> list[tuple[RangeColumn, str]]:
        return [
            (column, self.value(column, node))
            for column, node in zip(columns, values, strict=False)
            if unwrap(node)[0] != "set_to_default"
        ]

    def _many(self, columns: list[RangeColumn], rows: list[list[Tree]]) -> str:
        kinds = {unwrap(node)[0] for row in rows for node in row}
        if not kinds <= {"a_const", "param_ref"}:
            raise CannotConvert("several rows with computed values", "insert")
        items = []
        for row in rows:
            pairs = self._pairs(columns, row)
            inner = ", ".join(f"{column.name!r}: {value}" for column, value in pairs)
            items.append("{" + inner + "}")
        return f".values([{', '.join(items)}])"

    def _from_select(self, select: Tree) -> str:
        query = self.queries.select(
            select, Scope(self.scope.parent, ctes=self.scope.ctes)
        )
        columns = self._columns(len(query.columns))
        self.written = tuple(columns)
        names = ", ".join(repr(column.name) for column in columns)
        return f".from_select([{names}], {query.code}, include_defaults=False)"

    def _inline(self) -> str:
        """Keep SQLAlchemy from reading a key back that nobody asked for."""
        model = self.context.model(self.relation) if self.target.model else None
        written = {column.name for column in self.written}
        asked = bool(self.tree.returning_clause.exprs)
        return (
            "" if model is None or asked or written >= set(model.key) else ".inline()"
        )

    def _on_conflict(self, code: str) -> str:
        clause = self.tree.on_conflict_clause
        target = self._conflict_target(clause)
        if enum(clause, "action") == "ONCONFLICT_NOTHING":
            return f"{code}.on_conflict_do_nothing({target})"
        name = self.context.bind("new", code)
        excluded = tuple(
            RangeColumn(
                one.name,
                f"{name}.excluded[{one.name!r}]"
                if not one.name.isidentifier()
                else f"{name}.excluded.{one.name}",
                one.type,
                one.declared,
            )
            for one in self.target.columns
        )
        self.scope.ranges.append(Range("excluded", f"{name}.excluded", excluded))
        pairs = [
            (self._column(one.res_target.name), one.res_target)
            for one in clause.target_list
        ]
        if any(target.indirection for _, target in pairs):
            raise CannotConvert("a part of a column in SET", "set")
        values = ", ".join(
            f"{column.name!r}: {self.value(column, target.val)}"
            for column, target in pairs
        )
        options = [target, f"set_={{{values}}}"]
        if clause.HasField("where_clause"):
            options.append(f"where={self._joined(clause.where_clause)}")
        self.scope.ranges.pop()
        return f"{name}.on_conflict_do_update({', '.join(filter(None, options))})"

    def _conflict_target(self, clause: Tree) -> str:
        if not clause.HasField("infer"):
            return ""
        infer = clause.infer
        if infer.conname:
            return f"constraint={infer.conname!r}"
        elements = []
        for node in infer.index_elems:
            element = node.index_elem
            if not element.name or element.collation or element.opclass:
                raise CannotConvert("ON CONFLICT with an expression", "conflict")
            elements.append(self._column(element.name).code)
        target = f"index_elements=[{', '.join(elements)}]"
        if infer.HasField("where_clause"):
            target += f", index_where={self._joined(infer.where_clause)}"
        return target

    def _joined(self, node: Tree) -> str:
        parts = self.inside.condition(node)
        if len(parts) == 1:
            return parts[0]
        return f"{self.context.use('and_')}({', '.join(parts)})"


class Update(_Change):
    """UPDATE, also with FROM."""

    def convert(self) -> Query:
        """Convert the statement."""
        parts = self.queries.tables.from_clause(self.tree.from_clause, self.scope)
        if len(parts) > 1:
            raise CannotConvert("a join in UPDATE ... FROM", "update")
        code = f"{self.context.use('update')}({self.target.code})"
        where = ""
        if self.tree.HasField("where_clause"):
            where = (
                f".where({', '.join(self.inside.condition(self.tree.where_clause))})"
            )
        pairs = self._assignments()
        self._refuse_defaults([column.name for column, _ in pairs])
        code += f"{where}.values({self.keyed(pairs)})"
        returning, columns = self._returning()
        return Query(code + returning, columns)

    def _assignments(self) -> list[tuple[RangeColumn, str]]:
        pairs = []
        multiple: list[Tree] = []
        for node in self.tree.target_list:
            target = node.res_target
            if target.indirection:
                raise CannotConvert("a part of a column in SET", "set")
            column = self._column(target.name)
            value = target.val
            if unwrap(value)[0] == "multi_assign_ref":
                reference = value.multi_assign_ref
                if reference.colno == 1:
                    kind, row = unwrap(reference.source)
                    if kind != "row_expr":
                        raise CannotConvert("SET (a, b) = (SELECT ...)", "set")
                    multiple = list(row.args)
                value = multiple[reference.colno - 1]
            pairs.append((column, self.value(column, value)))
        return pairs


class Delete(_Change):
    """DELETE, also with USING."""

    def convert(self) -> Query:
        """Convert the statement."""
        parts = self.queries.tables.from_clause(self.tree.using_clause, self.scope)
        if len(parts) > 1:
            raise CannotConvert("a join in DELETE ... USING", "delete")
        code = f"{self.context.use('delete')}({self.target.code})"
        if self.tree.HasField("where_clause"):
            code += (
                f".where({', '.join(self.inside.condition(self.tree.where_clause))})"
            )
        returning, columns = self._returning()
        return Query(code + returning, columns)


def _attribute(column: RangeColumn) -> str:
    return column.code.rpartition(".")[2]


_ = strings
