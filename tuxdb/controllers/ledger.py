"""Ledger: the one way in which points move, whoever asks for it.

A movement is one statement, sent with an idempotency key. If the connection breaks,
the same key is sent again: that waits for the first attempt's locks and finds its
entry, where looking the key up would miss a commit that is still under way.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any, NoReturn

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
    Busy,
    DatabaseUnavailable,
    IdempotencyConflict,
    OutcomeUnknown,
    TuxdbError,
)
from tuxdb.models import EntryKind
from tuxdb.repositories.movements import DailyLimits
from tuxdb.repositories.points import PointsRepository

Before = Callable[[AsyncSession], Awaitable[object]]
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 3.0


class Ledger:
    """Moves points; each movement leaves an entry, and nothing moves without one."""

    entries = PointsRepository()

    def __init__(self, db: DatabaseService) -> None:
        self.db = db
        self._group = TransferGroup(db, self._alone)

    async def post(
        self,
        order: Order,
        *,
        before: Before | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Carry an order out: a Movement, a refusal, or OutcomeUnknown with its key.

        Refusals are InvalidTransfer, NotFound, InsufficientPoints, BalanceLimit,
        DailyLimit, AccountFrozen, AlreadyReversed and IdempotencyConflict; then
        nothing was changed. An answer comes within 30 s. `before` is done first, in
        the same transaction.
        """
        order.check()
        key = order.key or f"t:{token_hex(16)}"
        movement = await self._post(order, key, before, session)
        if order.key is None and movement.replayed:  # by an attempt of this very call
            return replace(movement, replayed=False)
        return movement

    async def _post(
        self,
        order: Order,
        key: str,
        before: Before | None,
        session: AsyncSession | None,
    ) -> Movement:
        joined = session or self.db.current_session()
        if joined is not None:
            await joined.flush()  # users whom the caller added come before
            return await self._after(before, joined, order, key)
        if order.kind is EntryKind.TRANSFER and before is None:
            return await self._group.submit(order, key)
        deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
        if before is None:
            return await self._alone(order, key, deadline, None)

        async def work(own: AsyncSession) -> Movement:
            return await self._after(before, own, order, key)

        return await settled(
            lambda: self.db.run_in_transaction(work), key, deadline, None
        )

    async def _after(
        self, before: Before | None, session: AsyncSession, order: Order, key: str
    ) -> Movement:
        if before is not None:
            await before(session)
        return await self._once(session, session, order, key)

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
        unbound = DailyLimits.WAIVED if order.waived else DailyLimits.NONE_SET
        rows = await self._send(write, order, key, unbound)
        if rows and rows[0].entry_id is not None:
            return moved(order, key, rows)
        prior = await self._prior(read, order, key, rows)
        if prior is not None:
            return prior
        if order.reverses is not None:
            await self._refuse_second_reversal(read, order.reverses)
        found = unmoved(order, key, rows)
        if found is not None:
            return found
        limited = rows[0].limited and order.kind is EntryKind.TRANSFER
        if limited and not order.waived:
            return await self._within_limits(write, read, order, key)
        return await self._broken_rule(read, order, rows)

    async def _within_limits(
        self, write: Executor, read: Executor, order: Order, key: str
    ) -> Movement:
        """Move where daily limits are set: lock first, so that no sum is too old."""
        if write is self.db.statements:
            return await self.db.run_in_transaction(
                lambda own: self._once(own, own, order, key)
            )
        rows = await self._send(write, order, key, DailyLimits.CHECKED)
        if rows[0].entry_id is not None:
            return moved(order, key, rows)
        return await self._broken_rule(read, order, rows)

    async def _send(
        self, write: Executor, order: Order, key: str, limits: DailyLimits
    ) -> Sequence[Row[Any]]:
        if order.balance is not None:
            return await self.entries.set_balance(write, order.values(key))
        return await self.entries.move(write, order.values(key), limits)

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
        left = deadline - loop.time()
        if left <= 0:
            raise (_unknown(key) if doubt else Busy("no time was left; nothing moved"))
        try:
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
