"""Changing many rows, previewed, attributed and undoable."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.batches import Progress, Report, apply_in_batches
from tuxdb.bulk.changesets import SAMPLE, Author, RowChange, Summary, prepare
from tuxdb.bulk.plans import prepare_plan, write_plan
from tuxdb.bulk.undo import Undone, apply_undo
from tuxdb.bulk.update import Preview, UpdateRequest, apply, apply_update
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import NotFound
from tuxdb.models import ChangeSet
from tuxdb.repositories import Page
from tuxdb.repositories.changesets import ChangeSetRepository

Approve = Callable[[Preview | Undone, Protection], None]
"""Looks at what was done and is not yet committed; raises Refused to have it undone."""


@dataclass(frozen=True)
class Outcome:
    """A change that was made, or was made and rolled back."""

    table: str
    matched: int
    changed: int
    unchanged: int
    changeset: UUID | None
    committed: bool
    sample: list[RowChange]


class ChangesController:
    """Bulk updates and change sets, on tuxdb's tables and on any others."""

    repository = ChangeSetRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._guard = GuardController(db)

    async def update(
        self, request: UpdateRequest, approve: Approve, *, commit: bool = True
    ) -> Outcome:
        """Change rows in one transaction; `approve` sees them before the commit.

        With `commit=False` everything is done and rolled back, so that constraints and
        triggers have had their say.
        """
        async with self.db.transaction() as session:
            protection = await self._guard.protection(session)
            preview = await apply_update(session, request)
            return await self._end(
                session, preview, request.author, protection, approve, commit=commit
            )

    async def write_plan(self, request: UpdateRequest, path: Path) -> Outcome:
        """Write what a request would change to a new file; nothing is changed.

        It is carried out and rolled back as well, so that a plan is known to work.
        """
        async with self.db.transaction() as session:
            await prepare(session)
            prepared = await write_plan(session, request, path)
            preview = await apply(
                session,
                prepared,
                request.author,
                max_rows=request.max_rows,
                sample=request.sample,
            )
            await session.rollback()
        return _outcome(preview, committed=False)

    async def apply_plan(
        self,
        path: str,
        author: Author,
        approve: Approve,
        *,
        max_rows: int,
        sample: int | None = SAMPLE,
        commit: bool = True,
    ) -> Outcome:
        """Apply exactly what a plan says, or nothing if a row has changed since."""
        async with self.db.transaction() as session:
            await prepare(session)
            protection = await self._guard.protection(session)
            prepared, author = await prepare_plan(session, path, author)
            preview = await apply(
                session, prepared, author, max_rows=max_rows, sample=sample
            )
            return await self._end(
                session, preview, author, protection, approve, commit=commit
            )

    async def update_in_batches(
        self,
        request: UpdateRequest,
        size: int,
        report: Report,
        *,
        resume: UUID | None = None,
    ) -> Progress:
        """Change very many rows, committing after each `size` of them.

        If it stops, `resume` with the id of the change set goes on where it stopped.
        """
        protection = await self._guard.protection()
        protection.require_reason(request.author.reason)
        async with self.db.held_session() as session:
            return await apply_in_batches(session, request, size, report, resume=resume)

    async def undo(
        self,
        changeset: UUID,
        author: Author,
        approve: Approve,
        *,
        partial: bool = False,
        commit: bool = True,
    ) -> Undone:
        """Put the rows of a change set back as they were before it.

        Raises RowsChanged, naming them, where rows were changed since; with `partial`
        these are left alone. An undo is a change set and can be undone.
        """
        async with self.db.transaction() as session:
            protection = await self._guard.protection(session)
            protection.require_reason(author.reason)
            undone = await apply_undo(session, changeset, author, partial=partial)
            if commit:
                approve(undone, protection)
            else:
                await session.rollback()
            return undone

    async def list(
        self,
        *,
        table: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[Summary]:
        """Change sets, newest first."""
        reads = self.db.reads
        if not await self.repository.exists_at_all(reads):
            return Page([])
        page = await self.repository.page(
            reads, table=table, actor=actor, since=since, after=after, limit=limit
        )
        undone = await self.repository.undone_by(reads, [row.id for row in page.items])
        return Page([_summary(row, undone) for row in page.items], page.next)

    async def get(self, changeset: UUID) -> Summary:
        """One change set; NotFound if there is none."""
        reads = self.db.reads
        there = await self.repository.exists_at_all(reads)
        row = await self.repository.get_by_id(reads, changeset) if there else None
        if row is None:
            raise NotFound("change set", changeset, hint="tuxdb changes list")
        return _summary(row, await self.repository.undone_by(reads, [row.id]))

    async def rows(
        self, changeset: UUID, *, after: str | None = None, limit: int = 50
    ) -> Page[RowChange]:
        """The rows of a change set, before and after."""
        await self.get(changeset)
        page = await self.repository.rows(self.db.reads, changeset, after, limit)
        rows = [RowChange(row.row_key, row.before, row.after) for row in page.items]
        return Page(rows, page.next)

    async def _end(
        self,
        session: AsyncSession,
        preview: Preview,
        author: Author,
        protection: Protection,
        approve: Approve,
        *,
        commit: bool,
    ) -> Outcome:
        if commit and preview.changed:
            protection.require_reason(author.reason)
            approve(preview, protection)
        else:
            await session.rollback()
        return _outcome(preview, committed=commit and bool(preview.changed))


def _outcome(preview: Preview, *, committed: bool) -> Outcome:
    return Outcome(
        preview.table,
        preview.matched,
        preview.changed,
        preview.unchanged,
        preview.changeset if committed else None,
        committed,
        preview.sample,
    )


def _summary(row: ChangeSet, undone: dict[UUID, UUID]) -> Summary:
    return Summary(
        id=row.id,
        created_at=row.created_at,
        command=row.command,
        tables=", ".join(sorted({part["table"] for part in row.parts})),
        rows=row.rows,
        actor=row.actor,
        reason=row.reason,
        undoes=row.undoes,
        undone_by=undone.get(row.id),
        complete=row.progress is None,
    )
