"""Statements about change sets."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from tuxdb.engine.statements import Executor
from tuxdb.models import Change, ChangeSet
from tuxdb.repositories.base import Repository
from tuxdb.repositories.pages import Page


class ChangeSetRepository(Repository[ChangeSet]):
    """Statements about `tuxdb_changeset`."""

    changes = Repository(Change)

    async def exists_at_all(self, session: Executor) -> bool:
        """Whether the tables of change sets are there."""
        found = await session.scalar(select(func.to_regclass(ChangeSet.__tablename__)))
        return found is not None

    async def page(
        self,
        session: Executor,
        *,
        table: str | None,
        actor: str | None,
        since: datetime | None,
        after: str | None,
        limit: int,
    ) -> Page[ChangeSet]:
        """Change sets, newest first."""
        filters: list[ColumnElement[bool]] = []
        if table is not None:
            named = func.jsonb_build_array(func.jsonb_build_object("table", table))
            filters.append(col(ChangeSet.parts).op("@>")(named))
        if actor is not None:
            filters.append(col(ChangeSet.actor) == actor)
        if since is not None:
            filters.append(col(ChangeSet.created_at) >= since)
        return await self.page_after(
            session,
            filters=filters,
            order_by=col(ChangeSet.created_at).desc(),
            after=after,
            limit=limit,
        )

    async def undone_by(self, session: Executor, ids: list[UUID]) -> dict[UUID, UUID]:
        """The change sets that undo others, by what they undo; the latest of each."""
        undoes = col(ChangeSet.undoes)
        rows = await session.execute(
            select(undoes, col(ChangeSet.id))
            .where(undoes.in_(ids))
            .order_by(col(ChangeSet.created_at))
        )
        return {undone: by for undone, by in rows.all() if undone is not None}

    async def rows(
        self, session: Executor, changeset: UUID, after: str | None, limit: int
    ) -> Page[Change]:
        """The rows of a change set in the order in which they were changed."""
        return await self.changes.page_after(
            session,
            filters=col(Change.changeset_id) == changeset,
            order_by=col(Change.id),
            after=after,
            limit=limit,
        )
