"""INSERT: rows, queries, ON CONFLICT."""

from typing import TYPE_CHECKING

from tuxdb.audit.sql.convert.change import Change
from tuxdb.audit.sql.convert.context import POSTGRESQL, CannotConvert
from tuxdb.audit.sql.convert.queries import Query
from tuxdb.audit.sql.convert.ranges import Range, RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, enum, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence


class Insert(Change):
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
        self.refuse_defaults([one.name for one in self.written])
        if conflict:
            code = self._on_conflict(code)
        returning, columns = self.returning()
        return Query(code + returning, columns)

    def _columns(self, count: int) -> list[RangeColumn]:
        if self.tree.cols:
            targets = [one.res_target for one in self.tree.cols]
            if any(one.indirection for one in targets):
                raise CannotConvert("a part of a column in INSERT", "insert")
            return [self.column(one.name) for one in targets]
        names = [one.name for one in self.relation.columns if not one.generated]
        return [self.column(name) for name in names[:count]]

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
            (self.column(one.res_target.name), one.res_target)
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
            elements.append(self.column(element.name).code)
        target = f"index_elements=[{', '.join(elements)}]"
        if infer.HasField("where_clause"):
            target += f", index_where={self._joined(infer.where_clause)}"
        return target

    def _joined(self, node: Tree) -> str:
        parts = self.inside.condition(node)
        if len(parts) == 1:
            return parts[0]
        return f"{self.context.use('and_')}({', '.join(parts)})"
