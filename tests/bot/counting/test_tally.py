"""The memory of the counters."""

from datetime import timedelta

from tests.harness.counters import NOON, count
from tuxdb.bot.tally import Tally
from tuxdb.controllers.activity import ActivityCount


def test_the_oldest_guilds_are_taken_first() -> None:
    tally = Tally()
    for guild, user in [(3, 1), (1, 1), (3, 2), (2, 1), (1, 1)]:
        tally.add(guild, user, "x", NOON)

    first = tally.take(3)

    assert [c.guild_id for c in first] == [3, 3, 1]
    assert (tally.keys, tally.messages) == (1, 1)
    assert [c.guild_id for c in tally.take(9)] == [2]
    assert (tally.keys, tally.messages, tally.take(9)) == (0, 0, [])


def test_what_is_put_back_is_added_and_is_the_oldest_again() -> None:
    tally = Tally()
    tally.add(1, 7, "old", NOON)
    taken = tally.take(9)
    tally.add(2, 8, "bob", NOON)
    tally.add(1, 7, "new", NOON + timedelta(hours=1))

    tally.put_back(taken)

    assert (tally.keys, tally.messages) == (2, 3)
    assert tally.take(1) == [
        ActivityCount(1, 7, "new", 2, NOON + timedelta(hours=1)),
    ]


def test_a_late_message_changes_neither_time_nor_name() -> None:
    tally = Tally()
    tally.add(1, 7, "user7", NOON)
    tally.add(1, 7, "before", NOON - timedelta(seconds=1))

    assert tally.take(9) == [count(7, 2)]
