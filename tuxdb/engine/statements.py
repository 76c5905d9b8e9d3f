"""Single statements, each alone: one round trip, one greenlet, no transaction."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, CursorResult, Executable, Row
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session

from tuxdb.engine.direct import DIRECT, Direct
from tuxdb.models.hydration import hydrator

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

ENTITY = "tuxdb_entity"
"""Execution option: the model whose columns, in table order, the rows are."""


class Found(Generic[T]):
    """What a statement returned, held in memory, with the methods of a Result."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[T], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows)

    def all(self) -> Sequence[T]:
        """All rows."""
        return self._rows

    def first(self) -> T | None:
        """The first row, or None."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> T | None:
        """The only row, or None; MultipleResultsFound if there are more."""
        if len(self._rows) > 1:
            raise MultipleResultsFound(f"{len(self._rows)} rows, at most one expected")
        return self.first()

    def one(self) -> T:
        """The only row, or NoResultFound, or MultipleResultsFound."""
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row, exactly one expected")
        return row


class Executor(Protocol):
    """What a repository needs of a session: an AsyncSession, or `Statements`."""

    async def execute(self, statement: Any, params: Any = None) -> Any:  # noqa: ANN401
        """Run a statement; the rows come with the result."""

    async def scalars(self, statement: Any, params: Any = None) -> Any:  # noqa: ANN401
        """Run a statement; the first element of each row."""

    async def scalar(self, statement: Any, params: Any = None) -> Any:  # noqa: ANN401
        """Run a statement; the first element of the first row, or None."""


class Statements:
    """Runs statements one at a time on connections that `run` hands out."""

    def __init__(
        self,
        run: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
        direct: Direct | None = None,
    ) -> None:
        self._run = run
        self._direct = direct

    async def execute(
        self, statement: Executable, params: Parameters = None
    ) -> Found[Row[Any]]:
        """Run a statement and hold its rows."""
        direct = self._direct
        if direct is not None and _is_direct(statement, params):
            plan = direct.plan(statement)
            records, tag = await direct.run(plan, params)  # type: ignore[arg-type]
            return Found(plan.rows(records), _count(records, tag))

        def work(connection: Connection) -> Found[Row[Any]]:
            return _held(connection.execute(statement, params))

        found: Found[Row[Any]] = await self._run(work)
        return found

    async def scalars(
        self, statement: Executable, params: Parameters = None
    ) -> Found[Any]:
        """Run a statement; model objects where its rows are those of one model."""
        entity = statement.get_execution_options().get(ENTITY)
        found: Found[Any]
        if entity is None:
            found = await self._run(lambda line: _loaded(line, statement, params))
            return found
        hydrate = hydrator(entity)
        direct = self._direct
        if direct is not None and _is_direct(statement, params):
            plan = direct.plan(statement)
            records, tag = await direct.run(plan, params)  # type: ignore[arg-type]
            objects = [hydrate(row) for row in plan.tuples(records)]
            return Found(objects, _count(records, tag))

        def work(connection: Connection) -> Found[Any]:
            rows = connection.execute(statement, params).all()
            return Found([hydrate(row) for row in rows], len(rows))

        found = await self._run(work)
        return found

    async def scalar(
        self, statement: Executable, params: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401
        """Run a statement; its first value."""
        return await self._run(lambda line: line.scalar(statement, params))


def _is_direct(statement: Executable, params: Parameters) -> bool:
    options = statement.get_execution_options()
    return DIRECT in options and (params is None or isinstance(params, Mapping))


def _count(records: Sequence[Any], tag: str) -> int:
    """How many rows a statement found or changed, by the server's command tag."""
    if records:
        return len(records)
    last = tag.rpartition(" ")[2]
    return int(last) if last.isdecimal() else -1


def _held(result: CursorResult[Any]) -> Found[Row[Any]]:
    rows = result.all() if result.returns_rows else ()
    return Found(rows, result.rowcount)


def _loaded(
    connection: Connection, statement: Executable, params: Parameters
) -> Found[Any]:
    """Load through the ORM, as eager loading and column lists need it."""
    with Session(connection, expire_on_commit=False) as session:
        rows = session.scalars(statement, params).unique().all()
    return Found(rows, len(rows))
