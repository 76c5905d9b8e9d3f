"""The names of FROM in a normalised tree, and the columns that they lead to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuxdb.audit.sql.forms import range_name
from tuxdb.audit.sql.parse import Tree, unwrap

if TYPE_CHECKING:
    from tuxdb.audit.sql.catalogue import Catalogue, Relation

INNER, LEFT = 1, 2  # of JoinType


@dataclass(frozen=True)
class Item:
    """An item of FROM: its number, and its table if it is one."""

    name: str
    relation: "Relation | None"


class Scopes:
    """The queries around a place, the nearest last."""

    def __init__(self, catalogue: "Catalogue", ctes: set[str]) -> None:
        self._catalogue = catalogue
        self._ctes = ctes
        self._scopes: list[dict[str, Item]] = []
        self._count = 0

    def enter(self, items: Iterable[Tree], target: Tree = None) -> None:
        """Begin a query that reads from the items, or writes to the target."""
        scope: dict[str, Item] = {}
        self._scopes.append(scope)
        if target is not None:
            self._register(range_name(target), scope, target)
        for item in items:
            self._names(item, scope)

    def leave(self) -> None:
        """End the query that was begun last."""
        self._scopes.pop()

    def resolved(self, name: str) -> str:
        """The number of the item that an alias means."""
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name].name
        return name

    def column_type(self, parts: tuple[str, ...]) -> str | None:
        """The type of a column of a table, where it is certain."""
        for scope in reversed(self._scopes):
            if len(parts) > 1:
                found = scope.get(parts[0])
            else:
                found = next(iter(scope.values())) if len(scope) == 1 else None
            if found is not None:
                column = found.relation.column(parts[-1]) if found.relation else None
                return column.type if column is not None else None
        return None

    def owner(self, side: Tree, column: str) -> tuple[str, str] | None:
        """The number of the item that USING means on one side, and the type there.

        None where it is not certain: for what is no table, or several of which have
        the column with different types. Of several, the first one's is the merged one.
        """
        found: list[tuple[str, str]] = []
        if not self._scopes or not self._owners(side, column, found):
            return None
        return found[0] if len({one[1] for one in found}) == 1 else None

    def _owners(self, node: Tree, column: str, found: list[tuple[str, str]]) -> bool:
        kind, tree = unwrap(node)
        if kind == "join_expr":
            inner = tree.jointype in (INNER, LEFT) and not tree.HasField("alias")
            return (
                inner
                and self._owners(tree.larg, column, found)
                and self._owners(tree.rarg, column, found)
            )
        if kind != "range_var":
            return False
        item = self._scopes[-1].get(range_name(tree))
        if item is None or item.relation is None:
            return False
        one = item.relation.column(column)
        if one is not None:
            found.append((item.name, one.type))
        return True

    def _names(self, node: Tree, scope: dict[str, Item]) -> None:
        kind, tree = unwrap(node)
        if kind == "join_expr":
            self._names(tree.larg, scope)
            self._names(tree.rarg, scope)
            if tree.HasField("alias"):
                self._register(tree.alias.aliasname, scope)
        elif kind == "range_var":
            self._register(range_name(tree), scope, tree)
        elif tree is not None and tree.HasField("alias"):
            self._register(tree.alias.aliasname, scope)

    def _register(self, name: str, scope: dict[str, Item], table: Tree = None) -> None:
        self._count += 1
        relation = None
        if table is not None and table.relname not in self._ctes:
            relation = self._catalogue.relation(table.relname, table.schemaname)
        scope[name] = Item(f"t{self._count}", relation)
