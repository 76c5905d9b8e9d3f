"""Granting to, or deducting from, the members of a role: for all of them, or nobody.

One key stands for the whole: each entry carries it with the member's number behind.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.bulk.changesets import Author, prepare
from tuxdb.controllers.enrolment import Enrolment
from tuxdb.controllers.movements import Movement, check_text, replayed
from tuxdb.controllers.payout_lines import LONGEST_KEY, Line
from tuxdb.controllers.payouts import BeyondLimits, PayoutController
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import (
    Conflict,
    IdempotencyConflict,
    InvalidTransfer,
    OutcomeUnknown,
)
from tuxdb.models import MAX_POINTS, MAX_SNOWFLAKE, EntryKind, PointsTransaction
from tuxdb.models.names import stored_name
from tuxdb.repositories.points import PointsRepository
from tuxdb.repositories.users import UserRepository

MOST = 10_000
"""So many members are paid at once."""
ATTEMPTS = 3
AT_ONCE = 1000
NAMED = 3

Person = tuple[int, str]
"""Discord id and name."""


class ManyRefused(Conflict):
    """Some of many could not be paid, or did not have enough; nothing was changed."""

    public = True

    def __init__(self, kind: EntryKind, names: Sequence[str]) -> None:
        some = ", ".join(names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        burns = kind is EntryKind.DEDUCT
        why = "would have less than nothing" if burns else "would go over the limit"
        super().__init__(
            f"{some}{more} {why}; nothing was changed",
            details={"names": list(names), "kind": kind.value},
        )
        self.kind, self.names = kind, tuple(names)


class _PaidBefore(Conflict):
    """The key has paid meanwhile: what was added to it is taken back."""


class ManyPayments:
    """Payments to many members, each in one transaction and under one key."""

    entries = PointsRepository()
    users = UserRepository()

    def __init__(self, db: DatabaseService, enrolment: Enrolment) -> None:
        self.db = db
        self._enrolment = enrolment
        self._payouts = PayoutController(db)

    async def pay(
        self,
        guild_id: int,
        kind: EntryKind,
        people: Sequence[Person],
        amount: int,
        *,
        author: Author,
        key: str | None,
    ) -> list[Movement]:
        """Pay all of them; the first result again if the key was used before.

        Members who were never seen are enrolled. Raises ManyRefused with all who
        stand against it, IdempotencyConflict if the key paid something else, and
        OutcomeUnknown with the key that settles it.
        """
        members = _checked(guild_id, people, amount)
        mark = key or f"b:{uuid4().hex}"
        check_text("key", mark, LONGEST_KEY)
        batch = [
            Line(number, user, amount, f"{mark}:{number}")
            for number, user in enumerate(sorted(members), 1)
        ]

        async def work(session: AsyncSession) -> list[Movement]:
            earlier = await self._made(session, guild_id, mark)
            if earlier:
                return _same(earlier, kind, amount, author, mark)
            await prepare(session)
            await self._enroll(session, guild_id, members, author)
            payout = await self._payouts.carry_out(
                session, guild_id, kind, batch, author
            )
            if payout.replayed:  # another attempt was faster, maybe for fewer members
                raise _PaidBefore("the key has paid meanwhile; nothing was changed")
            made = await self._made(session, guild_id, mark)
            return [replace(movement, replayed=False) for movement in made]

        try:
            return await self._settled(work, mark)
        except (_PaidBefore, BeyondLimits, IdempotencyConflict) as error:
            reading = self.db.current_session() or self.db.reads
            made = await self._made(reading, guild_id, mark)
            if made:
                return _same(made, kind, amount, author, mark)
            if not isinstance(error, BeyondLimits):
                raise
            raise ManyRefused(kind, [row.username for row in error.refused]) from error

    async def _settled(
        self, work: Callable[[AsyncSession], Awaitable[list[Movement]]], mark: str
    ) -> list[Movement]:
        """Run the work, again where its outcome is unknown: its key holds it to once.

        What is left of an earlier attempt holds its locks until it has ended.
        """
        for _ in range(ATTEMPTS):
            try:
                return await self.db.run_in_transaction(work)
            except OutcomeUnknown:
                continue
        raise OutcomeUnknown(
            f"the connection broke: the points may have moved (idempotency key {mark})",
            key=mark,
        )

    async def _enroll(
        self,
        session: AsyncSession,
        guild_id: int,
        members: dict[int, str],
        author: Author,
    ) -> None:
        known = await self.users.known(session, guild_id, sorted(members))
        for user, name in sorted(members.items()):
            if user not in known:
                await self._enrolment.enroll(
                    session, guild_id, user, name, actor=author.actor
                )

    async def _made(
        self, session: Executor, guild_id: int, mark: str
    ) -> list[Movement]:
        """What a key has paid; its entries are numbered without a gap."""
        entries: list[PointsTransaction] = []
        for first in range(1, MOST + 1, AT_ONCE):
            keys = [f"{mark}:{number}" for number in range(first, first + AT_ONCE)]
            found = await self.entries.of_batch(session, guild_id, keys)
            entries += found
            if len(found) < AT_ONCE:
                break
        ids = {i for entry in entries for i in (entry.from_user, entry.to_user) if i}
        people: Any = await self.users.get_members(session, sorted(ids))
        by_id = {user_id: [user] for user_id, user in people.items()}
        return [
            replayed(entry, by_id.get(entry.from_user or entry.to_user or 0, ()))
            for entry in entries
        ]


def _same(
    made: list[Movement], kind: EntryKind, amount: int, author: Author, mark: str
) -> list[Movement]:
    """What was made before, if it is what is asked for now."""
    first = made[0]
    wanted = (kind.value, amount, author.reason)
    if (first.kind, first.amount, first.reason) != wanted:
        raise IdempotencyConflict(mark, first.entry_id or 0)
    return made


def _checked(guild_id: int, people: Sequence[Person], amount: int) -> dict[int, str]:
    """Names by Discord id; InvalidTransfer for what could never be carried out."""
    for name, value, highest in (
        ("guild_id", guild_id, MAX_SNOWFLAKE),
        ("amount", amount, MAX_POINTS),
        *(("user", user, MAX_SNOWFLAKE) for user, _ in people),
    ):
        if type(value) is not int or not 1 <= value <= highest:
            raise InvalidTransfer(name, f"is not a whole number from 1 to {highest}")
    members = {user: stored_name(name, user) for user, name in people}
    if not members:
        raise InvalidTransfer("users", "names nobody")
    if len(members) > MOST:
        raise InvalidTransfer("users", f"are more than {MOST}")
    return members
