"""Granting to, or deducting from, many users at once, as one previewed batch."""

import difflib
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.inputs import Input, in_thread, open_input
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import Rows, read_rows
from tuxdb.bulk.recording import note_insert
from tuxdb.controllers.changes import FREE_ROWS
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.movements import check_text
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, IdempotencyConflict, NotFound
from tuxdb.models import MAX_POINTS, MAX_SNOWFLAKE, EntryKind, PointsTransaction
from tuxdb.repositories.points import PointsRepository

LEDGER: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
USER, AMOUNT = "discord_id", "amount"
HIGHEST = (MAX_SNOWFLAKE, MAX_POINTS)
WHOLE = re.compile(r"[0-9]{1,19}")
SHOWN = 20
LONGEST_KEY = 80
"""The number of the line follows it in the key of an entry."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a batch: who gets, or loses, how much."""

    number: int
    discord_id: int
    amount: int
    key: str

    def request_hash(self, kind: EntryKind) -> str:
        """What ties the key to what the line says."""
        parts = [kind.value, self.discord_id, self.amount]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


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


@dataclass(frozen=True)
class Payout:
    """A batch that is made and not yet committed; `replayed` lines were made before."""

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


async def read_lines(
    name: str, amount: int | None, key: str | None = None
) -> list[Line]:
    """Lines of a file with a column `discord_id`, and `amount` unless one is given.

    Each line's key is made of `key`, or else of the SHA-256 of the file, so that the
    same file never pays twice. Raises BadFile with all that is wrong.
    """
    with open_input(name) as source:
        return await in_thread(source, partial(_read, source, amount, key))


def _read(source: Input, amount: int | None, key: str | None) -> list[Line]:
    problems = Problems(source.path)
    digest = source.digest = hashlib.sha256()
    rows = read_rows(source, problems)
    places = _places(rows, problems, amount)
    found = [
        _line(number, [cells[at] for at in places], problems)
        for number, cells in rows.rows
    ]
    problems.finish()
    mark = key or digest.hexdigest()
    check_text("key", mark, LONGEST_KEY)
    return [
        Line(number, user, amount or much, f"f:{mark}:{number}")
        for number, user, much in found
    ]


def _places(rows: Rows, problems: Problems, amount: int | None) -> list[int]:
    """Where the columns are that matter; further ones are a person's own notes."""
    if amount is not None and AMOUNT in rows.names:
        raise problems.fail(rows.line, "the file says amounts, and so does --amount")
    wanted = [USER] if amount is not None else [USER, AMOUNT]
    for column in wanted:
        if column not in rows.names:
            near = difflib.get_close_matches(column, rows.names, 1)
            also = f"; is it {near[0]!r}?" if near else ""
            raise problems.fail(rows.line, f"there is no column {column!r}{also}")
    return [rows.names.index(column) for column in wanted]


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
            payout = await self._pay(session, guild_id, kind, batch, author)
            if commit and payout.changed:
                if payout.guarded(protection):
                    protection.require_reason(author.reason)
                agree(payout, protection)
            else:
                await session.rollback()
        return payout

    async def _pay(
        self,
        session: AsyncSession,
        guild_id: int,
        kind: EntryKind,
        batch: list[Line],
        author: Author,
    ) -> Payout:
        check_text("reason", author.reason, 500)
        check_text("actor", author.actor, 100)
        new = await self._unpaid(session, guild_id, kind, batch)
        rows = await self.repository.pay_out(
            session,
            {
                "guild_id": guild_id,
                "lines": [line.number for line in new],
                "users": [line.discord_id for line in new],
                "amounts": [line.amount for line in new],
                "keys": [line.key for line in new],
                "hashes": [line.request_hash(kind) for line in new],
                "kind": kind.value,
                "reason": author.reason,
                "actor": author.actor,
            },
            burns=kind is EntryKind.DEDUCT,
        )
        found = {row.line for row in rows}
        missing = [line for line in new if line.number not in found]
        if missing:
            raise UnknownUsers(guild_id, missing)
        sign = -1 if kind is EntryKind.DEDUCT else 1
        paid = [
            Paid(
                row.line,
                row.discord_id,
                row.username,
                row.amount,
                row.after - sign * row.amount,
                row.after,
                row.entry_id,
            )
            for row in rows
        ]
        refused = [row for row in paid if row.entry_id is None]
        if refused:
            raise BeyondLimits(refused)
        changeset = None
        if paid:
            recorded = await begin(session, author)
            ids = [row.entry_id for row in paid if row.entry_id is not None]
            await note_insert(session, LEDGER, LEDGER.c.id.in_(ids), recorded)
            changeset = recorded.id
        return Payout(
            guild_id,
            kind.value,
            changeset,
            len(paid),
            len(batch) - len(new),
            sum(row.amount for row in paid),
            paid,
        )

    async def _unpaid(
        self,
        session: AsyncSession,
        guild_id: int,
        kind: EntryKind,
        batch: list[Line],
    ) -> list[Line]:
        """Lines without an entry; IdempotencyConflict if one paid something else.

        Who pays out the same file at the same time waits here for the end of the first.
        """
        users = sorted({line.discord_id for line in batch})
        await self.repository.lock_members(session, guild_id, users)
        paid = await self.repository.of_keys(
            session, guild_id, [line.key for line in batch]
        )
        for line in batch:
            entry = paid.get(line.key)
            if entry is not None and entry.request_hash != line.request_hash(kind):
                raise IdempotencyConflict(line.key, entry.id)
        return [line for line in batch if line.key not in paid]


def _line(number: int, cells: list[object], problems: Problems) -> tuple[int, int, int]:
    """A line's number, user and amount, 0 where none is in the file."""
    values = [0, 0]
    for at, cell in enumerate(cells):
        text = "" if cell is None else str(cell)
        highest = HIGHEST[at]
        value = int(text) if WHOLE.fullmatch(text) else 0
        if not 1 <= value <= highest:
            what = "empty" if not text else f"{text[:SHOWN]!r}"
            reason = f"{what} is not a whole number from 1 to {highest}"
            problems.add(number, (USER, AMOUNT)[at], reason)
        values[at] = value
    return number, values[0], values[1]


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


def _lines(found: Sequence[object]) -> str:
    return "1 line" if len(found) == 1 else f"{len(found)} lines"
