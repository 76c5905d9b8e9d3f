"""Points: transfers, grants, deductions, reversals, freezes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from tuxdb.controllers.enrolment import Enrolment
from tuxdb.controllers.ledger import Ledger
from tuxdb.controllers.movements import Movement, Order
from tuxdb.controllers.points_reports import PointsReports
from tuxdb.engine.service import DatabaseService
from tuxdb.errors import InsufficientPoints, NotFound
from tuxdb.models import EntryKind, PointsTransaction

if TYPE_CHECKING:
    from tuxdb.controllers.freezes import Frozen


class PointsController(PointsReports):
    """Moving points. Users are named by Discord id within a guild."""

    def __init__(
        self,
        model: type[PointsTransaction] | DatabaseService | None = None,
        db: DatabaseService | None = None,
    ) -> None:
        super().__init__(model, db)
        self._ledger = Ledger(self.db)
        self._enrolment = Enrolment(self._ledger)

    async def transfer(
        self,
        guild_id: int,
        sender: int,
        receiver: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        create_missing: bool = False,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Move points between two users, or raise why not and change nothing.

        Raises InvalidTransfer, NotFound, InsufficientPoints, BalanceLimit, DailyLimit,
        AccountFrozen or IdempotencyConflict (all refusals), DatabaseUnavailable or
        Busy (nothing was changed), or OutcomeUnknown with the key that settles it.
        With `create_missing` an unseen receiver is enrolled, under its id for a name.
        """

        async def enroll(own: AsyncSession) -> None:
            name = str(receiver)
            user, new = await self._enrolment.enroll(
                own, guild_id, receiver, name, actor=actor
            )
            if new:
                await self._enrolment.record(own, user, actor, reason)

        order = Order(
            EntryKind.TRANSFER,
            guild_id,
            sender,
            receiver,
            amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        before = enroll if create_missing else None
        return await self._ledger.post(order, before=before, session=session)

    async def grant(
        self,
        guild_id: int,
        user: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Mint points for a user; refusals as for `transfer`."""
        order = Order(
            EntryKind.GRANT,
            guild_id,
            receiver=user,
            amount=amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._ledger.post(order, session=session)

    async def deduct(
        self,
        guild_id: int,
        user: int,
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        partial: bool = False,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Burn points of a user; refusals as for `transfer`.

        With `partial` a smaller balance is no refusal, but is taken as a whole.
        """
        order = Order(
            EntryKind.DEDUCT,
            guild_id,
            sender=user,
            amount=amount,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._take(order, partial=partial, session=session)

    async def grant_many(
        self,
        guild_id: int,
        users: Sequence[tuple[int, str]],
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> list[Movement]:
        """Mint points for each of many users, given by id and name: all, or none.

        In one transaction and under one key, used again for the first result. Unseen
        users are enrolled. Raises ManyRefused that names who would have too much.
        """
        author = (actor, reason)
        kind = EntryKind.GRANT
        return await self._pay(guild_id, kind, users, amount, author=author, key=key)

    async def deduct_many(
        self,
        guild_id: int,
        users: Sequence[tuple[int, str]],
        amount: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> list[Movement]:
        """Burn points of each of many users, as `grant_many` mints them."""
        author = (actor, reason)
        kind = EntryKind.DEDUCT
        return await self._pay(guild_id, kind, users, amount, author=author, key=key)

    async def _pay(
        self,
        guild_id: int,
        kind: EntryKind,
        users: Sequence[tuple[int, str]],
        amount: int,
        *,
        author: tuple[str | None, str | None],
        key: str | None,
    ) -> list[Movement]:
        from tuxdb.bulk.changesets import Author  # noqa: PLC0415 - loads change sets
        from tuxdb.controllers.many_payments import ManyPayments  # noqa: PLC0415

        payments = ManyPayments(self.db, self._enrolment)
        who = Author(f"points {kind.value}", *author)
        return await payments.pay(guild_id, kind, users, amount, author=who, key=key)

    async def set_balance(
        self,
        guild_id: int,
        user: int,
        balance: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Enter the difference to a balance; no entry where it is right already."""
        order = Order(
            EntryKind.SET,
            guild_id,
            receiver=user,
            balance=balance,
            actor=actor,
            reason=reason,
            key=key,
        )
        return await self._ledger.post(order, session=session)

    async def reverse(
        self,
        entry_id: int,
        *,
        guild_id: int | None = None,
        actor: str | None = None,
        reason: str | None = None,
        key: str | None = None,
        partial: bool = False,
        session: AsyncSession | None = None,
    ) -> Movement:
        """Correct an entry by one the other way round; AlreadyReversed the second time.

        Raises InsufficientPoints where the points were spent since, unless with
        `partial` what is left of them will do; and NotFound for another guild's.
        """
        entry = await self.get_by_id(entry_id, session=session)
        if entry is None or guild_id not in (None, entry.guild_id):
            raise NotFound("entry", entry_id, hint="tuxdb points history --guild ID")
        order = Order(
            EntryKind.REVERSE,
            sender=entry.to_user,
            receiver=entry.from_user,
            amount=entry.amount,
            actor=actor,
            reason=reason,
            key=key,
            reverses=entry.id,
        )
        return await self._take(order, partial=partial, session=session)

    async def freeze(
        self,
        guild_id: int,
        user: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        session: AsyncSession | None = None,
    ) -> "Frozen":
        """Keep a user from sending and receiving transfers, from now on."""
        from tuxdb.controllers import freezes  # noqa: PLC0415 - loads change sets

        async def work(own: AsyncSession) -> "Frozen":
            found = await self.balance(guild_id, user, session=own)
            return await freezes.freeze(own, found, actor, reason)

        return await self._in_transaction(session, work)

    async def unfreeze(
        self,
        guild_id: int,
        user: int,
        *,
        actor: str | None = None,
        reason: str | None = None,
        session: AsyncSession | None = None,
    ) -> "Frozen":
        """Allow a user transfers again."""
        from tuxdb.controllers import freezes  # noqa: PLC0415 - loads change sets

        async def work(own: AsyncSession) -> "Frozen":
            found = await self.balance(guild_id, user, session=own)
            return await freezes.unfreeze(own, found, actor, reason)

        return await self._in_transaction(session, work)

    async def _take(
        self, order: Order, *, partial: bool, session: AsyncSession | None
    ) -> Movement:
        """Post an order; with `partial`, of as much as the sender has."""
        wanted = order.amount
        while True:
            try:
                return await self._ledger.post(order, session=session)
            except InsufficientPoints as error:
                if not partial or not error.balance:
                    raise
                order = replace(order, amount=error.balance, part_of=wanted)
