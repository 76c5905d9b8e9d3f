"""Proof: PostgreSQL resolves both statements, and they are one to it.

Each becomes the body of an SQL function that is rolled back at once. What
pg_get_function_sqlbody gives back has every name, star, cast and function resolved.
"""

from typing import TYPE_CHECKING

import asyncpg

from tuxdb.audit.sql.compiled import FAILURES, sql_of
from tuxdb.audit.sql.namespace import evaluate
from tuxdb.audit.sql.normalise import Normaliser
from tuxdb.audit.sql.parse import NotSql, single
from tuxdb.audit.sql.readback import reading_differs
from tuxdb.audit.sql.results import Checked, Converted, Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tuxdb.audit.sql.catalogue import Catalogue
    from tuxdb.audit.sql.server import Connection

SCHEMA = "tuxdb_audit"
BODY = """
SELECT proname::text AS name, pg_get_function_sqlbody(oid) AS body
  FROM pg_proc WHERE pronamespace = $1::text::regnamespace
"""
QUERIES = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt"})


class Prover:
    """Proves pairs on one connection to the scratch server."""

    def __init__(
        self,
        connection: "Connection",
        catalogue: "Catalogue",
        stand_ins: "Mapping[str, type]",
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._stand_ins = stand_ins

    async def prove(self, text: str, checked: Checked, converted: Converted) -> Proof:
        """Prove a conversion; whatever is not proved says why."""
        try:
            statement = evaluate(converted, self._stand_ins)
            replacement = sql_of(statement)
        except FAILURES as error:
            return Proof("unproved", f"the replacement cannot be built: {error}")
        reason = reading_differs(statement, checked)
        if reason is not None:
            return Proof("unproved", reason, text, replacement)
        return await self.compare(text, replacement, checked.parameters)

    async def compare(
        self, original: str, replacement: str, parameters: tuple[str, ...]
    ) -> Proof:
        """Compare two statements over the same parameters."""
        for one, name in ((original, "statement"), (replacement, "replacement")):
            try:
                kind = single(one).kind
            except NotSql as error:
                return Proof("unproved", f"the {name} cannot be parsed: {error}")
            if kind not in QUERIES:
                return Proof("refused", f"the {name} is not a query")
        bodies = await self._bodies(original, replacement, parameters)
        if isinstance(bodies, Proof):
            return bodies
        left, right = bodies
        normaliser = Normaliser(self._catalogue, parameters)
        try:
            equal = normaliser.body(left) == normaliser.body(right)
        except NotSql as error:
            return Proof("unproved", f"PostgreSQL's own text: {error}", left, right)
        if equal:
            return Proof("proved", "", left, right)
        return Proof("unproved", "PostgreSQL reads them differently", left, right)

    async def _bodies(
        self, original: str, replacement: str, parameters: tuple[str, ...]
    ) -> tuple[str, str] | Proof:
        connection = self._connection
        functions = {
            "original": _function("original", original, parameters),
            "replacement": _function("replacement", replacement, parameters),
        }
        try:
            await connection.execute(";".join(("BEGIN", *functions.values())))
            rows = await connection.fetch(BODY, SCHEMA)
        except asyncpg.PostgresError:
            await connection.execute("ROLLBACK")
            return await self._refused(functions)
        await connection.execute("ROLLBACK")
        bodies = {row["name"]: row["body"] for row in rows}
        return bodies["original"], bodies["replacement"]

    async def _refused(self, functions: dict[str, str]) -> Proof:
        """Which of the two the server refuses, and why."""
        for name, text in functions.items():
            try:
                await self._connection.execute(f"BEGIN;{text};ROLLBACK")
            except asyncpg.PostgresError as error:
                await self._connection.execute("ROLLBACK")
                return Proof("unproved", f"the {name} is refused: {error}")
        return Proof("unproved", "the server refuses the pair")


def _function(name: str, text: str, parameters: tuple[str, ...]) -> str:
    body = single(text).text
    types = ", ".join(parameters)
    return (
        f"CREATE FUNCTION {SCHEMA}.{name}({types}) RETURNS void LANGUAGE sql "
        f"BEGIN ATOMIC {body}\n; END"
    )
