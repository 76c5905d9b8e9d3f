"""Changing many rows, previewed, attributed and undoable."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.batches import Committed, Progress, apply_in_batches
from tuxdb.bulk.changesets import (
    Author,
    RowChange,
    Summary,
    all_rows,
    in_order,
    prepare,
)
from tuxdb.bulk.plans import written_plan
from tuxdb.bulk.requests import Preview, Report, UpdateRequest
from tuxdb.bulk.undo import Undone, apply_undo
from tuxdb.bulk.update import apply, apply_update, prepare_update
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.revocable import Revocable, revocable
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import NotFound, OutcomeUnknown
from tuxdb.models import ChangeSet
from tuxdb.repositories import Page
from tuxdb.repositories.changesets import ChangeSetRepository

DoneT = TypeVar("DoneT", Preview, Undone)
RowLists = AsyncGenerator[list[RowChange]]

FREE_ROWS = 100
"""So many rows of a protected database change without its name and a reason."""


class Pending(Generic[DoneT]):
    """A change that is made and not yet committed; `done` says what it does."""

    def __init__(
        self, done: DoneT, protection: Protection, reason: str | None, work: Revocable
    ) -> None:
        self.done: DoneT = done
        self.protection = protection
        self._reason = reason
        self._work = work

    @property
    def guarded(self) -> bool:
        """Whether the database's name has to be typed for this."""
        return self.protection.protected and self.done.changed > FREE_ROWS

    def agree(self) -> None:
        """Have it committed at the end of the block; Refused if a reason is due."""
        if self.guarded:
            self.protection.require_reason(self._reason)
        if self.done.changed:
            self._work.keep()

    def rows(self) -> RowLists:
        """Every row that it changes, some at a time."""
        return _all_rows(self._work.session, self.done.changeset)


Agree = Callable[[str, int, Protection], None]
"""Takes table, rows and what the database is; raises Refused to have nothing done."""


class ChangesController:
    """Bulk updates and change sets, on tuxdb's tables and on any others."""

    repository = ChangeSetRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._guard = GuardController(db)

    @asynccontextmanager
    async def updating(
        self, request: UpdateRequest, report: Report | None = None
    ) -> AsyncIterator[Pending[Preview]]:
        """Change rows in one transaction, to be looked at before it is committed.

            async with db.changes.updating(request) as pending:
                print(pending.done.changed)
                pending.agree()

        Without `agree` everything is rolled back at the end of the block, after
        constraints and triggers have had their say.
        """

        async def work(session: AsyncSession) -> Preview:
            return await apply_update(session, request, report)

        async with self._pending(work, request.author) as pending:
            yield pending

    @asynccontextmanager
    async def undoing(
        self, changeset: UUID, author: Author, *, partial: bool = False
    ) -> AsyncIterator[Pending[Undone]]:
        """Put the rows of a change set back as they were; see `updating`.

        Raises RowsChanged, naming them, where rows were changed since; with `partial`
        these are left alone. An undo is a change set and can be undone.
        """

        async def work(session: AsyncSession) -> Undone:
            return await apply_undo(session, changeset, author, partial=partial)

        async with self._pending(work, author) as pending:
            yield pending

    async def update(self, request: UpdateRequest) -> Preview:
        """Change rows and commit; what was done."""
        async with self.updating(request) as pending:
            pending.agree()
        return pending.done

    async def undo(
        self, changeset: UUID, author: Author, *, partial: bool = False
    ) -> Undone:
        """Put the rows of a change set back and commit; see `undoing`."""
        async with self.undoing(changeset, author, partial=partial) as pending:
            pending.agree()
        return pending.done

    async def write_plan(
        self, request: UpdateRequest, path: Path, report: Report | None = None
    ) -> Preview:
        """Write what a request would change to a new file; nothing is changed.

        It is carried out and rolled back as well, so that a plan is known to work.
        """
        async with revocable(self.db) as work:
            await prepare(work.session)
            prepared = await prepare_update(work.session, request, report=report)
            reason = request.author.reason
            async with written_plan(work.session, prepared, path, reason):
                return await apply(work.session, prepared, request, report)

    async def update_in_batches(
        self,
        request: UpdateRequest,
        size: int,
        *,
        agree: Agree,
        committed: Committed,
        resume: UUID | None = None,
        report: Report | None = None,
    ) -> Progress:
        """Change very many rows, committing after each `size` of them.

        If it stops, `resume` with the id of the change set goes on where it stopped.
        """
        protection = await self._guard.protection()

        def agreed(table: str, rows: int) -> None:
            if protection.protected and rows > FREE_ROWS:
                protection.require_reason(request.author.reason)
            agree(table, rows, protection)

        async with self.db.held_session() as session:
            return await apply_in_batches(
                session,
                request,
                size,
                agree=agreed,
                committed=committed,
                resume=resume,
                report=report,
            )

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
        row = await self._require(changeset)
        undone = await self.repository.undone_by(self.db.reads, [row.id])
        return _summary(row, undone)

    async def rows(
        self, changeset: UUID, *, after: str | None = None, limit: int = 50
    ) -> Page[RowChange]:
        """The rows of a change set, before and after."""
        found = await self._require(changeset)
        page = await self.repository.rows(self.db.reads, changeset, after, limit)
        return Page([in_order(row, found) for row in page.items], page.next)

    async def every_row(self, changeset: UUID) -> RowLists:
        """All rows of a change set, some at a time."""
        async with (
            self.db.read() as session,
            aclosing(_all_rows(session, changeset)) as every,
        ):
            async for rows in every:
                yield rows

    async def _require(self, changeset: UUID) -> ChangeSet:
        reads = self.db.reads
        there = await self.repository.exists_at_all(reads)
        row = await self.repository.get_by_id(reads, changeset) if there else None
        if row is None:
            raise NotFound("change set", changeset, hint="tuxdb changes list")
        return row

    @asynccontextmanager
    async def _pending(
        self, work: Callable[[AsyncSession], Awaitable[DoneT]], author: Author
    ) -> AsyncIterator[Pending[DoneT]]:
        changeset: UUID | None = None
        try:
            async with revocable(self.db) as revoke:
                session = revoke.session
                protection = await self._guard.protection(session)
                done = await work(session)
                changeset = done.changeset
                yield Pending(done, protection, author.reason, revoke)
                if revoke.kept:  # is it still there, after all that time?
                    await session.execute(select(func.now()))
        except OutcomeUnknown as error:
            raise _doubt(changeset) from error


async def _all_rows(session: AsyncSession, changeset: UUID) -> RowLists:
    found = await session.get_one(ChangeSet, changeset)
    async with aclosing(all_rows(session, found)) as every:
        async for rows in every:
            yield rows


def _doubt(changeset: UUID | None) -> OutcomeUnknown:
    return OutcomeUnknown(
        "the connection broke during the commit: the change may have been made",
        hint=f"tuxdb changes show {changeset}",
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
