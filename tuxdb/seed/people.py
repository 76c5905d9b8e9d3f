"""Fake guilds, their configuration, and their members."""

from collections import Counter
from collections.abc import Iterator
from struct import Struct

from tuxdb.seed import binary, names
from tuxdb.seed.plan import BLOCK
from tuxdb.seed.world import CHANNELS, DISCORD_EPOCH_MS, LOW_BITS, World, created

PREFIXES = ("$", "!", "?", "tux ")
NAMES_PER_ROUND = 65_536


def username(position: int, shift: int = 0) -> str:
    """Two words, as no other position has them; from 65,536 on with a number."""
    scattered = (position * 40_503 + shift) % NAMES_PER_ROUND
    name = two_words(scattered)
    again = position // NAMES_PER_ROUND
    return f"{name}{again + 1}" if again else name


def two_words(number: int) -> str:
    """One of 65,536 names."""
    return f"{names.ADJECTIVES[number >> 8 & 255]}_{names.NOUNS[number & 255]}"


def guilds(world: World, punished: list[int]) -> Iterator[list[bytes]]:
    """Rows of `guilds`, each with its number of cases."""
    counts = Counter(world.guild_of[position] for position in punished)
    rows = []
    for number, guild_id in enumerate(world.guilds):
        words = two_words(guild_id).replace("_", " ").title()
        place = names.PLACES[number % len(names.PLACES)]
        at = binary.moment(created(guild_id))
        row = binary.row(
            binary.bigint(guild_id),
            binary.text(f"{words} {place}"),
            binary.bigint(counts[number]),
            at,
            at,
        )
        rows.append(row)
    yield rows


def guild_configs(world: World) -> Iterator[list[bytes]]:
    """Rows of `guild_configs`: a prefix, and the first channel as the log."""
    rows = []
    for number, guild_id in enumerate(world.guilds):
        at = binary.moment(created(guild_id))
        prefix = binary.text(PREFIXES[number % len(PREFIXES)])
        log = binary.bigint(world.channels[number * CHANNELS])
        rows.append(binary.row(binary.bigint(guild_id), prefix, log, at, at))
    yield rows


def users(world: World, first_id: int) -> Iterator[list[bytes]]:
    """Rows of `users` with what the ledger and the messages made of them.

    One user in sixteen is not active.
    """
    plan, to_postgres = world.plan, binary.microseconds(DISCORD_EPOCH_MS)
    shift = int(plan.digest[:4], 16)
    guilds, guild_of = world.guilds, world.guild_of
    head, tail = Struct(">hiqiqiqi").pack, Struct(">iqi?iqiqiqiq").pack
    silent = Struct(">iqi?iqiiqiq").pack
    for start in range(0, plan.users, BLOCK):
        block = []
        for n in range(start, min(start + BLOCK, plan.users)):
            discord_id, points = world.discord_ids[n], world.points[n]
            guild = guilds[guild_of[n]]
            name = username(n, shift).encode()
            at = to_postgres + (discord_id >> LOW_BITS) * 1000
            active, count = discord_id & 15 != 0, world.message_count[n]
            row = head(10, 8, first_id + n, 8, guild, 8, discord_id, len(name)) + name
            if count:
                last = to_postgres + world.last_message[n] * 1000
                row += tail(8, points, 1, active, 8, count, 8, last, 8, at, 8, at)
            else:
                row += silent(8, points, 1, active, 8, count, -1, 8, at, 8, at)
            block.append(row)
        yield block
