"""Granting to, or deducting from, many users at once, as one previewed batch."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, begin, prepare
from tuxdb.bulk.inputs import lines, open_input
from tuxdb.bulk.literals import BadLiteral, read_literal
from tuxdb.bulk.problems import Problems
from tuxdb.bulk.readers import Record, read_records
from tuxdb.bulk.recording import note_insert
from tuxdb.controllers.guard import GuardController, Protection
from tuxdb.controllers.movements import check_text
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import Conflict, IdempotencyConflict, NotFound
from tuxdb.models import MAX_POINTS, EntryKind, PointsTransaction, User
from tuxdb.repositories.points import PointsRepository

LEDGER: Table = PointsTransaction.__table__  # type: ignore[attr-defined]
USERS: Table = User.__table__  # type: ignore[attr-defined]
USER, AMOUNT = "discord_id", "amount"
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
    rows: list[Paid]


Agree = Callable[[Payout, Protection], None]


def read_lines(name: str, amount: int | None, key: str | None = None) -> list[Line]:
    """Lines of a file with a column `discord_id`, and `amount` unless one is given.

    Each line's key is made of `key`, or else of the SHA-256 of the file, so that the
    same file never pays twice. Raises BadFile with all that is wrong.
    """
    problems = Problems(name)
    digest = hashlib.sha256()
    found: list[tuple[int, int, int]] = []
    with open_input(name) as source:
        texts = _hashed(lines(source, problems), digest)
        for record in read_records(name, texts, problems):
            found.extend(_line(record, amount, problems))
    problems.finish()
    mark = key or digest.hexdigest()
    check_text("key", mark, LONGEST_KEY)
    return [Line(n, who, much, f"f:{mark}:{n}") for n, who, much in found]


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
        _refuse_unknown(new, {row.line for row in rows}, guild_id)
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
        _refuse_limits(paid)
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


def _hashed(
    source: Iterator[tuple[int, str]], digest: "hashlib._Hash"
) -> Iterator[tuple[int, str]]:
    for number, text in source:
        digest.update(text.encode())
        yield number, text


def _line(
    record: Record, amount: int | None, problems: Problems
) -> list[tuple[int, int, int]]:
    wanted = [USER] if amount is not None else [USER, AMOUNT]
    values = [amount or 0]
    for name in wanted:
        text = record.values.get(name)
        try:
            if text is None:
                raise BadLiteral("missing")
            column = USERS.c[USER] if name == USER else LEDGER.c[AMOUNT]
            value = read_literal(text, column)
            if not 1 <= value <= (MAX_POINTS if name == AMOUNT else value):
                raise BadLiteral(f"not a whole number from 1 to {MAX_POINTS}")
        except BadLiteral as error:
            problems.add(record.line, name, f"the value is {error}")
            return []
        values.append(value)
    if amount is not None:
        return [(record.line, values[1], amount)]
    return [(record.line, values[1], values[2])]


def _refuse_unknown(batch: list[Line], found: set[int], guild_id: int) -> None:
    missing = [line for line in batch if line.number not in found]
    if missing:
        shown = [f"line {m.number}: {m.discord_id}" for m in missing[:SHOWN]]
        raise NotFound(
            "user",
            f"in guild {guild_id} for {len(missing)} lines; nothing was changed\n  "
            + "\n  ".join(shown),
        )


def _refuse_limits(rows: list[Paid]) -> None:
    refused = [row for row in rows if row.entry_id is None]
    if refused:
        shown = [
            f"line {row.line}: {row.username} would have {row.after}"
            for row in refused[:SHOWN]
        ]
        raise Conflict(
            f"{len(refused)} lines break a limit; nothing was changed\n  "
            + "\n  ".join(shown)
        )
