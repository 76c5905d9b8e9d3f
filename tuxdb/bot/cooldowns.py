"""Cooldowns: how often a person, or a channel, may ask for something.

Kept in memory, each process for itself: a guild is on one shard, and what matters
about money is in the ledger. Only the times of uses are kept, and a rate is applied
when it is asked for, so that a changed one holds at once.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from tuxdb.bot.declined import Cooldown
from tuxdb.bot.interaction import Interaction

MOST_KEYS = 10_000
MOST_USES = 100


@dataclass(frozen=True)
class Rate:
    """So many uses within so many seconds."""

    uses: int
    seconds: float


TRANSFER = "transfer"
LEADERBOARD = "leaderboard"
RATES = {TRANSFER: Rate(5, 30.0), LEADERBOARD: Rate(2, 10.0)}


class Cooldowns:
    """Uses by what is done and by whom; `enabled` and `rates` may change any time."""

    def __init__(
        self,
        *,
        enabled: bool = True,
        rates: dict[str, Rate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.enabled = enabled
        self.rates = dict(RATES if rates is None else rates)
        self._clock = clock
        self._uses: dict[Hashable, deque[float]] = {}

    def spend(self, what: str, *whose: Hashable) -> None:
        """Use it once, or raise Cooldown with the seconds that are left."""
        rate = self.rates.get(what)
        if not self.enabled or rate is None:
            return
        now = self._clock()
        uses = self._take((what, *whose))
        recent = [used for used in uses if used > now - rate.seconds]
        if len(recent) >= rate.uses:
            raise Cooldown(recent[-rate.uses] + rate.seconds - now)
        uses.append(now)

    @property
    def remembered(self) -> int:
        """How many keys there is a memory of."""
        return len(self._uses)

    def _take(self, key: Hashable) -> deque[float]:
        """The uses under a key, which is now the last to be forgotten."""
        uses = self._uses.pop(key, None) or deque(maxlen=MOST_USES)
        self._uses[key] = uses
        if len(self._uses) > MOST_KEYS:
            del self._uses[next(iter(self._uses))]
        return uses


def spend_own(interaction: Interaction, what: str) -> None:
    """Use something of one's own in this guild."""
    cooldowns = interaction.client.cooldowns
    cooldowns.spend(what, interaction.guild_id, interaction.user.id)


def spend_shared(interaction: Interaction, what: str) -> None:
    """Use something that all in the channel share."""
    interaction.client.cooldowns.spend(what, interaction.channel_id)
