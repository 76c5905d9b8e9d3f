"""The ledger of fake data: an opening entry for each user, then transfers."""

from array import array
from collections.abc import Iterator
from struct import Struct

from tuxdb.seed import binary
from tuxdb.seed.plan import BLOCK
from tuxdb.seed.world import ACTIONS, DISCORD_EPOCH_MS, LOW_BITS, World, skewed

ACTOR = binary.text("tuxdb seed")
OPENING = binary.text("seed") + binary.text("opening balance") + ACTOR
TRANSFERS = [
    binary.text("transfer") + binary.text(reason) + ACTOR
    for reason in (None, "raffle", "thanks for the help", "lost a bet")
]


def entries(world: World, first_id: int, first_user: int) -> Iterator[list[bytes]]:
    """Rows of `points_transactions`; the balances of the world follow them."""
    yield from _opening(world, first_id, first_user)
    yield from _transfers(world, first_id + world.plan.users, first_user)


def _opening(world: World, first_id: int, first_user: int) -> Iterator[list[bytes]]:
    """Points from outside for each user, at the time when they joined."""
    pack = Struct(f">hiqiqiiqiqiiq{len(OPENING)}siq").pack
    to_postgres = binary.microseconds(DISCORD_EPOCH_MS)
    for start in range(0, world.plan.users, BLOCK):
        block = []
        for n in range(start, min(start + BLOCK, world.plan.users)):
            at = to_postgres + (world.discord_ids[n] >> LOW_BITS) * 1000
            points, guild = world.points[n], world.guilds[world.guild_of[n]]
            id_, user = first_id + n, first_user + n
            row = pack(
                11, 8, id_, 8, guild, -1, 8, user, 8, points, -1, 8, points,
                OPENING, 8, at,
            )  # fmt: skip
            block.append(row)
        yield block


def _transfers(world: World, first_id: int, first_user: int) -> Iterator[list[bytes]]:
    plan, points = world.plan, world.points
    head, tail = Struct(">hiqiqiqiqiqiqiq").pack, Struct(">iq").pack
    slot = ACTIONS.slot(plan.transfers)
    at = ACTIONS.start
    members = world.members() if plan.transfers else []
    id_ = first_id
    for who, what in plan.draws("transfer", plan.transfers, 2):
        block = []
        for person, word in zip(who, what, strict=True):
            sender, receiver = _pair(world, members, person, word >> 32)
            amount = 1 + word % ((points[sender] + 3) // 4)
            points[sender] -= amount
            points[receiver] += amount
            guild = world.guilds[world.guild_of[sender]]
            block.append(
                head(
                    *(11, 8, id_, 8, guild, 8, first_user + sender),
                    *(8, first_user + receiver, 8, amount),
                    *(8, points[sender], 8, points[receiver]),
                )
                + TRANSFERS[word >> 60 & 3]
                + tail(8, binary.microseconds(at + word % slot))
            )
            id_ += 1
            at += slot
        yield block


def _pair(
    world: World, members: list["array[int]"], person: int, word: int
) -> tuple[int, int]:
    """Two members of one guild of whom the first has points.

    A guild's points stay within it, so somebody there has some.
    """
    chosen = skewed(world.plan.users, person)
    group = members[world.guild_of[chosen]]
    if len(group) == 1:
        group = members[0]
        chosen = group[person % len(group)]
    other = group[word % len(group)]
    if other == chosen:
        other = group[(word + 1) % len(group)]
    if world.points[chosen]:
        return chosen, other
    if world.points[other]:
        return other, chosen
    return next(member for member in group if world.points[member]), chosen
