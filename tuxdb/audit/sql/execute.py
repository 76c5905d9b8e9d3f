"""Executing both statements on seeded rows, in transactions that are rolled back.

The original goes to the driver as the bot sends it, the replacement through SQLAlchemy
as it would be sent after the change. Rows are compared, and what the tables hold.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from tuxdb.audit.sql.arguments import Arguments
from tuxdb.audit.sql.catalogue import Catalogue
from tuxdb.audit.sql.compiled import FAILURES
from tuxdb.audit.sql.names import quote_ident
from tuxdb.audit.sql.namespace import evaluate
from tuxdb.audit.sql.parse import Statement, single, strings, unwrap, walk
from tuxdb.audit.sql.results import Checked, Converted, Proof
from tuxdb.audit.sql.server import SESSION
from tuxdb.audit.sql.statements import contents
from tuxdb.urls import DatabaseUrl

if TYPE_CHECKING:
    from tuxdb.audit.sql.server import Connection

RUNS = 8
MOST_RUNS = 40
CLOCKS = frozenset(
    {
        "clock_timestamp",
        "statement_timestamp",
        "timeofday",
        "gen_random_uuid",
        "uuid_generate_v4",
        "uuidv4",
        "uuidv7",
        "pg_current_xact_id",
        "txid_current",
    }
)
FORBIDDEN = frozenset({"set_config", "pg_sleep", "dblink", "dblink_exec", "pg_notify"})
SET_SEQUENCE = "SELECT setval($1::text::regclass, $2, $3)"
SEQUENCES = "SELECT schemaname, sequencename, last_value, start_value FROM pg_sequences"


@dataclass(frozen=True)
class Outcome:
    """What a statement did: its rows, what the tables held after it, or its error."""

    rows: tuple[str, ...]
    contents: tuple[tuple[int, int, int], ...] = ()
    error: str = ""

    def unordered(self) -> "Outcome":
        """The same where the statement leaves the order open."""
        return replace(self, rows=tuple(sorted(self.rows)))


def engine_for(url: DatabaseUrl) -> AsyncEngine:
    """SQLAlchemy on the scratch database, with one connection."""
    arguments = {**url.connect_args(), "server_settings": SESSION}

    async def connect() -> Any:  # noqa: ANN401 - a connection of the driver's
        return await asyncpg.connect(**arguments)

    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=NullPool
    )


class Executor:
    """Runs pairs on the seeded scratch database."""

    def __init__(
        self,
        connection: AsyncConnection,
        catalogue: Catalogue,
        stand_ins: Mapping[str, type],
        role: str,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._stand_ins = stand_ins
        self._role = role
        self._arguments = Arguments(catalogue)
        tables = [one for one in catalogue.relations.values() if one.kind == "r"]
        self._compared = contents(tables) if tables else ""

    async def execute(self, text: str, checked: Checked, converted: Converted) -> Proof:
        """Run both several times with arguments that occur in the tables."""
        statement = single(text)
        called = _called(statement)
        if called & FORBIDDEN:
            return Proof("refused", f"calls {min(called & FORBIDDEN)}")
        if called & CLOCKS:
            return Proof("refused", f"{min(called & CLOCKS)} differs with every call")
        worked, error = 0, ""
        for number in range(MOST_RUNS if checked.parameters else 1):
            try:
                arguments = await self._arguments.draw(
                    await self._raw(), statement, checked.parameters
                )
            except asyncpg.PostgresError as problem:
                return Proof("refused", f"no arguments: {problem}")
            left, right = await self._pair(statement, converted, arguments)
            if left != right:
                return Proof("unproved", _difference(left, right))
            worked, error = worked + (not left.error), left.error or error
            if worked and number + 1 >= RUNS:
                break
        if not worked:
            return Proof("unproved", f"both fail on the seeded rows: {error}")
        return Proof("executed")

    async def close(self) -> None:
        """Give the connection back."""
        await self._connection.close()

    async def _pair(
        self, statement: Statement, converted: Converted, arguments: list[Any]
    ) -> tuple[Outcome, Outcome]:
        ordered = _is_total(statement, self._catalogue)
        raw = await self._raw()
        sequences = await raw.fetch(SEQUENCES)
        async with self._connection.begin() as transaction:
            # through SQLAlchemy, so that it knows of the transaction
            role = f"SET LOCAL ROLE {quote_ident(self._role)}"
            await self._connection.exec_driver_sql(role)
            outcomes = []
            for run in (self._original, self._replacement):
                await raw.execute("SELECT setseed(0.5)")
                await raw.execute("SAVEPOINT before")
                found = await run(raw, statement, converted, arguments)
                await raw.execute("ROLLBACK TO SAVEPOINT before")
                await self._restore(raw, sequences)
                outcomes.append(found if ordered else found.unordered())
            await transaction.rollback()
        return outcomes[0], outcomes[1]

    async def _raw(self) -> "Connection":
        found = await self._connection.get_raw_connection()
        driver: Connection = found.driver_connection
        return driver

    async def _original(
        self,
        raw: "Connection",
        statement: Statement,
        _: Converted,
        arguments: list[Any],
    ) -> Outcome:
        try:
            rows = await raw.fetch(statement.text, *arguments)
            contents = await self._contents(raw, statement)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Outcome((), error=getattr(error, "sqlstate", "") or "driver")
        return Outcome(tuple(_written(row.values()) for row in rows), contents)

    async def _replacement(
        self,
        raw: "Connection",
        statement: Statement,
        converted: Converted,
        arguments: list[Any],
    ) -> Outcome:
        try:
            built = evaluate(converted, self._stand_ins, arguments)
            result = await self._connection.execute(built)
            rows = [_written(row) for row in result] if result.returns_rows else []
            contents = await self._contents(raw, statement)
        except DBAPIError as error:
            return Outcome((), error=getattr(error.orig, "sqlstate", "") or "driver")
        except FAILURES as error:
            return Outcome((), error=f"not built: {error}")
        return Outcome(tuple(rows), contents)

    async def _contents(
        self, raw: "Connection", statement: Statement
    ) -> tuple[tuple[int, int, int], ...]:
        """What every table holds, as its count and a sum of its rows' hashes."""
        if statement.kind == "select_stmt" and not statement.tree.HasField(
            "with_clause"
        ):
            return ()
        rows = await raw.fetch(self._compared) if self._compared else []
        return tuple((row["number"], row["rows"], int(row["total"])) for row in rows)

    async def _restore(
        self, raw: "Connection", sequences: "Sequence[asyncpg.Record]"
    ) -> None:
        """Set sequences back, which no rollback does."""
        for row in sequences:
            name = (
                f"{quote_ident(row['schemaname'])}.{quote_ident(row['sequencename'])}"
            )
            value = row["last_value"]
            start = row["start_value"] if value is None else value
            await raw.fetchval(SET_SEQUENCE, name, start, value is not None)


