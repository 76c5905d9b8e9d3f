"""Taking a change set back: row by row, only where nobody has changed it since."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Table,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, RowChange, begin, prepare, sample_of
from tuxdb.bulk.tables import LEDGER_TABLE, find_table
from tuxdb.bulk.tracking import (
    CHANGES,
    Part,
    as_texts,
    counted,
    row_hash,
    tracked_update,
    value_of,
)
from tuxdb.errors import Conflict, NotFound, Refused
from tuxdb.models import ChangeSet, EntryKind
from tuxdb.repositories.points import PointsRepository

SHOWN = 20
POINTS = "points"


@dataclass(frozen=True)
class Touched:
    """A row that is not as the change set left it."""

    table: str
    row_key: dict[str, str]
    problem: str


@dataclass(frozen=True)
class Undone:
    """What an undo does, as done and not yet committed."""

    undoes: UUID
    changeset: UUID
    changed: int
    left: list[Touched]
    sample: list[RowChange]


class RowsChanged(Conflict):
    """Rows of a change set were changed by somebody since; nothing was undone."""

    def __init__(self, changeset: UUID, touched: list[Touched]) -> None:
        rows = [f"{t.table} {_key(t.row_key)}: {t.problem}" for t in touched[:SHOWN]]
        more = f"\n  … {len(touched) - SHOWN} more" if len(touched) > SHOWN else ""
        super().__init__(
            f"{len(touched)} rows of change set {changeset} were changed since; "
            "nothing was undone\n  " + "\n  ".join(rows) + more,
            hint="--partial undoes the others",
            details={
                "rows": [{"table": t.table, "key": t.row_key} for t in touched[:SHOWN]]
            },
        )


async def apply_undo(
    session: AsyncSession, changeset_id: UUID, author: Author, *, partial: bool = False
) -> Undone:
    """Undo a change set in the session's transaction, which the caller ends.

    Raises RowsChanged where a row differs from what was recorded, unless `partial`.
    """
    await prepare(session)
    original = await session.get(ChangeSet, changeset_id, with_for_update=True)
    if original is None:
        raise NotFound("change set", changeset_id, hint="tuxdb changes list")
    undo = await begin(session, author, undoes=changeset_id)
    parts: list[dict[str, Any]] = []
    touched: list[Touched] = []
    if any(part.get("forgotten") for part in original.parts):
        raise Refused(f"the rows of change set {changeset_id} were forgotten for good")
    for number, described in reversed(list(enumerate(original.parts))):
        step = await _Step.of(session, changeset_id, number, described)
        found = await step.touched(session)
        if found and not partial:
            raise RowsChanged(changeset_id, found)
        touched.extend(found)
        rows = await step.take_back(session, undo.id, len(parts))
        parts.append(step.part.describe(rows))
    undo.parts = parts
    undo.rows = sum(part["rows"] for part in parts)
    await session.flush()
    sample = await sample_of(session, undo.id)
    return Undone(changeset_id, undo.id, undo.rows, touched, sample)


@dataclass(frozen=True)
class _Step:
    """One table of a change set that is taken back."""

    part: Part
    changeset: UUID
    number: int

    @classmethod
    async def of(
        cls,
        session: AsyncSession,
        changeset: UUID,
        number: int,
        described: dict[str, Any],
    ) -> "_Step":
        table = await find_table(session, described["table"])
        gone = [n for n in described["changed"] if n not in table.c]
        if table.c.keys() != described["columns"] or gone:
            raise Conflict(
                f"{table.name} has other columns than when change set {changeset} "
                "was made; nothing was undone"
            )
        return cls(Part(table, tuple(described["changed"])), changeset, number)

    @property
    def table(self) -> Table:
        return self.part.table

    @property
    def mine(self) -> ColumnElement[bool]:
        return and_(
            CHANGES.c.changeset_id == self.changeset, CHANGES.c.part == self.number
        )

    @property
    def same_row(self) -> ColumnElement[bool]:
        keys = CHANGES.c.row_key
        return and_(
            *(self.table.c[n] == value_of(keys, self.table.c[n]) for n in self.part.key)
        )

    @property
    def as_left(self) -> ColumnElement[bool]:
        """The row is what the change made of it."""
        return row_hash(self.table, self.table.c.keys()) == CHANGES.c.row_hash

    async def touched(self, session: AsyncSession) -> list[Touched]:
        """Lock the rows, and list those that are not as they were left."""
        key = [self.table.c[n] for n in self.part.key]
        rows = select(*key).join_from(self.table, CHANGES, self.same_row)
        locked = rows.where(self.mine).order_by(*key).with_for_update(of=self.table)
        await session.scalar(select(func.count()).select_from(locked.cte("locked")))
        here = key[0].is_not(None)
        expected = CHANGES.c.after.is_not(None)
        bad = or_(
            and_(expected, here, self.as_left.is_not(True)),
            and_(expected, here.is_(False)),
            and_(expected.is_(False), here),
        )
        statement = (
            select(CHANGES.c.row_key, here, expected)
            .select_from(CHANGES.outerjoin(self.table, self.same_row))
            .where(self.mine, bad)
            .order_by(CHANGES.c.id)
        )
        found = []
        for row_key, is_here, was_left in await session.execute(statement):
            problem = "changed" if is_here and was_left else "deleted"
            problem = "inserted again" if not was_left else problem
            found.append(Touched(self.table.fullname, row_key, problem))
        return found

    async def take_back(self, session: AsyncSession, undo: UUID, number: int) -> int:
        """Restore, delete or insert again the rows that are as they were left."""
        if self.table.name == LEDGER_TABLE:
            return await self._reverse(session, undo, number)
        counts = [
            int(await session.scalar(statement) or 0)
            for statement in (self._restore(undo, number), self._remove(undo, number))
        ]
        return sum(counts) + await self._insert_again(session, undo, number)

    def _restore(self, undo: UUID, number: int) -> Select[Any]:
        before = CHANGES.c.before
        new = [
            value_of(before, self.table.c[n]).label(f"new_{n}")
            for n in self.part.changed
        ]
        columns = [self.table.c[n] for n in (*self.part.key, *self.part.recorded)]
        locked = (
            select(*columns, *new)
            .join_from(self.table, CHANGES, self.same_row)
            .where(
                self.mine,
                self.as_left,
                before.is_not(None),
                CHANGES.c.after.is_not(None),
            )
            .cte("locked")
        )
        counts = tracked_update(self.part, locked, undo, number)
        return counts.with_only_columns(*list(counts.selected_columns)[1:])

    def _remove(self, undo: UUID, number: int) -> Select[Any]:
        inserted = and_(self.mine, CHANGES.c.before.is_(None), self.same_row)
        gone = (
            delete(self.table)
            .where(inserted, self.as_left)
            .returning(
                as_texts(self.table, self.part.key).label("row_key"),
                as_texts(self.table, self.table.c.keys()).label("before"),
                cast(null(), CHANGES.c.after.type).label("after"),
                cast(null(), CHANGES.c.row_hash.type).label("row_hash"),
            )
            .cte("changed")
        )
        return counted(gone, undo, number)

    async def _insert_again(
        self, session: AsyncSession, undo: UUID, number: int
    ) -> int:
        """Insert deleted rows; balances come back by way of the ledger."""
        names = [c.name for c in self.table.c if c.computed is None]
        values: list[ColumnElement[Any]] = [
            value_of(CHANGES.c.before, self.table.c[n]) for n in names
        ]
        balances = await self._balances(session)
        if balances:
            values[names.index(POINTS)] = literal(0)
        deleted = and_(self.mine, CHANGES.c.after.is_(None))
        absent = ~select(literal(1)).where(self.same_row).correlate(CHANGES).exists()
        rows = (
            select(*values)
            .select_from(CHANGES)
            .where(deleted, absent)
            .order_by(CHANGES.c.id.desc())
        )
        again = insert(self.table).from_select(names, rows, include_defaults=False)
        result: Any = await session.execute(again)
        if not result.rowcount:
            return 0
        await PointsRepository().set_many(session, balances, "undo")
        noted = select(
            literal(undo, UuidType),
            literal(number),
            as_texts(self.table, self.part.key),
            as_texts(self.table, self.table.c.keys()),
            row_hash(self.table, self.table.c.keys()),
        ).join_from(self.table, CHANGES, self.same_row)
        names = ["changeset_id", "part", "row_key", "after", "row_hash"]
        await session.execute(
            insert(CHANGES).from_select(
                names, noted.where(deleted), include_defaults=False
            )
        )
        return int(result.rowcount)

    async def _reverse(self, session: AsyncSession, undo: UUID, number: int) -> int:
        """Correct entries of the ledger, the last one first; they are never deleted."""
        entries = PointsRepository()
        ids = select(cast(CHANGES.c.row_key["id"].astext, BigInteger)).where(self.mine)
        made: list[int] = []
        for entry in await entries.find(
            session,
            filters=entries.column("id").in_(ids),
            order_by=entries.column("id").desc(),
        ):
            correction = {
                "sender": entry.to_user,
                "receiver": entry.from_user,
                "amount": entry.amount,
                "kind": EntryKind.REVERSE.value,
                "reason": "undo",
                "actor": None,
                "idempotency_key": f"u:{undo.hex}:{entry.id}",
                "request_hash": None,
                "reverses": entry.id,
            }
            rows = await entries.move(session, correction)
            if not rows or rows[0].entry_id is None:
                raise Conflict(
                    f"entry {entry.id} cannot be reversed: it was before, its user is "
                    "gone, or the points were spent; nothing was undone"
                )
            made.append(rows[0].entry_id)
        noted = select(
            literal(undo, UuidType),
            literal(number),
            as_texts(self.table, self.part.key),
            as_texts(self.table, self.table.c.keys()),
            row_hash(self.table, self.table.c.keys()),
        ).where(self.table.c.id.in_(made))
        names = ["changeset_id", "part", "row_key", "after", "row_hash"]
        await session.execute(
            insert(CHANGES).from_select(names, noted, include_defaults=False)
        )
        return len(made)

    async def _balances(self, session: AsyncSession) -> dict[int, int]:
        """What deleted users had: an insert with points would be refused."""
        if self.table.name != "users" or POINTS not in self.table.c:
            return {}
        before = CHANGES.c.before
        points = cast(before[POINTS].astext, BigInteger)
        rows = await session.execute(
            select(cast(before["id"].astext, BigInteger), points).where(
                self.mine, CHANGES.c.after.is_(None), points > 0
            )
        )
        return dict(rows.tuples().all())


def _key(row_key: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in row_key.items())
