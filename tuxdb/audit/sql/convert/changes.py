"""UPDATE and DELETE, and the way to all statements that change rows."""

from tuxdb.audit.sql.convert.change import Change
from tuxdb.audit.sql.convert.context import CannotConvert
from tuxdb.audit.sql.convert.inserts import Insert
from tuxdb.audit.sql.convert.queries import Queries, Query
from tuxdb.audit.sql.convert.ranges import RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, unwrap


def changing(queries: Queries, kind: str, tree: Tree, parent: Scope | None) -> Query:
    """Convert a statement that changes rows."""
    converters: dict[str, type[Change]] = {
        "insert_stmt": Insert,
        "update_stmt": Update,
        "delete_stmt": Delete,
    }
    if kind not in converters:
        raise CannotConvert(kind.removesuffix("_stmt").upper(), kind)
    return converters[kind](queries, tree, Scope(parent)).convert()


class Update(Change):
    """UPDATE, also with FROM."""

    adds_defaults = "onupdate"

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
        self.refuse_defaults([column.name for column, _ in pairs])
        code += f"{where}.values({self.keyed(pairs)})"
        returning, columns = self.returning()
        return Query(code + returning, columns)

    def _assignments(self) -> list[tuple[RangeColumn, str]]:
        pairs = []
        multiple: list[Tree] = []
        for node in self.tree.target_list:
            target = node.res_target
            if target.indirection:
                raise CannotConvert("a part of a column in SET", "set")
            column = self.column(target.name)
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


class Delete(Change):
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
        returning, columns = self.returning()
        return Query(code + returning, columns)
