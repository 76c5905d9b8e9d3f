"""The calls about one row that every noun has."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.joining import ModelController, ModelT
from tuxdb.errors import InvalidValue, NotFound
from tuxdb.models.validation import plain_columns, validated, validated_change
from tuxdb.repositories import Filters, OrderBy


class OneRow(ModelController[ModelT]):
    """Creating, reading, changing and deleting a row."""

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

    async def find_one(
        self,
        filters: Filters = None,
        *,
        order_by: OrderBy = None,
        options: Sequence[Any] = (),
        session: AsyncSession | None = None,
    ) -> ModelT | None:
        """The first row that matches, or None."""
        rows = await self.repository.find(
            self._reading(session),
            filters=filters,
            order_by=order_by,
            limit=1,
            options=options,
        )
        return rows[0] if rows else None

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
        if not lookup:
            raise InvalidValue("lookup", "names no column")
        checked = validated(self.model, {**(defaults or {}), **lookup})
        wanted = validated_change(self.model, lookup)
        filters = [self.repository.column(name) == v for name, v in wanted.items()]
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
        unique = plain_columns(self.model, conflict, new=False)
        checked = validated(self.model, values)
        return await self.repository.upsert(self._writing(session), checked, unique)
