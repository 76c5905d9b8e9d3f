"""BaseController: the calls that every noun has, each in a transaction of its own.

Every method takes part in the caller's transaction if it is given `session=`, or is
called inside `db.transaction()`; it then neither opens nor commits one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models import Model
from tuxdb.models.validation import validated, validated_change
from tuxdb.repositories import Filters, OrderBy, Page, PaginationResult, Repository
from tuxdb.repositories.bulk import Rows, bulk_insert, bulk_update, bulk_upsert, grouped

ModelT = TypeVar("ModelT", bound=Model)
T = TypeVar("T")

LARGEST_PAGE = 1000


class BaseController(Generic[ModelT]):
    """Use cases of one model.

    `class UserController(BaseController[User])`, then `UserController(db)`; or, as
    the model may be given, `BaseController(User, db)`.
    """

    repository: Repository[ModelT]
    _of: type[Model] | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            arguments = get_args(base)
            if arguments and isinstance(arguments[0], type):
                cls._of = arguments[0]

    def __init__(
        self,
        model: type[ModelT] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        if isinstance(model, DatabaseService):
            model, db = None, model
        name = type(self).__name__
        if db is None:
            raise TypeError(f"{name} needs a database service: {name}(db)")
        found = model or self._of
        if found is None:
            raise TypeError(f"{name} needs a model: {name}(Model, db)")
        self.db = db
        self.model: type[ModelT] = found  # type: ignore[assignment]
        if not hasattr(type(self), "repository"):
            self.repository = Repository(self.model)

    # -- one row -----------------------------------------------------------------

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> ModelT:
        """Insert a row, and its guild if that is unseen.

        Raises InvalidValue (a ValueError) that names the field, and IntegrityError
        where the row, or another with its unique values, is there already.
        """
        checked = validated(self.model, values)
        return await self.repository.add(self._writing(session or joined), checked)

    async def get_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
    ) -> ModelT | None:
        """The row with this primary key, or None."""
        return await self.repository.get_by_id(self._reading(session), key)

    async def get_or_raise(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
    ) -> ModelT:
        """The row with this primary key, or NotFound."""
        row = await self.get_by_id(key, session=session)
        if row is None:
            raise NotFound(self.model.__name__.lower(), key)
        return row

    async def get_or_create(
        self,
        defaults: Mapping[str, Any] | None = None,
        *,
        session: AsyncSession | None = None,
        **lookup: Any,  # noqa: ANN401
    ) -> tuple[ModelT, bool]:
        """The row with these values, made with `defaults` if there is none.

        Also whether it was made. Two at once get the same row.
        """
        checked = validated(self.model, {**(defaults or {}), **lookup})
        filters = [self.repository.column(name) == v for name, v in lookup.items()]
        for _ in range(3):
            found = await self.find_one(filters, session=session)
            if found is not None:
                return found, False
            added = await self.repository.add_if_absent(self._writing(session), checked)
            if added is not None:
                return added, True
        raise InvalidValue(
            ", ".join(lookup), "does not single out the row it conflicts with"
        )

    async def update_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> ModelT | None:
        """Change columns of a row and return it as it is now; None without it."""
        checked = self._changes(changes)
        if not checked:
            return await self.get_by_id(key, session=session)
        return await self.repository.update_by_id(self._writing(session), key, checked)

    async def delete_by_id(
        self,
        key: Any,  # noqa: ANN401
        *,
        session: AsyncSession | None = None,
    ) -> bool:
        """Delete a row; whether it was there."""
        return await self.repository.delete_by_id(self._writing(session), key)

    async def upsert(
        self,
        conflict: Sequence[str],
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> ModelT:
        """Insert a row, or change the one with the same `conflict` columns."""
        checked = validated(self.model, values)
        executor = self._writing(session)
        return await self.repository.upsert(executor, checked, conflict)

    # -- many rows ---------------------------------------------------------------

    async def exists(
        self, filters: Filters = None, *, session: AsyncSession | None = None
    ) -> bool:
        """Whether any row matches."""
        return await self.repository.exists(self._reading(session), filters)

    async def count(
        self, filters: Filters = None, *, session: AsyncSession | None = None
    ) -> int:
        """How many rows match, exactly."""
        return await self.repository.count(self._reading(session), filters)

    async def find_one(
        self,
        filters: Filters = None,
        *,
        order_by: OrderBy = None,
        options: Sequence[Any] = (),
        session: AsyncSession | None = None,
    ) -> ModelT | None:
        """The first row that matches, or None."""
        rows = await self.find_all(
            filters, order_by=order_by, limit=1, options=options, session=session
        )
        return rows[0] if rows else None

    async def find_all(
        self,
        filters: Filters = None,
        *,
        order_by: OrderBy = None,
        limit: int | None = None,
        offset: int | None = None,
        options: Sequence[Any] = (),
        session: AsyncSession | None = None,
    ) -> list[ModelT]:
        """The rows that match; the primary key closes the order."""
        return await self.repository.find(
            self._reading(session),
            filters=filters,
            order_by=order_by,
            limit=limit,
            offset=offset,
            options=options,
        )

    async def paginate(
        self,
        filters: Filters = None,
        *,
        order_by: OrderBy = None,
        page: int = 1,
        per_page: int = 50,
        session: AsyncSession | None = None,
    ) -> PaginationResult[ModelT]:
        """One numbered page and the total; deep pages cost what they skip.

        Raises InvalidValue for a page below 1 or a `per_page` outside 1 to 1000.
        """
        if page < 1:
            raise InvalidValue("page", "is less than 1")
        _check_size("per_page", per_page)
        executor = self._reading(session)
        items = await self.repository.find(
            executor,
            filters=filters,
            order_by=order_by,
            limit=per_page,
            offset=(page - 1) * per_page,
        )
        total = await self.repository.count(executor, filters)
        return PaginationResult(items, total, page, per_page)

    async def page_after(
        self,
        after: str | None = None,
        *,
        filters: Filters = None,
        order_by: OrderBy = None,
        limit: int = 50,
        session: AsyncSession | None = None,
    ) -> Page[ModelT]:
        """The rows behind a cursor, at the same cost however deep.

        Rows added or deleted between pages neither repeat nor hide others.
        """
        _check_size("limit", limit)
        return await self.repository.page_after(
            self._reading(session),
            filters=filters,
            order_by=order_by,
            after=after,
            limit=limit,
        )

    async def bulk_create(
        self, rows: Rows, *, session: AsyncSession | None = None
    ) -> int:
        """Insert rows by COPY, all or none; how many there are now."""
        groups = list(grouped(self.model, rows, new=True))

        async def work(own: AsyncSession) -> int:
            counts = [await bulk_insert(own, self.model, *group) for group in groups]
            return sum(counts)

        return await self._in_transaction(session, work)

    async def bulk_upsert(
        self,
        rows: Rows,
        conflict: Sequence[str],
        *,
        session: AsyncSession | None = None,
    ) -> int:
        """Insert rows, or change those with the same `conflict` columns."""
        groups = list(grouped(self.model, rows, new=True))

        async def work(own: AsyncSession) -> int:
            return sum(
                [
                    await bulk_upsert(own, self.model, *group, conflict)
                    for group in groups
                ]
            )

        return await self._in_transaction(session, work)

    async def bulk_update(
        self, rows: Rows, *, session: AsyncSession | None = None
    ) -> int:
        """Change rows, each a dict with its primary key; how many were there.

        All or none. Raises InvalidValue that names the row and the field.
        """
        groups = [
            self._with_key(group) for group in grouped(self.model, rows, new=False)
        ]

        async def work(own: AsyncSession) -> int:
            counts = [await bulk_update(own, self.model, *group) for group in groups]
            return sum(counts)

        return await self._in_transaction(session, work)

    async def bulk_delete(
        self, keys: Sequence[Any], *, session: AsyncSession | None = None
    ) -> int:
        """Delete the rows with these primary keys; how many there were."""
        return await self.repository.bulk_delete(self._writing(session), keys)

    async def update_where(
        self,
        filters: Filters,
        values: Mapping[str, Any] | None = None,
        *,
        session: AsyncSession | None = None,
        **changes: Any,  # noqa: ANN401
    ) -> int:
        """Change columns of all rows that match; how many were changed."""
        checked = self._changes({**(values or {}), **changes})
        _refuse_all_rows(filters)
        executor = self._writing(session)
        return await self.repository.update_where(executor, filters, checked)

    async def delete_where(
        self, filters: Filters, *, session: AsyncSession | None = None
    ) -> int:
        """Delete all rows that match; how many there were."""
        _refuse_all_rows(filters)
        return await self.repository.delete_where(self._writing(session), filters)

    # -- whose transaction -------------------------------------------------------

    def _reading(self, session: AsyncSession | None = None) -> Executor:
        return session or self.db.current_session() or self.db.reads

    def _writing(self, session: AsyncSession | None = None) -> Executor:
        return session or self.db.current_session() or self.db.statements

    async def _in_transaction(
        self,
        session: AsyncSession | None,
        work: Callable[[AsyncSession], Awaitable[T]],
    ) -> T:
        """Work of several statements: the caller's transaction, or one with retries."""
        joined = session or self.db.current_session()
        if joined is not None:
            return await work(joined)
        return await self.db.run_in_transaction(work)

    def _changes(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        checked = validated_change(self.model, changes)
        for column in self.repository.mapper.primary_key:
            if column.name in checked:
                raise InvalidValue(column.name, "is the row's key and cannot change")
        return checked

    def _with_key(
        self, group: tuple[tuple[str, ...], list[tuple[Any, ...]]]
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        key = self.repository.key.name
        if key not in group[0]:
            raise InvalidValue(key, "is required in every row")
        return group


def _check_size(name: str, size: int) -> None:
    if not 1 <= size <= LARGEST_PAGE:
        raise InvalidValue(name, f"is not between 1 and {LARGEST_PAGE}")


def _refuse_all_rows(filters: Filters) -> None:
    if filters is None or (isinstance(filters, list | tuple) and not filters):
        raise InvalidValue("filters", "is required: sqlalchemy.true() means every row")
