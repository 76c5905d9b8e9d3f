"""Granting to, or deducting from, many users at once, as one previewed batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Row, Table, bindparam, func
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.recording import note_insert
from tuxdb.controllers.changes import FREE_ROWS
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.movements import check_text
from tuxdb.controllers.payout_lines import Line
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, IdempotencyConflict, NotFound
from tuxdb.models import EntryKind, PointsTransaction
from tuxdb.repositories.points import PointsRepository

LEDGER: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Paid:
    """One line as it was carried out."""

    line: int
    discord_id: int
    username: str
    amount: int
    before: int
    after: int
    entry_id: int | None
    replayed: bool = False


@dataclass(frozen=True)
class Payout:
    """A batch that is made and not yet committed.

    Of the items, `changed` are new, and `replayed` were carried out before.
    """

    guild_id: int
    kind: str
    changeset: UUID | None
    changed: int
    replayed: int
    total: int
    items: list[Paid]

    def guarded(self, protection: Protection) -> bool:
        """Whether the database's name has to be typed for it, and a reason given."""
        return protection.protected and self.changed > FREE_ROWS


Agree = Callable[[Payout, Protection], None]


class PayoutController:
    """Batches of grants and deductions; all of a batch, or nothing."""

    repository = PointsRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._guard = GuardController(db)

    async def pay(
        self,
        guild_id: int,
        kind: EntryKind,
        batch: list[Line],
        author: Author,
        agree: Agree,
        *,
        commit: bool = True,
    ) -> Payout:
        """Carry a batch out in one transaction; `agree` sees it before the commit.

        Lines that were paid before are passed over. Raises NotFound with the lines
        whose user is unknown, and Conflict with those that break a limit.
        """
        async with self.db.transaction() as session:
            await prepare(session)
            protection = await self._guard.protection(session)
            payout = await self.carry_out(session, guild_id, kind, batch, author)
            if commit and payout.changed:
                if payout.guarded(protection):
                    protection.require_reason(author.reason)
                agree(payout, protection)
            else:
                await session.rollback()
        return payout

    async def carry_out(
        self,
        session: AsyncSession,
        guild_id: int,
        kind: EntryKind,
        batch: list[Line],
        author: Author,
    ) -> Payout:
        """Enter a batch in the caller's transaction, and record its change set."""
        check_text("reason", author.reason, 500)
        check_text("actor", author.actor, 100)
        earlier = await self._earlier(session, guild_id, kind, batch)
        new = [line for line in batch if line.key not in earlier]
        paid = await self._enter(session, guild_id, kind, new, author)
        again = [_again(n, earlier[n.key], kind) for n in batch if n.key in earlier]
        return Payout(
            guild_id,
            kind.value,
            await self._record(session, paid, author),
            len(paid),
            len(again),
            sum(row.amount for row in paid),
            sorted([*paid, *again], key=attrgetter("line")),
        )

    async def _earlier(
        self,
        session: AsyncSession,
        guild_id: int,
        kind: EntryKind,
        batch: list[Line],
    ) -> dict[str, Row[Any]]:
        """Entries of the lines by key; IdempotencyConflict if one is another's.

        Who pays out the same file at the same time waits here for the end of the first.
        """
        users = sorted({line.discord_id for line in batch})
        await self.repository.lock_members(session, guild_id, users)
        keys = [line.key for line in batch]
        entries = await self.repository.of_keys(session, guild_id, keys)
        for line in batch:
            entry = entries.get(line.key)
            if entry is not None and entry.request_hash != line.request_hash(kind):
                raise IdempotencyConflict(line.key, entry.id)
        return entries

    async def _enter(
        self,
        session: AsyncSession,
        guild_id: int,
        kind: EntryKind,
        new: list[Line],
        author: Author,
    ) -> list[Paid]:
        given = {
            "guild_id": guild_id,
            "lines": [line.number for line in new],
            "users": [line.discord_id for line in new],
            "amounts": [line.amount for line in new],
            "keys": [line.key for line in new],
            "hashes": [line.request_hash(kind) for line in new],
            "kind": kind.value,
            "reason": author.reason,
            "actor": author.actor,
        }
        burns = kind is EntryKind.DEDUCT
        rows = await self.repository.pay_out(session, given, burns=burns)
        found = {row.line for row in rows}
        missing = [line for line in new if line.number not in found]
        if missing:
            raise UnknownUsers(guild_id, missing)
        paid = [_paid(row, kind) for row in rows]
        refused = [row for row in paid if row.entry_id is None]
        if refused:
            raise BeyondLimits(refused)
        return paid

    async def _record(
        self, session: AsyncSession, paid: list[Paid], author: Author
    ) -> UUID | None:
        if not paid:
            return None
        changeset = await begin(session, author)
        ids = bindparam("ids", [row.entry_id for row in paid], ARRAY(BigInteger))
        await note_insert(session, LEDGER, LEDGER.c.id == func.any(ids), changeset)
        return changeset.id


def _paid(row: Row[Any], kind: EntryKind) -> Paid:
    before = row.after - _signed(row.amount, kind)
    return Paid(
        row.line,
        row.discord_id,
        row.username,
        row.amount,
        before,
        row.after,
        row.entry_id,
    )


def _again(line: Line, entry: Row[Any], kind: EntryKind) -> Paid:
    """A line that was carried out before, with the balances of that time."""
    before = entry.balance - _signed(entry.amount, kind)
    return Paid(
        line.number,
        line.discord_id,
        entry.username or "(gone)",
        entry.amount,
        before,
        entry.balance,
        entry.id,
        replayed=True,
    )


def _signed(amount: int, kind: EntryKind) -> int:
    return -amount if kind is EntryKind.DEDUCT else amount


class UnknownUsers(NotFound):
    """Lines of a batch whose user is not in the guild; nothing was changed."""

    def __init__(self, guild_id: int, missing: list[Line]) -> None:
        where = f"in guild {guild_id} for {_lines(missing)}; nothing was changed"
        hint = f"tuxdb users list --guild {guild_id}"
        super().__init__("user", where, hint=hint)
        shown = missing[:SHOWN]
        self.lines = tuple(f"line {line.number}: {line.discord_id}" for line in shown)
        self.details = {"guild_id": str(guild_id), "lines": [m.number for m in shown]}


class BeyondLimits(Conflict):
    """Lines of a batch that a balance or a limit stands against; nothing changed."""

    def __init__(self, refused: list[Paid]) -> None:
        shown = refused[:SHOWN]
        super().__init__(
            f"beyond a limit: {_lines(refused)}; nothing was changed",
            details={"lines": [row.line for row in shown]},
            lines=[
                f"line {row.line}: {row.username} would have {row.after}"
                for row in shown
            ],
        )
        self.refused = tuple(refused)


def _lines(found: Sequence[object]) -> str:
    return "1 line" if len(found) == 1 else f"{len(found)} lines"
