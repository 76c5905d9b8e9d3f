"""One table of a change set taken back: rows restored, removed, or inserted again."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.catalogue import has_triggers
from tuxdb.bulk.failures import no_longer_deferred
from tuxdb.bulk.recording import INSERTED, inserted, removed_row
from tuxdb.bulk.references import Reference, references_to, referrer
from tuxdb.bulk.reversal import reverse_entries
from tuxdb.bulk.tables import LEDGER_TABLE, find_table, has_ledger, name_of
from tuxdb.bulk.tracking import (
    CHANGES,
    TOUCHED,
    Part,
    counted,
    locked_rows,
    recorded_as_left,
    row_hash,
    same_row,
    tracked_update,
    value_of,
)
from tuxdb.errors import Conflict
from tuxdb.models import ChangeSet
from tuxdb.repositories.points import PointsRepository

USERS, POINTS = "users", "points"


@dataclass(frozen=True)
class Touched:
    """A row that is not as the change set left it."""

    table: str
    row_key: dict[str, str]
    problem: str
    is_used: bool = False

    @property
    def key(self) -> str:
        """`guild_id 1  id 12`."""
        return "  ".join(f"{name} {value}" for name, value in self.row_key.items())


@dataclass(frozen=True)
class Step:
    """One table of a change set that is taken back.

    `columns` are all of the table's, in the order in which rows were hashed. What was
    inserted goes again only if no row of another table refers to it by now.
    """

    part: Part
    changeset: UUID
    number: int
    columns: tuple[str, ...]
    references: tuple[Reference, ...] = ()

    @classmethod
    async def of(
        cls,
        session: AsyncSession,
        changeset: UUID,
        number: int,
        described: dict[str, Any],
    ) -> "Step":
        """Find the table again; Conflict if it has other columns now."""
        table = await find_table(session, described["table"])
        columns = tuple(described["columns"])
        if set(table.c.keys()) != set(columns):
            raise Conflict(
                f"{described['table']} has other columns than when change set "
                f"{changeset} was made; nothing was undone"
            )
        part = Part(table, tuple(described["changed"]))
        references = tuple(await references_to(session, table))
        return cls(part, changeset, number, columns, references)

    async def touched(self, session: AsyncSession) -> list[Touched]:
        """Lock the rows, and list those that are not as they were left, or in use."""
        table = self.part.table
        key = [table.c[n] for n in self.part.key]
        rows = select(*key).join_from(table, CHANGES, self._same_row)
        locked = rows.where(self._mine).order_by(*key).with_for_update(of=table)
        await session.scalar(select(func.count()).select_from(locked.cte("locked")))
        here = key[0].is_not(None)
        expected = CHANGES.c.after.is_not(None)
        bad = or_(
            and_(expected, here, self._as_left.is_not(True)),
            and_(expected, here.is_(False)),
            and_(expected.is_(False), here),
            and_(here, self._in_use),
        )
        user = case((self._as_left, referrer(table, self.references)))
        statement = (
            select(CHANGES.c.row_key, here, expected, user)
            .select_from(CHANGES.outerjoin(table, self._same_row))
            .where(self._mine, bad)
            .order_by(CHANGES.c.id)
        )
        name = name_of(table)
        return [
            Touched(
                name,
                row_key,
                _problem(user, is_here=is_here, was_left=was_left),
                is_used=user is not None,
            )
            for row_key, is_here, was_left, user in await session.execute(statement)
        ]

    async def take_back(
        self, session: AsyncSession, undo: ChangeSet, number: int
    ) -> tuple[int, int]:
        """Put back the rows that are as they were left.

        How many there were, and how many of them triggers changed again.
        """
        if self.part.table.name == LEDGER_TABLE:
            mine = select(CHANGES.c.row_key["id"].astext).where(self._mine)
            return await reverse_entries(session, self.part, mine, undo, number), 0
        rows = await self._restore(session, undo.id, number)
        gone = self._removal(undo.id, number)
        rows += int(await session.scalar(gone) or 0)
        rows += await self._insert_again(session, undo, number)
        await no_longer_deferred(session)
        if not has_triggers(self.part.table, self.part.changed):
            return rows, 0
        await session.execute(recorded_as_left(self.part, undo.id, number))
        lost = await session.scalar(self._overruled(undo.id, number))
        return rows, int(lost or 0)

    @property
    def _mine(self) -> ColumnElement[bool]:
        return and_(
            CHANGES.c.changeset_id == self.changeset, CHANGES.c.part == self.number
        )

    @property
    def _same_row(self) -> ColumnElement[bool]:
        return same_row(self.part.table, self.part.key)

    @property
    def _as_left(self) -> ColumnElement[bool]:
        """The row is what the change made of it."""
        return row_hash(self.part.table, self.columns) == CHANGES.c.row_hash

    @property
    def _in_use(self) -> ColumnElement[bool]:
        """The row was inserted, and others refer to it."""
        if not self.references:
            return false()
        used = or_(*(r.refers_to(self.part.table) for r in self.references))
        return and_(CHANGES.c.before.is_(None), used)

    async def _restore(self, session: AsyncSession, undo: UUID, number: int) -> int:
        """Give changed rows the values that they had before."""
        table, before = self.part.table, CHANGES.c.before
        source = (
            select(table)
            .join_from(table, CHANGES, self._same_row)
            .where(
                self._mine,
                self._as_left,
                before.is_not(None),
                CHANGES.c.after.is_not(None),
            )
        )
        new = {n: value_of(before, table.c[n]) for n in self.part.changed}
        if not new:
            return 0
        locked = locked_rows(self.part, new, source)
        statement = tracked_update(self.part, locked, undo, number)
        return int((await session.execute(statement)).one().changed)

    def _removal(self, undo: UUID, number: int) -> Select[Any]:
        """Delete the rows that were inserted."""
        table = self.part.table
        gone = (
            delete(table)
            .where(self._mine, CHANGES.c.before.is_(None), self._same_row)
            .where(self._as_left, ~self._in_use)
            .returning(*removed_row(table, self.part.key))
            .cte("changed")
        )
        return counted(gone, undo, number)

    async def _insert_again(
        self, session: AsyncSession, undo: ChangeSet, number: int
    ) -> int:
        """Insert deleted rows; balances come back by way of the ledger."""
        table, before = self.part.table, CHANGES.c.before
        columns = [c for c in table.c if not c.info["generated"]]
        deleted = and_(self._mine, CHANGES.c.after.is_(None))
        if not await session.scalar(select(select(CHANGES).where(deleted).exists())):
            return 0
        balances = await self._balances(session)
        rows = (
            select(*(_again(column, balances) for column in columns))
            .select_from(CHANGES)
            .where(deleted, ~select(literal(1)).where(self._same_row).exists())
            .order_by(CHANGES.c.id.desc())
        )
        again = insert(table).from_select(
            [column.name for column in columns], rows, include_defaults=False
        )
        count = int((await session.execute(again)).rowcount)  # type: ignore[attr-defined]
        if not count:
            return 0
        if balances:
            reason, actor = undo.reason or "undo", undo.actor
            await PointsRepository().set_many(session, balances, reason[:500], actor)
            moment = value_of(before, table.c[TOUCHED])
            await session.execute(
                update(table).where(deleted, self._same_row).values({TOUCHED: moment})
            )
        rows = inserted(self.part, undo.id, number).join_from(
            table, CHANGES, self._same_row
        )
        await session.execute(
            insert(CHANGES).from_select(
                INSERTED, rows.where(deleted), include_defaults=False
            )
        )
        return count

    async def _balances(self, session: AsyncSession) -> dict[int, int]:
        """What deleted users had: an insert with points would be refused."""
        if self.part.table.name != USERS or not await has_ledger(session):
            return {}
        before = CHANGES.c.before
        points = cast(before[POINTS].astext, BigInteger)
        rows = await session.execute(
            select(cast(before["id"].astext, BigInteger), points).where(
                self._mine, CHANGES.c.after.is_(None), points > 0
            )
        )
        found: dict[int, int] = dict(rows.all())
        return found

    def _overruled(self, undo: UUID, number: int) -> Select[Any]:
        """How many rows did not become what they were before."""
        made = CHANGES.alias("made")
        return (
            select(func.count())
            .select_from(CHANGES.join(made, CHANGES.c.row_key == made.c.row_key))
            .where(
                self._mine,
                made.c.changeset_id == undo,
                made.c.part == number,
                CHANGES.c.before != made.c.after,
            )
        )


def _again(column: Column[Any], balances: dict[int, int]) -> ColumnElement[Any]:
    """A recorded value; a balance begins at nothing and is set by the ledger."""
    if balances and column.name == POINTS:
        return literal(0)
    return value_of(CHANGES.c.before, column)


def _problem(user: str | None, *, is_here: bool, was_left: bool) -> str:
    if not was_left:
        return "inserted again"
    if user is not None:
        return f"{user} refers to it"
    return "changed" if is_here else "deleted"
