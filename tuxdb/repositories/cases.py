"""Statements about cases."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Table,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlmodel import col

from tuxdb.engine.statements import ENTITY, Executor
from tuxdb.models import Case, Guild
from tuxdb.repositories.base import Repository

GUILDS = Guild.__table__  # type: ignore[attr-defined]
CASES: Table = Case.__table__  # type: ignore[attr-defined]
TEMPORARY = ("ban", "timeout")
"""Types of cases that end at their time, and have to be lifted then."""
LONGEST_REASON = 2000


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

    def listed(
        self, guild_id: int, user_id: int | None, active: bool | None, kind: str | None
    ) -> dict[str, Any]:
        """What selects and orders the cases of a guild, newest first, for a page."""
        filters = [col(Case.guild_id) == guild_id]
        if user_id is not None:
            filters.append(col(Case.user_id) == user_id)
        if active is not None:
            filters.append(col(Case.is_active).is_(active))
        if kind is not None:
            filters.append(col(Case.case_type) == kind)
        return {"filters": filters, "order_by": col(Case.case_number).desc()}

    async def lock_guild(self, session: Executor, guild_id: int) -> None:
        """Have everybody else wait who opens a case in a guild."""
        guild = select(GUILDS.c.id).where(GUILDS.c.id == guild_id)
        await session.execute(guild.with_for_update(key_share=True))

    async def by_key(self, session: Executor, guild_id: int, key: str) -> Case | None:
        """The case that a key has opened."""
        rows = await self.find(
            session,
            filters=[
                col(Case.guild_id) == guild_id,
                col(Case.idempotency_key) == key,
            ],
            limit=1,
        )
        return rows[0] if rows else None

    async def lock(
        self, session: Executor, guild_id: int, case_number: int
    ) -> Case | None:
        """The case with a number, locked."""
        statement = self.select().where(*_numbered(guild_id, case_number))
        found: Case | None = (
            await session.scalars(statement.with_for_update())
        ).one_or_none()
        return found

    async def settle(
        self,
        session: Executor,
        guild_id: int,
        case_number: int,
        values: Mapping[str, Any],
        note: str | None,
    ) -> Case | None:
        """Change a case, no longer pending; a note is cut where there is no room."""
        changed: dict[str, Any] = {**values, "is_pending": False}
        if note is not None:
            noted = func.concat_ws("\n", col(Case.reason), literal(note, String))
            changed["reason"] = func.left(noted, LONGEST_REASON)
        return await self._change(session, guild_id, case_number, changed)

    async def waiting(
        self, session: Executor, older_than_seconds: float, limit: int
    ) -> list[Case]:
        """Cases that have been pending for long, the oldest first."""
        age = func.make_interval(0, 0, 0, 0, 0, 0, older_than_seconds)
        return await self.find(
            session,
            filters=[
                CASES.c.is_pending,  # as the predicate of the index has it
                col(Case.created_at) <= func.now() - age,
            ],
            order_by=col(Case.created_at),
            limit=limit,
        )

    async def expired(self, session: Executor, limit: int) -> list[Case]:
        """Active temporary cases whose time is over, the oldest first."""
        return await self.find(
            session, filters=_expired(), order_by=col(Case.expires_at), limit=limit
        )

    async def close_expired(self, session: Executor, limit: int) -> list[Case]:
        """Close such cases, those that nobody else is closing; each is closed once."""
        mine = (
            select(col(Case.id))
            .where(*_expired())
            .order_by(col(Case.expires_at))
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("mine")
        )
        statement = (
            update(Case)
            .where(col(Case.id).in_(select(mine.c.id)), col(Case.is_active))
            .values(is_active=False)
            .returning(Case)
            .execution_options(
                **{ENTITY: Case}, synchronize_session=False, populate_existing=True
            )
        )
        return list(await session.scalars(statement))

    async def close(
        self, session: Executor, guild_id: int, case_number: int
    ) -> Case | None:
        """Mark a case as no longer active; None if there is no such number."""
        closed = {"is_active": False}
        return await self._change(session, guild_id, case_number, closed)

    async def _change(
        self,
        session: Executor,
        guild_id: int,
        case_number: int,
        values: Mapping[str, Any],
    ) -> Case | None:
        statement = (
            update(Case)
            .where(*_numbered(guild_id, case_number))
            .values(**values)
            .returning(Case)
            .execution_options(
                **{ENTITY: Case},
                synchronize_session=False,
                populate_existing=True,
            )
        )
        found: Case | None = (await session.scalars(statement)).one_or_none()
        return found


def _numbered(guild_id: int, case_number: int) -> list[ColumnElement[bool]]:
    return [col(Case.guild_id) == guild_id, col(Case.case_number) == case_number]


def _expired() -> list[ColumnElement[bool]]:
    """By the database's clock, which is the same for all processes."""
    return [
        CASES.c.is_active,  # as the predicate of the index has it
        col(Case.expires_at).is_not(None),
        col(Case.expires_at) <= func.now(),
        ~col(Case.is_pending),
        col(Case.case_type).in_(TEMPORARY),
    ]
