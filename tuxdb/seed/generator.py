"""Fake rows, made in one pass, as bytes that COPY takes.

The same plan gives the same bytes in every process. Messages and transfers come
before the users they change, so that nothing is kept but the users' own numbers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from tuxdb.seed import binary
from tuxdb.seed.activity import cases, messages, subjects
from tuxdb.seed.ledger import entries
from tuxdb.seed.people import guild_configs, guilds, users
from tuxdb.seed.plan import FakePlan
from tuxdb.seed.world import World

COLUMNS: dict[str, tuple[str, ...]] = {
    "guilds": ("id", "name", "case_count", "created_at", "updated_at"),
    "guild_configs": (
        "guild_id", "prefix", "mod_log_id", "created_at", "updated_at",
    ),
    "points_transactions": (
        "id", "guild_id", "from_user", "to_user", "amount", "from_balance",
        "to_balance", "kind", "reason", "actor", "created_at",
    ),
    "messages": (
        "id", "guild_id", "channel_id", "author_id", "content", "created_at",
    ),
    "users": (
        "id", "guild_id", "discord_id", "username", "points", "is_active",
        "message_count", "last_active", "created_at", "updated_at",
    ),
    "cases": (
        "id", "guild_id", "user_id", "case_number", "case_type", "reason",
        "moderator_id", "is_active", "expires_at", "created_at", "updated_at",
    ),
}  # fmt: skip
"""The columns of the bytes, per table in the order of loading."""


@dataclass(frozen=True)
class FirstIds:
    """Where the numbering of rows starts; the database hands out the numbers."""

    users: int = 1
    points_transactions: int = 1
    cases: int = 1


class Chunk(NamedTuple):
    """Some rows of one table; header and trailer of the format are in them."""

    table: str
    rows: int
    data: bytes


def produce(plan: FakePlan, first: FirstIds) -> Iterator[Chunk]:
    """Make all rows of a plan, table by table in the order of loading."""
    world = World(plan)
    punished = subjects(world)
    makers: dict[str, Callable[[], Iterator[list[bytes]]]] = {
        "guilds": partial(guilds, world, punished),
        "guild_configs": partial(guild_configs, world),
        "points_transactions": partial(
            entries, world, first.points_transactions, first.users
        ),
        "messages": partial(messages, world),
        "users": partial(users, world, first.users),
        "cases": partial(cases, world, punished, first.cases, first.users),
    }
    for table, make in makers.items():
        yield Chunk(table, 0, binary.HEADER)
        for block in make():
            yield Chunk(table, len(block), b"".join(block))
        yield Chunk(table, 0, binary.TRAILER)
