"""Fake data: the same bytes each time, and rows that fit each other."""

import hashlib
import subprocess
import sys
from collections import Counter, defaultdict

import pytest

from tests.seed.rows import made
from tuxdb.errors import InvalidValue
from tuxdb.seed.binary import POSTGRES_EPOCH_MS
from tuxdb.seed.generator import FirstIds, produce
from tuxdb.seed.people import username
from tuxdb.seed.plan import FakePlan
from tuxdb.seed.world import DISCORD_EPOCH_MS

PLAN = FakePlan(5, 400, messages=3000, transfers=900, cases=60, random_seed=7)
KNOWN = "09122e2cb9f2c5378f3d0a2e31a5eeb29452a740e9311023ef09362a15ef85f3"


def digest(plan: FakePlan) -> str:
    found = hashlib.sha256()
    for chunk in produce(plan, FirstIds()):
        found.update(chunk.data)
    return found.hexdigest()


def created(snowflake: int) -> int:
    """The moment in a Discord id, as PostgreSQL counts."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS - POSTGRES_EPOCH_MS) * 1000


def test_bytes_are_those_of_every_python_so_far() -> None:
    assert digest(PLAN) == KNOWN


def test_another_process_with_another_hash_seed_makes_the_same_bytes() -> None:
    program = "from tests.seed.test_generator import *; print(digest(PLAN))"
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "12345"},
    )
    assert result.stdout.strip() == KNOWN


def test_another_random_seed_makes_other_guilds() -> None:
    other = made(FakePlan(5, 400, random_seed=8))

    ids = {row["id"] for row in made(PLAN)["guilds"]}
    assert ids.isdisjoint(row["id"] for row in other["guilds"])


def test_ids_are_in_the_order_of_time_and_tell_when_a_row_was_created() -> None:
    rows = made(PLAN)

    for table, name in (("guilds", "id"), ("users", "discord_id"), ("messages", "id")):
        ids = [row[name] for row in rows[table]]
        assert ids == sorted(set(ids))
        assert [row["created_at"] for row in rows[table]] == [*map(created, ids)]


def test_nobody_acts_before_they_are_there() -> None:
    rows = made(PLAN)

    moments = [
        [row["created_at"] for row in rows[table]]
        for table in ("guilds", "users", "messages")
    ]
    assert max(moments[0]) < min(moments[1])
    assert max(moments[1]) < min(moments[2])


def test_guild_sizes_are_skewed_and_no_guild_is_empty() -> None:
    sizes = Counter(row["guild_id"] for row in made(FakePlan(20, 5000))["users"])

    guilds = [row["id"] for row in made(FakePlan(20, 5000))["guilds"]]
    assert set(sizes) == set(guilds)
    assert sizes[guilds[0]] > 1.5 * sizes[guilds[1]] > 3 * sizes[guilds[19]]


def test_user_names_are_plain_and_differ() -> None:
    names = [username(position) for position in range(70_000)]

    assert len(set(names)) == len(names)
    assert max(map(len, names)) < 100
    assert all(name.replace("_", "").isalnum() and name.isascii() for name in names)


def test_ledger_chain_leads_to_the_balances() -> None:
    rows = made(PLAN, FirstIds(users=1000, points_transactions=50))
    balances: dict[object, int] = defaultdict(int)
    guild_of = {row["id"]: row["guild_id"] for row in rows["users"]}

    for number, entry in enumerate(rows["points_transactions"], start=50):
        assert entry["id"] == number
        if entry["from_user"] is not None:
            balances[entry["from_user"]] -= entry["amount"]
            assert balances[entry["from_user"]] == entry["from_balance"] >= 0
            assert guild_of[entry["from_user"]] == entry["guild_id"]
        balances[entry["to_user"]] += entry["amount"]
        assert balances[entry["to_user"]] == entry["to_balance"]
        assert guild_of[entry["to_user"]] == entry["guild_id"]
        assert entry["amount"] >= 1
        assert entry["from_user"] != entry["to_user"]

    assert {row["id"]: row["points"] for row in rows["users"]} == balances


def test_each_user_has_one_opening_entry() -> None:
    kinds = Counter(row["kind"] for row in made(PLAN)["points_transactions"])

    assert kinds == {"seed": 400, "transfer": 900}


def test_counters_of_users_are_those_of_their_messages() -> None:
    rows = made(PLAN)
    count: Counter[object] = Counter()
    last: dict[object, object] = {}

    for message in rows["messages"]:
        count[message["author_id"]] += 1
        last[message["author_id"]] = message["created_at"]

    for user in rows["users"]:
        assert user["message_count"] == count[user["discord_id"]]
        assert user["last_active"] == last.get(user["discord_id"])


def test_messages_are_written_by_members_of_their_guild() -> None:
    rows = made(PLAN)
    guild_of = {row["discord_id"]: row["guild_id"] for row in rows["users"]}

    assert all(m["guild_id"] == guild_of[m["author_id"]] for m in rows["messages"])


def test_cases_are_numbered_from_one_in_each_guild() -> None:
    rows = made(PLAN)
    numbers: dict[object, list[object]] = defaultdict(list)
    for case in rows["cases"]:
        numbers[case["guild_id"]].append(case["case_number"])

    for guild in rows["guilds"]:
        expected = [*range(1, guild["case_count"] + 1)]
        assert numbers[guild["id"]] == expected


def test_smallest_plan_is_one_user_in_one_guild() -> None:
    rows = made(FakePlan(1, 1))

    assert [len(rows[table]) for table in rows] == [1, 1, 1, 0, 1, 0]


def test_points_move_even_where_all_members_but_one_have_none() -> None:
    entries = made(FakePlan(1, 2, transfers=2000))["points_transactions"]

    assert len(entries) == 2002


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"guilds": 0}, "guilds must be a whole number from 1 to 100000"),
        ({"users": -1}, "users must be a whole number from 1 to 10000000"),
        ({"users": 5, "transfers": 1}, "transfers need more users than guilds"),
        (
            {"random_seed": 2**63},
            f"random_seed must be a whole number from 0 to {2**63 - 1}",
        ),
    ],
)
def test_impossible_plans_are_refused(numbers: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        FakePlan(**numbers)

    assert str(refused.value) == message
