"""The calls about many rows that every noun has."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.joining import ModelController, ModelT
from tuxdb.errors import InvalidValue
from tuxdb.models.validation import plain_columns
from tuxdb.repositories import Filters, OrderBy, Page, PaginationResult
from tuxdb.repositories.bulk import (
    Rows,
    bulk_insert,
    bulk_update,
    bulk_upsert,
    grouped,
    refuse_twice,
)
from tuxdb.repositories.criteria import conditions

LARGEST_PAGE = 1000


class ManyRows(ModelController[ModelT]):
    """Lists, counts and pages; changes of many rows, all or none."""

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
        if type(page) is not int or page < 1:
            raise InvalidValue("page", "is not a whole number from 1 on")
        check_size("per_page", per_page)
        executor, where = self._reading(session), conditions(filters)
        items = await self.repository.find(
            executor,
            filters=where,
            order_by=order_by,
            limit=per_page,
            offset=(page - 1) * per_page,
        )
        total = await self.repository.count(executor, where)
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
        check_size("limit", limit)
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
        """Insert rows, or change those with the same `conflict` columns.

        Raises InvalidValue where two of the rows have the same.
        """
        unique = plain_columns(self.model, conflict, new=False)
        groups = list(grouped(self.model, rows, new=True))
        refuse_twice(groups, unique)

        async def work(own: AsyncSession) -> int:
            return sum(
                [await bulk_upsert(own, self.model, *group, unique) for group in groups]
            )

        return await self._in_transaction(session, work)

    async def bulk_update(
        self, rows: Rows, *, session: AsyncSession | None = None
    ) -> int:
        """Change rows, each a dict with its primary key; how many were there.

        All or none. Raises InvalidValue that names the row and the field.
        """
        groups = list(grouped(self.model, rows, new=False))
        refuse_twice(groups, [self.repository.key.name])

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
        if not checked:
            raise InvalidValue("values", "names no column to change")
        some = _not_all_rows(filters)
        return await self.repository.update_where(self._writing(session), some, checked)

    async def delete_where(
        self, filters: Filters, *, session: AsyncSession | None = None
    ) -> int:
        """Delete all rows that match; how many there were."""
        some = _not_all_rows(filters)
        return await self.repository.delete_where(self._writing(session), some)


def check_size(name: str, size: int) -> None:
    """Raise InvalidValue for a page that is too small or too large."""
    if type(size) is not int or not 1 <= size <= LARGEST_PAGE:
        raise InvalidValue(name, f"is not between 1 and {LARGEST_PAGE}")


def _not_all_rows(filters: Filters) -> Filters:
    found = conditions(filters)
    if not found:
        raise InvalidValue("filters", "is required: sqlalchemy.true() means every row")
    return found
