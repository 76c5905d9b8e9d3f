"""Moderation cases."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.controllers.base import BaseController
from tuxdb.models import Case
from tuxdb.models.validation import validated
from tuxdb.repositories.cases import CaseRepository

UNNUMBERED = 1
"""Stands in for the number while the other values are checked."""


class CaseController(BaseController[Case]):
    """Cases, numbered from 1 within each guild."""

    repository: CaseRepository = CaseRepository()

    async def create(
        self,
        joined: AsyncSession | None = None,
        /,
        *,
        session: AsyncSession | None = None,
        **values: Any,  # noqa: ANN401
    ) -> Case:
        """Open a case under the guild's next number; two at once get two numbers.

        A given `case_number` is kept, for moving cases over from another bot.
        """
        if "case_number" in values:
            return await super().create(joined, session=session, **values)
        checked = validated(Case, {**values, "case_number": UNNUMBERED})
        executor = self._writing(session or joined)
        return await self.repository.add_numbered(executor, checked)

    async def get_case(self, guild_id: int, case_number: int) -> Case | None:
        """The case with a number in a guild."""
        return await self.find_one(
            [col(Case.guild_id) == guild_id, col(Case.case_number) == case_number]
        )

    async def close(
        self,
        guild_id: int,
        case_number: int,
        *,
        session: AsyncSession | None = None,
    ) -> Case | None:
        """Mark a case as no longer active; None if there is no such number."""
        executor = self._writing(session)
        return await self.repository.close(executor, guild_id, case_number)
