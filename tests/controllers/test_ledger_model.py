"""Any order of movements, joins and departures, compared with a dictionary."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import col

from tuxdb.controllers.movements import Movement
from tuxdb.database import Database
from tuxdb.errors import (
    BalanceLimit,
    Conflict,
    InsufficientPoints,
    InvalidTransfer,
    NotFound,
    TuxdbError,
)
from tuxdb.models import MAX_POINTS, User

PEOPLE = (1, 2, 3)
NOBODY = 9
who = some.sampled_from((*PEOPLE, NOBODY))
amounts = some.sampled_from((0, 1, 2, 3, 50, 100, MAX_POINTS - 1, MAX_POINTS))
guild_ids = count(1)


class LedgerAgainstModel(RuleBasedStateMachine):
    """Each call does what the model says, or is refused for the model's reason."""

    runner: asyncio.Runner
    db: Database

    def __init__(self) -> None:
        super().__init__()
        self.guild = next(guild_ids)
        self.balances: dict[int, int] = {}
        self.keys: dict[str, tuple[Any, ...]] = {}
        self.reversible: list[tuple[int, int | None, int | None, int]] = []
        self.entries = 0

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.runner.run(awaited())

    def expect(
        self,
        work: Callable[[], Awaitable[Any]],
        *refusals: tuple[bool, type[TuxdbError]],
    ) -> Movement | None:
        """Run a call; the first refusal whose condition holds must be its answer."""
        reason = next((kind for holds, kind in refusals if holds), None)
        if reason is not None:
            with pytest.raises(reason):
                self.run(work())
            return None
        self.entries += 1
        result: Movement = self.run(work())
        return result

    def move(self, sender: int | None, receiver: int | None, amount: int) -> None:
        if sender is not None:
            self.balances[sender] -= amount
        if receiver is not None:
            self.balances[receiver] += amount

    @rule(person=some.sampled_from(PEOPLE), points=some.sampled_from((0, 5, 100)))
    def join(self, person: int, points: int) -> None:
        if person in self.balances:
            return
        self.run(
            self.db.user.create(
                guild_id=self.guild, discord_id=person, username="x", points=points
            )
        )
        self.balances[person] = points
        self.entries += bool(points)

    @rule(person=some.sampled_from(PEOPLE))
    def leave(self, person: int) -> None:
        left = self.run(
            self.db.user.delete_where(
                [col(User.guild_id) == self.guild, col(User.discord_id) == person]
            )
        )
        assert left == (person in self.balances)
        self.entries += bool(self.balances.pop(person, 0))
        self.reversible = [
            entry for entry in self.reversible if person not in entry[1:3]
        ]

    @rule(sender=who, receiver=who, amount=amounts)
    def transfer(self, sender: int, receiver: int, amount: int) -> None:
        known = sender in self.balances and receiver in self.balances
        moved = self.expect(
            lambda: self.db.points.transfer(self.guild, sender, receiver, amount),
            (amount < 1 or sender == receiver, InvalidTransfer),
            (not known, NotFound),
            (self.balances.get(sender, 0) < amount, InsufficientPoints),
            (self.balances.get(receiver, 0) > MAX_POINTS - amount, BalanceLimit),
        )
        if moved is not None:
            self.move(sender, receiver, amount)
            self.remember(moved, sender, receiver, amount)

    @rule(person=who, amount=amounts)
    def grant(self, person: int, amount: int) -> None:
        moved = self.expect(
            lambda: self.db.points.grant(self.guild, person, amount),
            (amount < 1, InvalidTransfer),
            (person not in self.balances, NotFound),
            (self.balances.get(person, 0) > MAX_POINTS - amount, BalanceLimit),
        )
        if moved is not None:
            self.move(None, person, amount)
            self.remember(moved, None, person, amount)

    @rule(person=who, amount=amounts)
    def deduct(self, person: int, amount: int) -> None:
        moved = self.expect(
            lambda: self.db.points.deduct(self.guild, person, amount),
            (amount < 1, InvalidTransfer),
            (person not in self.balances, NotFound),
            (self.balances.get(person, 0) < amount, InsufficientPoints),
        )
        if moved is not None:
            self.move(person, None, amount)
            self.remember(moved, person, None, amount)

    @rule(person=who, balance=amounts)
    def set_balance(self, person: int, balance: int) -> None:
        same = self.balances.get(person) == balance
        moved = self.expect(
            lambda: self.db.points.set_balance(self.guild, person, balance),
            (person not in self.balances, NotFound),
        )
        if moved is not None:
            assert (moved.entry_id is None) == same
            self.entries -= same
            self.balances[person] = balance

    @precondition(lambda self: self.reversible)
    @rule(data=some.data())
    def reverse(self, data: Any) -> None:
        entry = data.draw(some.sampled_from(self.reversible))
        entry_id, sender, receiver, amount = entry
        spent = receiver is not None and self.balances[receiver] < amount
        full = sender is not None and self.balances[sender] > MAX_POINTS - amount
        moved = self.expect(
            lambda: self.db.points.reverse(entry_id),
            (spent, InsufficientPoints),
            (full, BalanceLimit),
        )
        if moved is not None:
            self.move(receiver, sender, amount)
            self.reversible.remove(entry)
            self.expect(lambda: self.db.points.reverse(entry_id), (True, Conflict))

    @rule(person=who, amount=some.integers(1, 3), key=some.sampled_from("ab"))
    def grant_with_key(self, person: int, amount: int, key: str) -> None:
        used = self.keys.get(key)
        moved = self.expect(
            lambda: self.db.points.grant(self.guild, person, amount, key=key),
            (used is not None and used != (person, amount), Conflict),
            (used is None and person not in self.balances, NotFound),
            (
                used is None and self.balances.get(person, 0) > MAX_POINTS - amount,
                BalanceLimit,
            ),
        )
        if moved is None:
            return
        assert moved.replayed == (used is not None)
        self.entries -= moved.replayed
        if not moved.replayed:
            self.keys[key] = (person, amount)
            self.move(None, person, amount)

    def remember(
        self, moved: Movement, sender: int | None, receiver: int | None, amount: int
    ) -> None:
        assert moved.entry_id is not None
        for side, person in ((moved.sender, sender), (moved.receiver, receiver)):
            assert (side is None) == (person is None)
            assert side is None or side.after == self.balances[side.discord_id]
        self.reversible.append((moved.entry_id, sender, receiver, amount))

    @invariant()
    def balances_are_those_of_the_model(self) -> None:
        users = self.run(self.db.user.find_users_by_guild(self.guild))
        assert {user.discord_id: user.points for user in users} == self.balances

    def teardown(self) -> None:
        report = self.run(self.db.points.verify(self.guild))
        assert report.mismatches == []
        assert (report.accounts, report.entries) == (len(self.balances), self.entries)


def test_the_ledger_does_what_a_dictionary_would(database_url: str) -> None:
    with asyncio.Runner() as runner:
        db = Database(database_url)
        LedgerAgainstModel.runner, LedgerAgainstModel.db = runner, db
        try:
            run_state_machine_as_test(
                LedgerAgainstModel,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=25,
                    deadline=None,
                    phases=[Phase.explicit, Phase.reuse, Phase.generate],
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(db.dispose())
