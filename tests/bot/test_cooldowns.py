"""Cooldowns: rates, switched off, and changed while they run."""

import pytest

from tests.harness.cached import Clock
from tuxdb.bot.cooldowns import TRANSFER, Cooldowns, Rate
from tuxdb.bot.declined import Cooldown


@pytest.fixture
def cooldowns(clock: Clock) -> Cooldowns:
    return Cooldowns(clock=clock)


def test_a_sixth_transfer_within_half_a_minute_has_to_wait(
    cooldowns: Cooldowns, clock: Clock
) -> None:
    for _ in range(5):
        cooldowns.spend(TRANSFER, 1, 2)
        clock.now += 1

    with pytest.raises(Cooldown) as refused:
        cooldowns.spend(TRANSFER, 1, 2)

    assert refused.value.seconds == 25
    clock.now += 25
    cooldowns.spend(TRANSFER, 1, 2)


def test_a_refused_try_does_not_prolong_the_wait(
    cooldowns: Cooldowns, clock: Clock
) -> None:
    for _ in range(5):
        cooldowns.spend(TRANSFER, 1, 2)
    for _ in range(10):
        clock.now += 2.5
        with pytest.raises(Cooldown):
            cooldowns.spend(TRANSFER, 1, 2)

    clock.now += 5
    cooldowns.spend(TRANSFER, 1, 2)


def test_another_member_and_another_guild_are_counted_apart(
    cooldowns: Cooldowns,
) -> None:
    for _ in range(5):
        cooldowns.spend(TRANSFER, 1, 2)

    cooldowns.spend(TRANSFER, 1, 3)
    cooldowns.spend(TRANSFER, 9, 2)


def test_switched_off_nothing_waits(cooldowns: Cooldowns) -> None:
    cooldowns.enabled = False

    for _ in range(50):
        cooldowns.spend(TRANSFER, 1, 2)


def test_a_changed_rate_holds_at_once_for_those_who_wait(
    cooldowns: Cooldowns, clock: Clock
) -> None:
    for _ in range(5):
        cooldowns.spend(TRANSFER, 1, 2)
    cooldowns.rates[TRANSFER] = Rate(5, 3.0)
    clock.now += 4

    cooldowns.spend(TRANSFER, 1, 2)

    cooldowns.rates[TRANSFER] = Rate(1, 60.0)
    with pytest.raises(Cooldown):
        cooldowns.spend(TRANSFER, 1, 2)


def test_memory_does_not_grow_with_those_who_asked_once(
    cooldowns: Cooldowns,
) -> None:
    for user in range(12_000):
        cooldowns.spend(TRANSFER, 1, user)

    assert cooldowns.remembered == 10_000
