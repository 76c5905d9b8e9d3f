"""The transaction that makes many transfers, each as if it were alone."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from tuxdb.controllers.movements import Movement, Order, Side, identity
from tuxdb.repositories.grouped import (
    COLUMNS,
    Values,
    enter,
    known_users,
    lock_users,
    used_keys,
)

PATIENCE_SECONDS = 1.0
"""So long a group waits for a lock, before it passes over locked rows."""


@dataclass(eq=False)
class Waiting:
    """A transfer that waits for its turn."""

    order: Order
    key: str
    answer: asyncio.Future[Movement]
    deadline: float
    doubt: Exception | None = None


@dataclass
class _Step:
    """What a group does: the entries to insert, and whose they are."""

    made: list[tuple[Waiting, int, Side, Side]] = field(default_factory=list)
    absent: list[Waiting] = field(default_factory=list)
    values: Values = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(
        self, waiting: Waiting, guild_id: int, sender: Side, receiver: Side
    ) -> None:
        """Have a transfer entered between two users, with their balances after it."""
        order = waiting.order
        self.made.append((waiting, guild_id, sender, receiver))
        entry = (
            guild_id,
            sender.user_id,
            receiver.user_id,
            order.amount,
            sender.after,
            receiver.after,
            order.reason,
            order.actor,
            waiting.key,
            order.request_hash,
        )
        for name, value in zip(COLUMNS, entry, strict=True):
            self.values[name].append(value)


@dataclass(frozen=True)
class Made:
    """What was made, and what was passed over as its users are locked."""

    movements: dict[Waiting, Movement]
    locked: set[Waiting]


def make(
    connection: Connection, group: list[Waiting], *, skip_locked: bool = False
) -> Made:
    """Enter what can be entered, in the connection's transaction.

    With `skip_locked` users are passed over whom somebody else has locked.
    """
    step = _Step()
    _plan(connection, group, step, skip_locked=skip_locked)
    entries = {}
    if step.made:
        entries = {row.idempotency_key: row for row in enter(connection, step.values)}
    movements = {
        waiting: _movement(waiting, guild_id, sender, receiver, entries[waiting.key])
        for waiting, guild_id, sender, receiver in step.made
    }
    locked = _locked(connection, step.absent) if skip_locked else set()
    return Made(movements, locked)


def _locked(connection: Connection, absent: list[Waiting]) -> set[Waiting]:
    """Those whose users are there, so that it must be a lock that hides them."""
    if not absent:
        return set()
    ids = [i for w in absent for i in (w.order.sender, w.order.receiver) if i]
    known = known_users(connection, absent[0].order.guild_id, ids)
    return {w for w in absent if {w.order.sender, w.order.receiver} <= known}


def _plan(
    connection: Connection, group: list[Waiting], step: _Step, *, skip_locked: bool
) -> None:
    """Work out balances one after the other, as if each were alone.

    What a rule of the guild stands against, or a balance, is left to run alone.
    """
    ids = [i for w in group for i in (w.order.sender, w.order.receiver) if i]
    rows = lock_users(
        connection,
        group[0].order.guild_id,
        ids,
        patience_seconds=PATIENCE_SECONDS,
        skip_locked=skip_locked,
    )
    users = {identity(group[0].order, row): row for row in rows}
    balances = {row.id: row.points for row in rows}
    guild_id: int = rows[0].guild_id if rows else 0
    given = [w.key for w in group if w.order.key is not None]
    taken = used_keys(connection, guild_id, given) if given and rows else set()
    for waiting in group:
        sender = users.get(waiting.order.sender)
        receiver = users.get(waiting.order.receiver)
        amount = waiting.order.amount or 0
        if sender is None or receiver is None:
            step.absent.append(waiting)
            continue
        if waiting.key in taken:
            continue
        plain = not (sender.special or receiver.special)
        if not plain or {sender.guild_id, receiver.guild_id} != {guild_id}:
            continue
        before = balances[sender.id], balances[receiver.id]
        if before[0] < amount or before[1] > receiver.highest - amount:
            continue
        taken.add(waiting.key)
        balances[sender.id] -= amount
        balances[receiver.id] += amount
        step.add(
            waiting,
            guild_id,
            _side(sender, before[0], -amount),
            _side(receiver, before[1], amount),
        )


def _side(row: Row[Any], before: int, change: int) -> Side:
    return Side(row.id, row.discord_id, row.username, before, before + change)


def _movement(
    waiting: Waiting, guild_id: int, sender: Side, receiver: Side, entry: Row[Any]
) -> Movement:
    order = waiting.order
    return Movement(
        entry_id=entry.id,
        guild_id=guild_id,
        kind=order.kind.value,
        sender=sender,
        receiver=receiver,
        amount=order.amount or 0,
        actor=order.actor,
        reason=order.reason,
        created_at=entry.created_at,
        idempotency_key=waiting.key,
    )
