"""What INSERT, UPDATE and DELETE have in common: a target, values, RETURNING."""

from abc import ABC, abstractmethod

from tuxdb.audit.sql import pgtypes
from tuxdb.audit.sql.catalogue import Relation
from tuxdb.audit.sql.convert.context import JSONS, CannotConvert, Context
from tuxdb.audit.sql.convert.expr import Expr
from tuxdb.audit.sql.convert.expressions import Expressions
from tuxdb.audit.sql.convert.queries import Queries, Query
from tuxdb.audit.sql.convert.ranges import ModelUnfit, Range, RangeColumn, Scope
from tuxdb.audit.sql.parse import Tree, unwrap


class Change(ABC):
    """A statement that changes rows, under conversion."""

    adds_defaults = "default"  # which of a column's defaults SQLAlchemy would add

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

    def returning(self) -> tuple[str, tuple[tuple[str, str | None], ...]]:
        """RETURNING as a call, and the columns that it yields."""
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

    def column(self, name: str) -> RangeColumn:
        """A column of the target."""
        found = self.target.column(name)
        if found is None:
            raise ModelUnfit(self.target.model or self.target.name, name)
        return found

    @abstractmethod
    def convert(self) -> Query:
        """Convert the statement."""

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
            if wanted.removesuffix("[]") not in JSONS:
                return self.context.argument(found.number)
        if found.kind == "constant":
            texts = type(found.value) is str and column.declared in pgtypes.TEXTS
            numbers = type(found.value) is int and column.declared in pgtypes.INTEGERS
            truths = type(found.value) is bool and column.declared == "boolean"
            if texts or numbers or truths or found.value is None:
                return repr(found.value)
        return self.inside.as_element(found)

    def refuse_defaults(self, written: list[str]) -> None:
        """A column that SQLAlchemy would add makes the model unfit."""
        model = self.context.model(self.relation) if self.target.model else None
        for column in model.columns if model else ():
            added = getattr(column, self.adds_defaults)
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


def _attribute(column: RangeColumn) -> str:
    return column.code.rpartition(".")[2]
