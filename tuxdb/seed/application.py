"""Applying seed sets, and telling which were applied."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from tuxdb.engine.service import DatabaseService
from tuxdb.models import Seed
from tuxdb.seed import records
from tuxdb.seed.library import Library, SeedSet
from tuxdb.seed.report import SeedReport, SeedStatus
from tuxdb.seed.shape import SEEDED, Batch, batches
from tuxdb.seed.upsert import Tally, Watch, unwatched, upsert

SEEDS: Table = Seed.__table__  # type: ignore[attr-defined]
FAKE = "fake "
"""Begins the names under which fake data is recorded."""


async def apply(
    db: DatabaseService,
    names: Sequence[str] = (),
    *,
    folder: Path | None = None,
    only_changed: bool = False,
    random_seed: int = 1,
    dry_run: bool = False,
    actor: str | None = None,
    watch: Watch = unwatched,
) -> list[SeedReport]:
    """Apply seed sets, all or nothing; without names the usual ones.

    Rows are found by their natural key; those that are as they should be stay
    untouched. Raises NotFound for an unknown name, UsageError for a bad file, Conflict
    for a row that the database cannot take, Refused on a protected database. `watch`
    is entered around each change of rows.
    """
    chosen = _library(db, folder).chosen(names)
    read = {seed: _read(seed, random_seed) for seed in chosen}
    async with db.transaction() as session:
        await records.refuse_protected(session)
        await records.lift_timeout(session)
        if only_changed:
            wanted = await _changed(session, chosen)
            read = {seed: read[seed] for seed in wanted}
        savepoint = await session.begin_nested()
        reports = await _applied(session, read, actor, watch)
        await (savepoint.rollback() if dry_run else savepoint.commit())
    return reports


async def status(
    db: DatabaseService, *, folder: Path | None = None
) -> list[SeedStatus]:
    """Every set and every seed that was applied, with its state."""
    library = _library(db, folder)
    async with db.read() as session:
        found = (await session.scalars(select(Seed).order_by(col(Seed.name)))).all()
    applied = {seed.name: seed for seed in found}
    states = [
        _state(seed, applied.pop(name, None), due=name in library.usual)
        for name, seed in library.sets.items()
    ]
    for name, record in applied.items():
        state = "applied" if name.startswith(FAKE) else "missing"
        states.append(
            SeedStatus(name, state, record.rows, record.updated_at, record.actor, None)
        )
    return states


def _library(db: DatabaseService, folder: Path | None) -> Library:
    return Library.of(db.settings) if folder is None else Library(folder)


def _read(seed: SeedSet, random_seed: int) -> list[Batch]:
    random = Random(random_seed)  # noqa: S311 - made-up data, the same each time
    return [batch for raw in seed.tables(random) for batch in batches(raw)]


async def _changed(session: AsyncSession, chosen: list[SeedSet]) -> list[SeedSet]:
    known = (
        await session.execute(select(col(Seed.name), col(Seed.content_hash)))
    ).all()
    hashes = dict(known)
    return [seed for seed in chosen if hashes.get(seed.name) != seed.content_hash]


async def _applied(
    session: AsyncSession,
    read: dict[SeedSet, list[Batch]],
    actor: str | None,
    watch: Watch,
) -> list[SeedReport]:
    """Apply table after table over all sets, so that parents come first."""
    chosen = col(Seed.name).in_([seed.name for seed in read])
    async with watch(session, SEEDS, chosen):
        for seed, found in read.items():
            rows = sum(len(batch.records) for batch in found)
            await records.claim(session, seed.name, seed.content_hash, rows, actor)
    tallies: dict[tuple[str, str], Tally] = {}
    for table in SEEDED:
        for seed, found in read.items():
            for batch in found:
                if batch.table.name == table:
                    tally = tallies.setdefault((seed.name, table), Tally())
                    reason = f"seed {seed.name}"
                    await upsert(
                        session, batch, tally, reason=reason, actor=actor, watch=watch
                    )
    order = list(read)
    names = [seed.name for seed in order]
    return [
        _report(name, table, tally)
        for (name, table), tally in sorted(
            tallies.items(), key=lambda item: names.index(item[0][0])
        )
    ]


def _report(name: str, table: str, tally: Tally) -> SeedReport:
    inserted, updated = len(tally.inserted), len(tally.updated)
    unchanged = tally.total - inserted - updated
    return SeedReport(name, table, inserted, updated, unchanged, tuple(tally.changes))


def _state(seed: SeedSet, record: Seed | None, *, due: bool) -> SeedStatus:
    if record is None:
        return SeedStatus(seed.name, "pending", None, None, None, seed.place, due)
    same = record.content_hash == seed.content_hash
    return SeedStatus(
        seed.name,
        "applied" if same else "changed",
        record.rows,
        record.updated_at,
        record.actor,
        seed.place,
        due and not same,
    )
