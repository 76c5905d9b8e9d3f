"""Transfers that are made together, by one statement, each as if it were alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from tuxdb.controllers.movements import Movement, Order, Side
from tuxdb.engine.statements import Executor
from tuxdb.engine.translate import ConstraintViolation
from tuxdb.repositories.grouped import known_users, make_transfers, used_keys

PATIENCE = "1000"
"""So many milliseconds a group waits for a lock, before it passes over locked rows."""


@dataclass(eq=False)
class Waiting:
    """A transfer that waits for its turn."""

    order: Order
    key: str
    answer: asyncio.Future[Movement]
    deadline: float
    doubt: Exception | None = None


@dataclass(frozen=True)
class Made:
    """What was made, and what was passed over as its users are locked."""

    movements: dict[Waiting, Movement]
    locked: set[Waiting]


async def make(
    write: Executor,
    read: Executor,
    group: Sequence[Waiting],
    *,
    skip_locked: bool = False,
) -> Made:
    """Make what can be made for sure, in one statement.

    With `skip_locked` users are passed over whom somebody else has locked. What a
    rule of the guild stands against, a balance or a key that was used before, is left
    to be made alone.
    """
    first_of = {waiting.key: waiting for waiting in reversed(group)}
    together = [w for w in group if first_of[w.key] is w]
    try:
        rows = await make_transfers(write, _values(together), skip_locked=skip_locked)
    except ConstraintViolation:
        if not (together := await _unused(read, together)):
            return Made({}, set())
        rows = await make_transfers(write, _values(together), skip_locked=skip_locked)
    movements: dict[Waiting, Movement] = {}
    absent: list[Waiting] = []
    for waiting, row in zip(together, rows, strict=True):
        if row.entry_id is not None:
            movements[waiting] = _movement(waiting, row)
        elif row.sender_id is None or row.receiver_id is None:
            absent.append(waiting)
    locked = await _locked(read, absent) if skip_locked and absent else set()
    return Made(movements, locked)


def _values(group: Sequence[Waiting]) -> dict[str, Any]:
    orders = [waiting.order for waiting in group]
    senders = [order.sender for order in orders]
    receivers = [order.receiver for order in orders]
    values = {
        "ids": list({*senders, *receivers}),
        "patience": PATIENCE,
        "sender": senders,
        "receiver": receivers,
        "amount": [order.amount for order in orders],
        "reason": [order.reason for order in orders],
        "actor": [order.actor for order in orders],
        "key": [waiting.key for waiting in group],
        "hash": [order.request_hash for order in orders],
    }
    guild_id = orders[0].guild_id
    return values if guild_id is None else {**values, "guild_id": guild_id}


async def _unused(read: Executor, group: Sequence[Waiting]) -> list[Waiting]:
    """Those whose keys no entry carries.

    To look at the keys first would cost every group another reading of the ledger;
    a key that comes again is rare.
    """
    guild_id = group[0].order.guild_id
    used = await used_keys(read, guild_id, [waiting.key for waiting in group])
    return [waiting for waiting in group if waiting.key not in used]


async def _locked(read: Executor, absent: Sequence[Waiting]) -> set[Waiting]:
    """Those whose users are there, so that it must be a lock that hides them."""
    ids = [i for w in absent for i in (w.order.sender, w.order.receiver) if i]
    known = await known_users(read, absent[0].order.guild_id, ids)
    return {w for w in absent if {w.order.sender, w.order.receiver} <= known}


def _movement(waiting: Waiting, row: Row[Any]) -> Movement:
    order = waiting.order
    amount = order.amount or 0
    given, taken = row.from_balance, row.to_balance
    return Movement(
        entry_id=row.entry_id,
        guild_id=row.guild_id,
        kind=order.kind.value,
        sender=Side(
            row.sender_id,
            row.sender_discord_id,
            row.sender_username,
            given + amount,
            given,
        ),
        receiver=Side(
            row.receiver_id,
            row.receiver_discord_id,
            row.receiver_username,
            taken - amount,
            taken,
        ),
        amount=amount,
        actor=order.actor,
        reason=order.reason,
        created_at=row.created_at,
        idempotency_key=waiting.key,
    )
