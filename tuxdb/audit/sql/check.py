"""Preparing a statement on the scratch server: what its schema says about it."""

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg

from tuxdb.audit.sql import extensions
from tuxdb.audit.sql.applying import Applied
from tuxdb.audit.sql.catalogue import Catalogue, Relation, read_types
from tuxdb.audit.sql.conditions import traps
from tuxdb.audit.sql.parse import NotSql, Statement, statements, walk
from tuxdb.audit.sql.results import Checked, Output, Problem

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

QUERIES = frozenset(
    {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}
)
KINDS = {
    "42P01": "relation",
    "42703": "column",
    "42883": "function",
    "42704": "type",
    "42P18": "parameters",
}
_QUOTED = re.compile(r'"([^"]+)"')
_COLUMN = re.compile(r"column (?:\"([^\"]+)\"|(\S+)) ")
_FUNCTION = re.compile(r"function ([\w.\"]+)\(")
_OPERATOR = re.compile(r"operator does not exist: \S+(?: \S+)*? (\S+) \S+")


class Checker:
    """Prepares statements on one connection and explains the answers."""

    def __init__(
        self, connection: "Connection", found: Catalogue, applied: Applied
    ) -> None:
        self._connection = connection
        self._catalogue = found
        self._applied = applied

    async def check(self, text: str) -> Checked:
        """Prepare one statement; several, or none, are a problem of their own."""
        try:
            found = statements(text)
        except NotSql as error:
            problem = Problem("syntax", error.message, position=error.position)
            return Checked((problem,))
        if len(found) != 1:
            return Checked((Problem("several", f"{len(found)} statements"),))
        if found[0].kind not in QUERIES:
            return Checked()
        return await self._prepare(found[0])

    async def _prepare(self, statement: Statement) -> Checked:
        try:
            prepared = await self._connection.prepare(statement.text)
        except asyncpg.PostgresError as error:
            problem = self._explain(error, statement)
            if problem.kind == "extension" and await self._assume(problem.name):
                return await self._prepare(statement)
            return Checked((problem,))
        parameters = tuple(
            self._catalogue.type_name(one.oid) for one in prepared.get_parameters()
        )
        columns = tuple(
            Output(one.name, self._catalogue.type_name(one.type.oid))
            for one in prepared.get_attributes()
        )
        needed = extensions.used(statement, self._applied.missing_extensions)
        doubts = tuple(traps(statement, self._catalogue))
        return Checked((), parameters, columns, needed, doubts)

    def _explain(self, error: asyncpg.PostgresError, statement: Statement) -> Problem:
        message = error.message or str(error)
        state = error.sqlstate
        kind = KINDS.get(state, "other")
        name = self._name(kind, message)
        extension = self._extension(kind, name)
        position = getattr(error, "position", None)
        at = int(position) - 1 + statement.start if position else None
        return Problem(
            "extension" if extension else kind,  # type: ignore[arg-type]  # of KINDS
            message,
            name=extension or name,
            suggestion=None if extension else self._suggestion(kind, name, statement),
            position=at,
            sqlstate=state,
        )

    async def _assume(self, extension: str | None) -> bool:
        missing = self._applied.missing_extensions
        if extension is None or extension in missing:
            return False
        missing.add(extension)
        if not await extensions.assume(self._connection, extension):
            return False
        self._catalogue.types.update(await read_types(self._connection))
        return True

    def _name(self, kind: str, message: str) -> str | None:
        if kind == "column":
            found = _COLUMN.search(message)
            return (found[1] or found[2]) if found else None
        if kind == "function":
            found = _FUNCTION.search(message) or _OPERATOR.search(message)
            return found[1] if found else None
        quoted = _QUOTED.search(message)
        return quoted[1] if quoted else None

    def _extension(self, kind: str, name: str | None) -> str | None:
        if name is None:
            return None
        if kind == "relation":
            return self._applied.lost.get(name)
        if kind == "type":
            return extensions.OF_TYPE.get(name)
        if kind == "function":
            known = extensions.OF_FUNCTION.get(name)
            return known if known and name not in self._catalogue.functions else None
        return None

    def _suggestion(
        self, kind: str, name: str | None, statement: Statement
    ) -> str | None:
        if name is None:
            return None
        if kind == "relation":
            names = [found for _, found in self._catalogue.relations]
            return _closest(name.rpartition(".")[2], names)
        if kind == "function":
            return _closest(name, list(self._catalogue.functions))
        if kind == "column":
            bare = name.rpartition(".")[2]
            names = [
                column for table in self._tables(statement) for column in table.names
            ]
            return _closest(bare, names)
        return None

    def _tables(self, statement: Statement) -> list[Relation]:
        """The tables that a statement names."""
        found = []
        names = [
            (node.relname, node.schemaname)
            for kind, node in walk(statement.tree)
            if kind == "range_var"
        ]
        target = getattr(statement.tree, "relation", None)
        if target is not None and statement.kind != "select_stmt":
            names.append((target.relname, target.schemaname))
        for name, schema in names:
            relation = self._catalogue.relation(name, schema)
            if relation is not None:
                found.append(relation)
        return found


def with_arguments(checked: Checked, n_args: int | None) -> Checked:
    """Compare the parameters with the number of arguments of the call."""
    if n_args is None or not checked.accepted:
        return checked
    wanted = len(checked.parameters)
    if wanted == n_args:
        return checked
    message = f"the statement has {wanted} parameters, the call {n_args} arguments"
    return replace(checked, problems=(Problem("parameters", message),))


def _closest(name: str, names: list[str]) -> str | None:
    found = difflib.get_close_matches(name, sorted(set(names)), n=1, cutoff=0.6)
    return found[0] if found else None
