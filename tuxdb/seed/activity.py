"""What fake members do: write messages, and get cases."""

from collections import Counter
from collections.abc import Callable, Iterator
from struct import Struct

from tuxdb.seed import binary, names
from tuxdb.seed.world import (
    ACTIONS,
    CHANNELS,
    DISCORD_EPOCH_MS,
    LOW_BITS,
    World,
    skewed,
)

HOUR_MS = 3_600_000
OPEN_MASK = 3


def messages(world: World) -> Iterator[list[bytes]]:
    """Rows of `messages` in time order; members who came first write most.

    Counts each message for its author. Formulas that have a name elsewhere are
    written out here, and a row is packed at once: a call costs as much as the rest.
    """
    plan, users = world.plan, world.plan.users
    slot = ACTIONS.slot(plan.messages)
    at = ACTIONS.start - DISCORD_EPOCH_MS
    to_postgres = binary.microseconds(DISCORD_EPOCH_MS)
    channels, packers = _channels(world), _packers()
    guild_of, discord_ids = world.guild_of, world.discord_ids
    counts, last = world.message_count, world.last_message
    for first, second, third in plan.draws("message", plan.messages, 3, bits=32):
        block: list[bytes] = []
        add = block.append
        for a, b, c in zip(first, second, third, strict=True):
            author = (users * (a >> 12) * (b >> 12)) >> 40
            time = at + c % slot
            at += slot
            counts[author] += 1
            last[author] = time
            pack, content = packers[b & 255]
            id_ = time << LOW_BITS | c >> 10
            place = channels[guild_of[author] * CHANNELS + (a & 3)]
            sent = to_postgres + time * 1000
            add(pack(6, 8, id_, place, discord_ids[author], content, 8, sent))
        yield block


def _channels(world: World) -> list[bytes]:
    """The fields between a message's id and its author: guild, then channel."""
    pack = Struct(">iqiqi").pack
    return [
        pack(8, world.guilds[n // CHANNELS], 8, channel, 8)
        for n, channel in enumerate(world.channels)
    ]


def _packers() -> list[tuple[Callable[..., bytes], bytes]]:
    """A row's packing for each content, as its length is part of the format."""
    texts = [f"{first} {then}" for first in names.OPENINGS for then in names.REMARKS]
    contents = [binary.text(text) for text in texts]
    return [(Struct(f">hiq28sq{len(c)}siq").pack, c) for c in contents]


def subjects(world: World) -> list[int]:
    """The positions of the users whom the cases are about, in order of time."""
    plan = world.plan
    return [
        skewed(plan.users, word)
        for (drawn,) in plan.draws("subject", plan.cases, 1)
        for word in drawn
    ]


def cases(
    world: World, punished: list[int], first_id: int, first_user: int
) -> Iterator[list[bytes]]:
    """Rows of `cases`, numbered from 1 within each guild.

    The moderator is the guild's first member; of bans and timeouts a quarter is open.
    """
    plan = world.plan
    slot = ACTIONS.slot(plan.cases)
    kinds = list(names.CASE_REASONS.items())
    numbers: Counter[int] = Counter()
    n = 0
    for (drawn,) in plan.draws("case", plan.cases, 1):
        block = []
        for word in drawn:
            position = punished[n]
            guild = world.guild_of[position]
            numbers[guild] += 1
            kind, reason = kinds[(word >> 40) % len(kinds)]
            milliseconds = ACTIONS.start + n * slot + word % slot
            hours = (word >> 48) % 72 + 1
            ends = milliseconds + hours * HOUR_MS if kind == "timeout" else None
            at = binary.moment(milliseconds)
            row = binary.row(
                binary.bigint(first_id + n),
                binary.bigint(world.guilds[guild]),
                binary.bigint(first_user + position),
                binary.bigint(numbers[guild]),
                binary.text(kind),
                binary.text(reason),
                binary.bigint(world.discord_ids[guild]),
                binary.boolean(kind in ("ban", "timeout") and not word >> 62),
                binary.moment(ends),
                at,
                at,
            )
            block.append(row)
            n += 1
        yield block
