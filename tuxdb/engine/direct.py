"""Statements handed straight to the driver: for the few that run all the time.

SQLAlchemy spends more on running a statement than the driver does. One that is built
once and carries the execution option `DIRECT` is compiled once, and prepared once on
each connection; its values and rows are converted by the types of its columns, as
SQLAlchemy would. Connections are those of SQLAlchemy's pool. It takes part in no
transaction: the connections are in autocommit mode.
"""

from collections import namedtuple
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import Dialect, Engine, PoolProxiedConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import greenlet_spawn

from tuxdb.errors import InvalidValue

DIRECT = "tuxdb_direct"
"""Execution option of a statement that is built once and run many times."""

Unit = Callable[[Callable[[], None]], Awaitable[Any]]
"""Work on a connection; it calls its argument just before it sends something."""

Convert = Callable[[Any], Any] | None


class Attempt(Protocol):
    """Runs a unit, again where that is safe; its errors are tuxdb's."""

    async def __call__(self, unit: Unit) -> Any:  # noqa: ANN401
        """Run the unit to its end."""


class Plan:
    """A compiled statement: its text, and how values and rows are converted."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:  # noqa: ANN401
        compiled: SQLCompiler = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._given: list[Any] = []
        self._wanted: list[tuple[int, str, Convert]] = []
        for place, name in enumerate(compiled.positiontup or ()):
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                self._wanted.append((place, name, convert))
            value = None if bind.required else bind.effective_value
            self._given.append(convert(value) if convert else value)
        columns = list(getattr(statement, "exported_columns", ()))
        names = [column.key for column in columns]
        record: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc] # names are data here
        self._named = record._make
        self._reading: list[tuple[int, Any]] = []
        for place, column in enumerate(columns):
            kind = column.type.dialect_impl(dialect)
            if read := kind.result_processor(dialect, None):
                self._reading.append((place, read))

    def arguments(self, params: Mapping[str, Any] | None) -> list[Any]:
        """The driver's arguments, in their order; literals keep their values."""
        values = self._given.copy()
        if self._wanted:
            given = params or {}
            for place, name, convert in self._wanted:
                value = given[name]
                values[place] = convert(value) if convert else value
        return values

    def tuples(self, records: Sequence[Any]) -> Sequence[Any]:
        """Rows by position, converted where a type asks for it."""
        if not self._reading:
            return records
        return [self._converted(record) for record in records]

    def rows(self, records: Sequence[Any]) -> list[Any]:
        """Rows with the names of their columns."""
        return [self._named(record) for record in self.tuples(records)]

    def _converted(self, record: Any) -> list[Any]:  # noqa: ANN401
        values = list(record)
        for place, convert in self._reading:
            values[place] = convert(values[place])
        return values


class Direct:
    """Runs direct statements on connections of an engine in autocommit mode."""

    def __init__(self, engine: Engine, attempt: Attempt) -> None:
        self._engine = engine
        self._attempt = attempt
        self._plans: WeakKeyDictionary[Any, Plan] = WeakKeyDictionary()
        self._schema = 0  # counts the changes of the schema that were noticed

    def plan(self, statement: Any) -> Plan:  # noqa: ANN401
        """The compiled form of a statement, made when it first runs."""
        found = self._plans.get(statement)
        if found is None:
            found = self._plans[statement] = Plan(statement, self._engine.dialect)
        return found

    async def run(
        self, plan: Plan, params: Mapping[str, Any] | None
    ) -> tuple[list[Any], str]:
        """Run a statement; the driver's records, and the server's command tag."""
        arguments = plan.arguments(params)

        async def unit(sending: Callable[[], None]) -> tuple[list[Any], str]:
            connection = await greenlet_spawn(self._engine.raw_connection)
            sound = False
            try:
                prepared = await self._prepared(connection, plan.sql)
                sending()
                records = await prepared.fetch(*arguments)
                sound = True
                return records, prepared.get_statusmsg()
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                sound = isinstance(error, asyncpg.PostgresError | ValueError)
                explained = self._explained(error, plan)
                if explained is error:
                    raise
                raise explained from error
            finally:
                if not sound:
                    connection.invalidate()  # its state is unknown
                connection.close()

        found: tuple[list[Any], str] = await self._attempt(unit)
        return found

    async def _prepared(self, connection: PoolProxiedConnection, sql: str) -> Any:  # noqa: ANN401
        """Prepare a statement on a connection, once as long as the schema stays."""
        kept = connection.info.setdefault(DIRECT, {})
        schema, prepared = kept.get(sql, (None, None))
        if schema != self._schema:
            driver: Any = connection.driver_connection
            prepared = await driver.prepare(sql)
            kept[sql] = self._schema, prepared
        return prepared

    def _explained(self, error: BaseException, plan: Plan) -> BaseException:
        """The driver's error, or what SQLAlchemy would raise for it."""
        if isinstance(error, asyncpg.IntegrityConstraintViolationError):
            return IntegrityError(plan.sql, None, error)
        if isinstance(error, asyncpg.InvalidCachedStatementError):
            self._schema += 1  # what was prepared before is of no use anywhere
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            return InvalidValue("a value", "does not fit its column")
        return error
