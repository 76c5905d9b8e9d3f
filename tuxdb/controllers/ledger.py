"""Ledger: the one way in which points move, whoever asks for it.

A movement is one statement, sent with an idempotency key. If the connection breaks,
the same key is sent again: that waits for the first attempt's locks and finds its
entry, where looking the key up would miss a commit that is still under way.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn
from uuid import uuid4

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.grouping import (
    ANSWER_SECONDS,
    ATTEMPT_SECONDS,
    TransferGroup,
)
from tuxdb.controllers.movements import (
    Movement,
    Order,
    identity,
    moved,
    replayed,
    rule_against,
    unmoved,
)
from tuxdb.engine.service import DatabaseService
from tuxdb.engine.statements import Executor
from tuxdb.errors import (
    AlreadyReversed,
    DatabaseUnavailable,
    IdempotencyConflict,
    OutcomeUnknown,
    TuxdbError,
)
from tuxdb.models import EntryKind
from tuxdb.repositories.points import PointsRepository

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.0


class Ledger:
    """Moves points; each movement leaves an entry, and nothing moves without one."""

    entries = PointsRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._group = TransferGroup(db, self._alone)

    async def post(
        self, order: Order, *, session: AsyncSession | None = None
    ) -> Movement:
        """Carry an order out: a Movement, a refusal, or OutcomeUnknown with its key.

        Refusals are InvalidTransfer, NotFound, InsufficientPoints, BalanceLimit,
        DailyLimit, AccountFrozen, AlreadyReversed and IdempotencyConflict; then
        nothing was changed. An answer comes within 30 s.
        """
        order.check()
        key = order.key or f"t:{uuid4().hex}"
        joined = session or self.db.current_session()
        if joined is not None:
            return await self._once(joined, joined, order, key)
        if order.kind is EntryKind.TRANSFER:
            return await self._group.submit(order, key)
        deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
        return await self._alone(order, key, deadline, None)

    async def _alone(
        self, order: Order, key: str, deadline: float, doubt: Exception | None
    ) -> Movement:
        """Make one movement, in a statement of its own."""
        write, read = self.db.statements, self.db.reads
        return await settled(
            lambda: self._once(write, read, order, key), key, deadline, doubt
        )

    async def _once(
        self, write: Executor, read: Executor, order: Order, key: str
    ) -> Movement:
        send = self.entries.move if order.balance is None else self.entries.set_balance
        rows = await send(write, order.values(key))
        if rows and rows[0].entry_id is not None:
            return moved(order, key, rows)
        prior = await self._prior(read, order, key, rows)
        if prior is not None:
            return prior
        if order.reverses is not None:
            await self._refuse_second_reversal(read, order.reverses)
        found = unmoved(order, key, rows)
        return found or await self._broken_rule(read, order, rows)

    async def _refuse_second_reversal(self, read: Executor, entry_id: int) -> None:
        earlier = await self.entries.reversal_of(read, entry_id)
        if earlier is not None:
            raise AlreadyReversed(entry_id, earlier.id)

    async def _broken_rule(
        self, read: Executor, order: Order, rows: Sequence[Row[Any]]
    ) -> NoReturn:
        """Raise what a rule of the guild says against it."""
        sides = {identity(order, row): row for row in rows}
        sender, receiver = sides.get(order.sender), sides.get(order.receiver)
        rules = await self.entries.standing_rules(
            read,
            rows[0].guild_id,
            sender.id if sender else None,
            receiver.id if receiver else None,
        )
        raise rule_against(order, sender, receiver, rules)

    async def _prior(
        self, read: Executor, order: Order, key: str, rows: Sequence[Row[Any]]
    ) -> Movement | None:
        """What the same key did before, if it did anything."""
        guild_id = order.guild_id or (rows[0].guild_id if rows else None)
        if guild_id is None:
            return None
        entry = await self.entries.by_key(read, guild_id, key)
        if entry is None:
            return None
        if entry.request_hash != order.request_hash:
            raise IdempotencyConflict(key, entry.id)
        return replayed(entry, rows)


async def settled(
    attempt: Callable[[], Awaitable[Movement]],
    key: str,
    deadline: float,
    doubt: Exception | None,
) -> Movement:
    """Attempt a movement until its outcome is known, or the deadline is over.

    Once an attempt is in doubt, only an entry settles it: a later refusal is no
    proof, as the first attempt may still be on its way to the server. `doubt` says
    that there was an attempt before.
    """
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            left = max(0.0, deadline - loop.time())
            async with asyncio.timeout(min(ATTEMPT_SECONDS, left)):
                return await attempt()
        except (OutcomeUnknown, TimeoutError) as error:
            doubt = error
        except DatabaseUnavailable:
            if doubt is None:
                raise
        except TuxdbError as error:
            if doubt is None:
                raise
            raise _unknown(key) from error
        if loop.time() + pause >= deadline:
            raise _unknown(key) from doubt
        await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - not a secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _unknown(key: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the connection broke: the points may have moved (idempotency key {key})",
        key=key,
        hint=f"send the same again with --idempotency-key {key}",
    )
