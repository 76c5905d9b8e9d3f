"""Reading one table: the statements that change nothing."""

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar, get_args

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy import inspect as mapping_of
from sqlalchemy.orm import Mapper

from tuxdb.engine.direct import DIRECT
from tuxdb.engine.statements import ENTITY, Executor
from tuxdb.errors import InvalidValue
from tuxdb.models import Model
from tuxdb.repositories.criteria import Filters, OrderBy, conditions, elements
from tuxdb.repositories.pages import (
    Page,
    PageAt,
    SortKey,
    behind,
    fingerprint,
    read_cursor,
    write_cursor,
)

ModelT = TypeVar("ModelT", bound=Model)

MOST_COUNTED = 100_000
"""So many rows a jump to a page counts, and so far it goes."""


class Reading(Generic[ModelT]):
    """Finds rows of one table, as objects; it takes the session first."""

    model: type[ModelT]
    _of: ClassVar[type[Model] | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            arguments = get_args(base)
            if arguments and isinstance(arguments[0], type):
                cls._of = arguments[0]

    def __init__(self, model: type[ModelT] | None = None) -> None:
        found = model or self._of
        if found is None:
            raise TypeError("Repository needs a model: Repository(User)")
        self.model = found  # type: ignore[assignment]
        self.mapper: Mapper[ModelT] = mapping_of(self.model)
        self.table: Table = self.mapper.local_table  # type: ignore[assignment]
        self.key = self.mapper.primary_key[0]
        self._by_number = isinstance(self.key.type, Integer)
        self.names = {c.key for c in self.mapper.column_attrs}
        by_key = self.select().where(self.key == bindparam("key"))
        self._by_key = by_key.execution_options(**{DIRECT: True})

    def select(self) -> Select[ModelT]:
        """All columns of the table, as objects.

        A session's objects are brought up to date: the ledger's triggers, for one,
        change rows behind its back. What is not flushed yet is flushed before.
        """
        options: dict[str, Any] = {ENTITY: self.model, "populate_existing": True}
        return select(self.model).execution_options(**options)

    def column(self, name: str) -> Any:  # noqa: ANN401
        """The attribute of a column by its name or synonym; InvalidValue otherwise."""
        if name not in self.names and name not in self.mapper.synonyms:
            raise InvalidValue(name, f"is not a column of {self.table.name}")
        return getattr(self.model, name)

    async def get_by_id(self, session: Executor, key: Any) -> ModelT | None:  # noqa: ANN401
        """The row with this primary key, or None."""
        found = await session.scalars(self._by_key, {"key": self._checked(key)})
        row: ModelT | None = found.one_or_none()
        return row

    async def get_by_field(
        self,
        session: Executor,
        name: str,
        value: Any,  # noqa: ANN401
    ) -> list[ModelT]:
        """The rows with this value in a column, in the order of their keys."""
        column = self.column(name)
        same = column.is_(None) if value is None else column == self._typed(name, value)
        return await self.find(session, filters=same)

    async def get_paginated(
        self, session: Executor, page: int = 1, page_size: int = 20
    ) -> list[ModelT]:
        """One numbered page in the order of the primary key."""
        if page < 1 or page_size < 1:
            raise InvalidValue("page", "and page_size are at least 1")
        offset = (page - 1) * page_size
        return await self.find(session, limit=page_size, offset=offset)

    async def find(
        self,
        session: Executor,
        *,
        filters: Filters = None,
        order_by: OrderBy = None,
        limit: int | None = None,
        offset: int | None = None,
        options: Sequence[Any] = (),
    ) -> list[ModelT]:
        """The rows that match; the primary key always closes the order."""
        statement = self.select().where(*conditions(filters))
        statement = statement.order_by(*self._total_order(order_by))
        for name, number in (("limit", limit), ("offset", offset)):
            if number is not None and number < 0:
                raise InvalidValue(name, "is less than 0")
        if limit is not None:
            statement = statement.limit(limit)
        if offset:
            statement = statement.offset(offset)
        if options:
            statement = statement.options(*options)
            statement = statement.execution_options(**{ENTITY: None})
        found = await session.scalars(statement)
        return list(found.unique() if hasattr(found, "unique") else found)

    async def page_after(
        self,
        session: Executor,
        *,
        filters: Filters = None,
        order_by: OrderBy = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[ModelT]:
        """The next rows behind a cursor, at the same cost however deep.

        One row more is read to know whether there are others.
        """
        keys = self._keys(order_by)
        where = conditions(filters)
        mark = fingerprint(keys, where)
        statement = self.select().where(*where).limit(limit + 1)
        statement = statement.order_by(*(key.expression for key in keys))
        if after is not None:
            statement = statement.where(behind(keys, read_cursor(after, mark, keys)))
        items: list[ModelT] = list(await session.scalars(statement))
        if len(items) <= limit:
            return Page(items)
        return Page(items[:limit], self._cursor(mark, keys, items[limit - 1]))

    async def page_at(
        self,
        session: Executor,
        *,
        filters: Filters = None,
        order_by: OrderBy = None,
        number: int,
        limit: int = 50,
    ) -> PageAt:
        """Where a page begins by its number, or else the nearest one there is.

        Rows are counted and passed over for it, so it is for a jump; `page_after` goes
        on from there. The first page where the rows went between the two statements.
        """
        if number <= 1:
            return PageAt(1)
        where = conditions(filters)
        some = select(literal(1).label("one")).select_from(self.model).where(*where)
        counted = some.limit(MOST_COUNTED).subquery()
        total = int(await session.scalar(select(func.count()).select_from(counted)))
        nearest = min(number, -(-total // limit))
        if nearest <= 1:
            return PageAt(1)
        before = (nearest - 1) * limit - 1
        rows = await self.find(
            session, filters=where, order_by=order_by, limit=1, offset=before
        )
        if not rows:
            return PageAt(1)
        keys = self._keys(order_by)
        return PageAt(nearest, self._cursor(fingerprint(keys, where), keys, rows[0]))

    async def count(self, session: Executor, filters: Filters = None) -> int:
        """How many rows match, exactly."""
        statement = select(func.count()).select_from(self.model)
        return int(await session.scalar(statement.where(*conditions(filters))))

    async def exists(self, session: Executor, filters: Filters = None) -> bool:
        """Whether any row matches."""
        inner = select(literal(1)).select_from(self.model)
        found = select(exists(inner.where(*conditions(filters))))
        return bool(await session.scalar(found))

    def _checked(self, key: Any) -> Any:  # noqa: ANN401
        """A primary key; a number must be whole, as the driver takes 1.5 for 1."""
        if type(key) is int or key is None or not self._by_number:
            return key
        if not isinstance(key, int) or isinstance(key, bool):
            raise InvalidValue(self.key.name, "is not a whole number")
        return key

    def _typed(self, name: str, value: Any) -> ColumnElement[Any]:  # noqa: ANN401
        """A value bound as its column's type, so that another type is refused."""
        kind = self.column(name).type
        if isinstance(kind, Integer) and isinstance(value, float | bool):
            raise InvalidValue(name, "is not a whole number")
        return literal(value, kind)

    def _keys(self, order_by: OrderBy) -> list[SortKey]:
        keys = [SortKey.of(item) for item in self._total_order(order_by)]
        for key in keys:
            self.column(self._attribute(key.column))  # a cursor holds columns only
        return keys

    def _cursor(self, mark: str, keys: Sequence[SortKey], last: ModelT) -> str:
        values = [getattr(last, self._attribute(key.column)) for key in keys]
        return write_cursor(mark, values)

    def _total_order(self, order_by: OrderBy) -> list[Any]:
        given = [
            self.column(item) if isinstance(item, str) else item
            for item in elements(order_by)
        ]
        sorted_by = {self._attribute(SortKey.of(item).column) for item in given}
        missing = [
            column
            for column in self.mapper.primary_key
            if self._attribute(column) not in sorted_by
        ]
        return [*given, *missing]

    @staticmethod
    def _attribute(column: Any) -> str:  # noqa: ANN401
        return str(getattr(column, "key", column))
