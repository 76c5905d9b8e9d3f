"""The breaker: when it opens, who may try, what closes it."""

import pytest

from tests.harness.cached import Clock
from tuxdb.bot.breaker import Breaker
from tuxdb.errors import DatabaseUnavailable, NotFound


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    """A breaker that has opened just now."""
    breaker = Breaker(failures=3, open_seconds=5, clock=clock)
    for _ in range(3):
        breaker.failed()
    return breaker


async def test_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = Breaker(failures=3, open_seconds=5, clock=clock)

    for _ in range(3):
        assert not breaker.is_open
        with pytest.raises(DatabaseUnavailable):
            async with breaker:
                raise DatabaseUnavailable("no socket")

    assert breaker.is_open
    with pytest.raises(DatabaseUnavailable, match="not reachable"):
        async with breaker:
            pytest.fail("nobody gets in")


async def test_what_is_no_outage_counts_not(clock: Clock) -> None:
    breaker = Breaker(failures=1, clock=clock)

    with pytest.raises(NotFound):
        async with breaker:
            raise NotFound("case", 5)

    assert not breaker.is_open


def test_a_success_in_between_begins_the_count_anew(clock: Clock) -> None:
    breaker = Breaker(failures=2, clock=clock)

    breaker.failed()
    breaker.succeeded()
    breaker.failed()

    assert not breaker.is_open


def test_after_its_time_one_alone_may_try(breaker: Breaker, clock: Clock) -> None:
    clock.now = 5.0

    breaker.admit()
    with pytest.raises(DatabaseUnavailable):
        breaker.admit()
    breaker.succeeded()

    breaker.admit()
    assert not breaker.is_open


def test_a_probe_that_fails_opens_it_for_longer(breaker: Breaker, clock: Clock) -> None:
    clock.now = 5.0
    breaker.admit()

    breaker.failed()

    clock.now = 9.9
    with pytest.raises(DatabaseUnavailable):
        breaker.admit()
    assert breaker.opened == 1


def test_a_probe_that_vanishes_is_followed_by_another(
    breaker: Breaker, clock: Clock
) -> None:
    clock.now = 5.0
    breaker.admit()

    clock.now = 10.0

    breaker.admit()


def test_it_can_be_opened_at_once(clock: Clock) -> None:
    breaker = Breaker(clock=clock)

    breaker.trip()

    with pytest.raises(DatabaseUnavailable):
        breaker.admit()
