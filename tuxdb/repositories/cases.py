"""Statements about cases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlmodel import col

from tuxdb.engine.statements import ENTITY, Executor
from tuxdb.models import Case, Guild
from tuxdb.repositories.base import Repository

GUILDS = Guild.__table__  # type: ignore[attr-defined]


class CaseRepository(Repository[Case]):
    """Statements about `cases`."""

    async def add_numbered(self, session: Executor, values: Mapping[str, Any]) -> Case:
        """Insert a case under its guild's next number, in one statement.

        The guild's row is the counter, so two at once wait for each other and numbers
        have no gap while nobody rolls back. It goes on behind cases that came with
        numbers of their own, by whatever way.
        """
        guild_id = values["guild_id"]
        highest = select(func.max(col(Case.case_number))).where(
            col(Case.guild_id) == guild_id
        )
        counted = func.greatest(GUILDS.c.case_count, highest.scalar_subquery())
        row = select(literal(guild_id, BigInteger), literal(1, BigInteger))
        first = insert_or(Guild).from_select(
            ["id", "case_count"], row, include_defaults=False
        )
        counter = (
            first.on_conflict_do_update(
                index_elements=[col(Guild.id)],
                set_={"case_count": counted + 1},
            )
            .returning(col(Guild.case_count).label("case_number"))
            .cte("counter")
        )
        number = select(counter.c.case_number).scalar_subquery()
        statement = (
            insert(Case)
            .values(**{**values, "case_number": number})
            .returning(Case)
            .execution_options(**{ENTITY: Case})
        )
        added: Case = (await session.scalars(statement)).one()
        return added

    async def close(
        self, session: Executor, guild_id: int, case_number: int
    ) -> Case | None:
        """Mark a case as no longer active; None if there is no such number."""
        statement = (
            update(Case)
            .where(col(Case.guild_id) == guild_id, col(Case.case_number) == case_number)
            .values(is_active=False)
            .returning(Case)
            .execution_options(
                **{ENTITY: Case},
                synchronize_session=False,
                populate_existing=True,
            )
        )
        found: Case | None = (await session.scalars(statement)).one_or_none()
        return found
