"""Movements of points: what is asked for, what came of it, and why not."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from tuxdb.errors import (
    AccountFrozen,
    BalanceLimit,
    Busy,
    Conflict,
    DailyLimit,
    InsufficientPoints,
    InvalidTransfer,
    NotFound,
    SelfTransfer,
    TuxdbError,
)
from tuxdb.models import MAX_POINTS, MAX_SNOWFLAKE, EntryKind, PointsTransaction


@dataclass(frozen=True)
class Side:
    """One user's part in a movement, with the balance before and after it."""

    user_id: int
    discord_id: int
    username: str
    before: int
    after: int


@dataclass(frozen=True)
class Movement:
    """Points that moved; a side that is None is the outside world."""

    entry_id: int | None
    guild_id: int
    kind: str
    sender: Side | None
    receiver: Side | None
    amount: int
    actor: str | None
    reason: str | None
    created_at: datetime | None
    idempotency_key: str | None
    replayed: bool = False


@dataclass(frozen=True)
class Order:
    """What is asked for. Users are Discord ids with a guild, `users.id` without."""

    kind: EntryKind
    guild_id: int | None = None
    sender: int | None = None
    receiver: int | None = None
    amount: int | None = None
    balance: int | None = None
    reason: str | None = None
    actor: str | None = None
    key: str | None = None
    reverses: int | None = None
    part_of: int | None = None
    """The amount asked for, where less will do and the amount is what there is."""
    waived: bool = False
    """By somebody who manages points, whom no daily limit binds."""

    def check(self) -> None:
        """Raise InvalidTransfer for what no balance could make possible."""
        for name in ("guild_id", "sender", "receiver"):
            _check_whole(name, getattr(self, name), 1, MAX_SNOWFLAKE)
        _check_whole("amount", self.amount, 1, MAX_POINTS)
        _check_whole("balance", self.balance, 0, MAX_POINTS)
        for name, longest in (("reason", 500), ("actor", 100), ("key", 100)):
            check_text(name, getattr(self, name), longest)
        if self.sender == self.receiver:
            raise SelfTransfer
        if self.amount is None and self.balance is None:
            raise InvalidTransfer("amount", "is missing")
        both = self.sender is not None and self.receiver is not None
        if self.kind is EntryKind.TRANSFER and not both:
            raise InvalidTransfer("receiver" if self.sender else "sender", "is missing")

    @property
    def request_hash(self) -> str:
        """What ties a key to its contents: SHA-256 of all that decides the entry."""
        parts = [
            self.kind,
            self.guild_id,
            self.sender,
            self.receiver,
            self.part_of or self.amount,
            self.balance,
            self.reason,
            self.reverses,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def values(self, key: str) -> dict[str, Any]:
        """The parameters of the repository's statements."""
        given: dict[str, Any] = {
            "sender": self.sender,
            "receiver": self.receiver,
            "amount": self.amount,
            "balance": self.balance,
            "kind": self.kind.value,
            "reason": self.reason,
            "actor": self.actor,
            "idempotency_key": key,
            "request_hash": self.request_hash,
            "reverses": self.reverses,
        }
        return given if self.guild_id is None else {**given, "guild_id": self.guild_id}


def moved(order: Order, key: str, rows: Sequence[Row[Any]]) -> Movement:
    """The movement that an order has led to, from the rows it locked."""
    by_key: dict[int | None, Row[Any]] = {identity(order, r): r for r in rows}
    first = rows[0]
    sender, receiver, amount = order.sender, order.receiver, order.amount
    if order.balance is not None:
        amount = abs(order.balance - first.points)
        lowered = order.balance < first.points
        sender, receiver = (receiver, None) if lowered else (None, receiver)
    return Movement(
        entry_id=first.entry_id,
        guild_id=first.guild_id,
        kind=order.kind.value,
        sender=_side(by_key.get(sender), -(amount or 0)),
        receiver=_side(by_key.get(receiver), amount or 0),
        amount=amount or 0,
        actor=order.actor,
        reason=order.reason,
        created_at=first.entered_at,
        idempotency_key=key,
    )


def _side(row: Row[Any] | None, change: int) -> Side | None:
    if row is None:
        return None
    after = row.points + change
    return Side(row.id, row.discord_id, row.username, row.points, after)


def replayed(entry: PointsTransaction, rows: Sequence[Row[Any]]) -> Movement:
    """The movement of an entry that was there already."""
    users = {row.id: row for row in rows}

    def side(user_id: int | None, after: int | None, change: int) -> Side | None:
        if user_id is None or after is None:
            return None
        row = users.get(user_id)
        discord_id, name = (row.discord_id, row.username) if row else (0, "(gone)")
        return Side(user_id, discord_id, name, after - change, after)

    return Movement(
        entry_id=entry.id,
        guild_id=entry.guild_id,
        kind=entry.kind,
        sender=side(entry.from_user, entry.from_balance, -entry.amount),
        receiver=side(entry.to_user, entry.to_balance, entry.amount),
        amount=entry.amount,
        actor=entry.actor,
        reason=entry.reason,
        created_at=entry.created_at,
        idempotency_key=entry.idempotency_key,
        replayed=True,
    )


def unmoved(order: Order, key: str, rows: Sequence[Row[Any]]) -> Movement | None:
    """Raise the reason why nothing moved; None where only a rule can be the reason.

    A balance that was right already is no reason, but a movement of nothing.
    """
    by_key = {identity(order, row): row for row in rows}
    for wanted in (order.sender, order.receiver):
        if wanted is not None and wanted not in by_key:
            raise _missing(order, wanted)
    if order.balance is not None and rows[0].points == order.balance:
        row = rows[0]
        side = Side(row.id, row.discord_id, row.username, row.points, row.points)
        return Movement(
            None, row.guild_id, order.kind.value, None, side, 0,
            order.actor, order.reason, None, key,
        )  # fmt: skip
    if len({row.guild_id for row in rows}) > 1:
        raise InvalidTransfer("receiver", "is in another guild")
    amount = order.amount or 0
    if order.sender is not None and by_key[order.sender].points < amount:
        row = by_key[order.sender]
        raise InsufficientPoints(row.username, row.guild_id, row.points, amount)
    return None


def _missing(order: Order, wanted: int) -> TuxdbError:
    if order.reverses is not None:
        problem = f"entry {order.reverses} cannot be reversed: its user is gone"
        return Conflict(problem, details={"entry_id": order.reverses})
    if order.guild_id is None:
        return NotFound("user", wanted, hint="tuxdb users list --guild ID")
    hint = f"tuxdb users list --guild {order.guild_id}"
    return NotFound("user", f"{wanted} in guild {order.guild_id}", hint=hint)


def rule_against(
    order: Order,
    sender: Row[Any] | None,
    receiver: Row[Any] | None,
    rules: Row[Any],
) -> TuxdbError:
    """The error for the rule of a guild that an order breaks."""
    amount = order.amount or 0
    against = _over_the_highest(order, receiver, amount, rules)
    if order.kind is EntryKind.TRANSFER:
        against = against or _against_members(order, sender, receiver, rules)
    return against or Busy("what it depends on has just changed; nothing moved")


def _over_the_highest(
    order: Order, receiver: Row[Any] | None, amount: int, rules: Row[Any]
) -> TuxdbError | None:
    if receiver is not None:
        after = order.balance
        after = receiver.points + amount if after is None else after
        if after > rules.max_balance:
            return BalanceLimit(
                receiver.username,
                receiver.guild_id,
                receiver.points,
                rules.max_balance,
            )
    return None


def _against_members(
    order: Order, sender: Row[Any] | None, receiver: Row[Any] | None, rules: Row[Any]
) -> TuxdbError | None:
    """What binds members among each other."""
    amount = order.amount or 0
    for row, frozen in (
        (sender, rules.sender_frozen),
        (receiver, rules.receiver_frozen),
    ):
        if row is not None and frozen:
            return AccountFrozen(row.username)
    for row, limit, used in (
        (sender, rules.daily_send, rules.sent),
        (receiver, rules.daily_receive, rules.received),
    ):
        broken = limit is not None and used > limit - amount
        if row is not None and broken and not order.waived:
            left = max(0, limit - used)
            return DailyLimit(row.username, left, limit, rules.day_end)
    return None


def identity(order: Order, row: Row[Any]) -> int | None:
    """The id by which an order names the user of a row."""
    return int(row.id if order.guild_id is None else row.discord_id)


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if value is None:
        return
    if type(value) is not int or not low <= value <= high:
        raise InvalidTransfer(name, f"is not a whole number from {low} to {high}")


def check_text(name: str, text: object, longest: int) -> None:
    """Raise InvalidTransfer for a text that an entry of the ledger cannot hold."""
    if text is None:
        return
    if not isinstance(text, str) or not text or len(text) > longest:
        raise InvalidTransfer(name, f"is not a text of 1 to {longest} characters")
    if "\0" in text or (not text.isprintable() and not _encodes(text)):
        raise InvalidTransfer(name, "holds what no text in PostgreSQL can")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