def _written(row: Iterable[Any]) -> str:
    """A row to compare; values that SQLAlchemy wraps are brought to one form."""
    return repr([_plain(value) for value in row])


def _plain(value: Any) -> object:  # noqa: ANN401 - a value of either driver
    if isinstance(value, asyncpg.BitString):
        return value.as_string().replace(" ", "")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, asyncpg.Range | Range):
        empty = value.isempty if isinstance(value, asyncpg.Range) else value.empty
        return ("range", value.lower, value.upper, empty)
    if isinstance(value, list | tuple | asyncpg.Record):
        return [_plain(one) for one in value]
    return value


def _called(statement: Statement) -> set[str]:
    return {
        strings(node.funcname)[-1]
        for kind, node in walk(statement.tree)
        if kind == "func_call"
    }


def _is_total(statement: Statement, catalogue: Catalogue) -> bool:
    """Whether ORDER BY leaves no two rows of the result equal."""
    tree = statement.tree
    if statement.kind != "select_stmt" or len(tree.from_clause) != 1:
        return False
    kind, table = unwrap(tree.from_clause[0])
    relation = catalogue.relation(table.relname) if kind == "range_var" else None
    if relation is None or not relation.key:
        return False
    keys = [unwrap(one.sort_by.node) for one in tree.sort_clause]
    names = {strings(node.fields)[-1] for kind, node in keys if kind == "column_ref"}
    return names >= set(relation.key)


def _difference(left: Outcome, right: Outcome) -> str:
    if left.error or right.error:
        return f"one fails: {left.error or 'works'} against {right.error or 'works'}"
    if left.rows != right.rows:
        return f"the rows differ: {_short(left.rows)} against {_short(right.rows)}"
    return "the tables hold different rows afterwards"


def _short(rows: object) -> str:
    return repr(rows)[:160]
