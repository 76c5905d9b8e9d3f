"""Seeds, applied under somebody's name and recorded in a change set."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb import seed
from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.recording import note_unrecorded, watched_rows
from tuxdb.engine.service import DatabaseService
from tuxdb.models import ChangeSet, Model
from tuxdb.seed import FakeReport, SeedReport


class SeedController:
    """Fills the database; what seed sets do can be undone like any change."""

    def __init__(self, db: DatabaseService) -> None:
        self.db = db

    async def apply(
        self,
        names: Sequence[str],
        author: Author,
        **options: Any,  # noqa: ANN401 - those of seed.apply
    ) -> list[SeedReport]:
        """Apply seed sets as `seed.apply` does, each row recorded."""
        async with self.db.transaction() as session:
            changeset = await self._begin(session, author)
            reports = await seed.apply(
                self.db,
                names,
                actor=author.actor,
                watch=partial(watched_rows, changeset=changeset),
                **options,
            )
            await _drop_if_empty(session, changeset)
        return reports

    async def fake(
        self,
        author: Author,
        **options: Any,  # noqa: ANN401 - those of seed.fake
    ) -> FakeReport:
        """Load fake data as `seed.fake` does; its rows are counted, not recorded.

        They are too many to be written down twice, and made up anyway.
        """
        async with self.db.transaction() as session:
            changeset = await self._begin(session, author)
            report = await seed.fake(self.db, actor=author.actor, **options)
            for item in report.items:
                if item.inserted:
                    table = Model.metadata.tables[item.table]
                    await note_unrecorded(session, table, item.inserted, changeset)
            await _drop_if_empty(session, changeset)
        return report

    async def _begin(self, session: AsyncSession, author: Author) -> ChangeSet:
        await prepare(session)
        return await begin(session, author)


async def _drop_if_empty(session: AsyncSession, changeset: ChangeSet) -> None:
    if not changeset.rows:
        await session.delete(changeset)
        await session.flush()
