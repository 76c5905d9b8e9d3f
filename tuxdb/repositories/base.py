"""Repository: the statements that every table has. The session comes first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, get_args

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy import inspect as mapping_of
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.orm import Mapper
from sqlalchemy.sql.elements import SQLCoreOperations

from tuxdb.engine.direct import DIRECT
from tuxdb.engine.statements import ENTITY, Executor
from tuxdb.errors import InvalidValue
from tuxdb.models import Guild, Model
from tuxdb.repositories.pages import (
    Page,
    SortKey,
    behind,
    fingerprint,
    read_cursor,
    write_cursor,
)

ModelT = TypeVar("ModelT", bound=Model)
InsertT = TypeVar("InsertT", bound=Insert)
Filters = ColumnElement[bool] | Iterable[ColumnElement[bool]] | bool | None
OrderBy = Any
Row = Mapping[str, Any]


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Filters as a list: None is no filter, an expression is one."""
    if filters is None:
        return []
    if isinstance(filters, Iterable) and not isinstance(filters, SQLCoreOperations):
        return list(filters)
    return [filters]  # type: ignore[list-item]


def elements(order_by: OrderBy) -> list[Any]:
    """An ORDER BY as a list."""
    if order_by is None:
        return []
    return list(order_by) if isinstance(order_by, list | tuple) else [order_by]


def _refers_to_guilds(table: Table) -> bool:
    keys = table.c["guild_id"].foreign_keys if "guild_id" in table.c else ()
    return any(key.column.table.name == Guild.__tablename__ for key in keys)


class Repository(Generic[ModelT]):
    """Statements about one table; it never commits.

    `Repository(User)`, or a subclass of `Repository[User]` with statements of its own.
    """

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
        self.names = {c.key for c in self.mapper.column_attrs}
        self._in_guild = _refers_to_guilds(self.table)
        by_key = self.select().where(self.key == bindparam("key"))
        self._by_key = by_key.execution_options(**{DIRECT: True})
        self._delete_by_key = delete(self.model).where(self.key == bindparam("key"))

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
        found = await session.scalars(self._by_key, {"key": key})
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
        keys = [SortKey.of(item) for item in self._total_order(order_by)]
        where = conditions(filters)
        mark = fingerprint(keys, where)
        statement = self.select().where(*where).limit(limit + 1)
        statement = statement.order_by(*(key.expression for key in keys))
        if after is not None:
            statement = statement.where(behind(keys, read_cursor(after, mark, keys)))
        items: list[ModelT] = list(await session.scalars(statement))
        if len(items) <= limit:
            return Page(items)
        last = items[limit - 1]
        values = [getattr(last, self._attribute(key.column)) for key in keys]
        return Page(items[:limit], write_cursor(mark, values))

    async def count(self, session: Executor, filters: Filters = None) -> int:
        """How many rows match, exactly."""
        statement = select(func.count()).select_from(self.model)
        return int(await session.scalar(statement.where(*conditions(filters))))

    async def exists(self, session: Executor, filters: Filters = None) -> bool:
        """Whether any row matches."""
        inner = select(literal(1)).select_from(self.model)
        found = select(exists(inner.where(*conditions(filters))))
        return bool(await session.scalar(found))

    async def add(self, session: Executor, values: Row) -> ModelT:
        """Insert a row, and its guild if that is unseen, in one statement."""
        statement = insert(self.model).values(**values).returning(self.model)
        statement = self._with_guild(statement, values)
        found = await session.scalars(self._returning(statement))
        added: ModelT = found.one()
        return added

    async def add_if_absent(self, session: Executor, values: Row) -> ModelT | None:
        """Insert a row unless one with its unique values is there; None then."""
        statement = insert_or(self.model).values(**values).on_conflict_do_nothing()
        whole = self._with_guild(statement.returning(self.model), values)
        found = await session.scalars(self._returning(whole))
        added: ModelT | None = found.one_or_none()
        return added

    async def upsert(
        self, session: Executor, values: Row, conflict: Sequence[str]
    ) -> ModelT:
        """Insert a row, or update the one that has the same `conflict` columns."""
        statement = insert_or(self.model).values(**values)
        changed = {n: statement.excluded[n] for n in values if n not in conflict}
        changed.update(self._touched(changed))
        same = {n: statement.excluded[n] for n in conflict[:1]}
        upsert = statement.on_conflict_do_update(
            index_elements=[self.column(name) for name in conflict],
            set_=changed or same,
        ).returning(self.model)
        upsert = self._with_guild(upsert, values)
        found = await session.scalars(
            self._returning(upsert).execution_options(populate_existing=True)
        )
        row: ModelT = found.one()
        return row

    async def update_by_id(
        self,
        session: Executor,
        key: Any,  # noqa: ANN401
        values: Row,
    ) -> ModelT | None:
        """Change columns of one row and return it as it is now; None without it."""
        statement = (
            update(self.model)
            .where(self.key == literal(key, self.key.type))
            .values(**values)
            .returning(self.model)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        found = await session.scalars(self._returning(statement))
        row: ModelT | None = found.one_or_none()
        return row

    async def update_where(
        self, session: Executor, filters: Filters, values: Row
    ) -> int:
        """Change columns of all rows that match; how many were changed."""
        statement = update(self.model).where(*conditions(filters)).values(**values)
        return await self._changed(session, statement)

    async def delete_by_id(self, session: Executor, key: Any) -> bool:  # noqa: ANN401
        """Delete one row; whether it was there."""
        result = await session.execute(self._delete_by_key, {"key": key})
        return bool(result.rowcount)

    async def delete_where(self, session: Executor, filters: Filters) -> int:
        """Delete all rows that match; how many there were."""
        statement = delete(self.model).where(*conditions(filters))
        return await self._changed(session, statement)

    async def bulk_delete(self, session: Executor, keys: Sequence[Any]) -> int:
        """Delete the rows with these primary keys; how many there were."""
        given = bindparam("keys", list(keys), ARRAY(self.key.type))
        return await self.delete_where(session, self.key == func.any(given))

    def _typed(self, name: str, value: Any) -> ColumnElement[Any]:  # noqa: ANN401
        """A value bound as its column's type, so that another type is refused."""
        return literal(value, self.column(name).type)

    async def _changed(self, session: Executor, statement: Update | Delete) -> int:
        quiet = statement.execution_options(synchronize_session=False)
        result = await session.execute(quiet)
        return int(result.rowcount)

    def _returning(self, statement: Any) -> Any:  # noqa: ANN401
        return statement.execution_options(**{ENTITY: self.model})

    def _total_order(self, order_by: OrderBy) -> list[Any]:
        given = elements(order_by)
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

    def _touched(self, changed: Row) -> dict[str, Any]:
        stamped = "updated_at" in self.names and changed
        return {"updated_at": func.now()} if stamped else {}

    def _with_guild(self, statement: InsertT, values: Row) -> InsertT:
        """Have the guild of a row inserted too, if it is not there yet.

        Foreign keys are checked when the whole statement has run.
        """
        if not self._in_guild or values.get("guild_id") is None:
            return statement
        guild_id = select(literal(values["guild_id"], BigInteger))
        guild = insert_or(Guild).from_select(["id"], guild_id, include_defaults=False)
        missing = guild.on_conflict_do_nothing().cte("ensured_guild")
        whole: InsertT = statement.add_cte(missing)
        return whole
