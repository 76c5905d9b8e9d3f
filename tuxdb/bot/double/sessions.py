"""A session of the gateway: it outlives its sockets and repeats what was missed."""

import secrets
from collections import deque

from tuxdb.bot.double.connections import Connection
from tuxdb.bot.double.intents import Intent
from tuxdb.bot.double.places import Json

EVENTS_KEPT = 1_000


class Session:
    """Numbers its events and keeps the last ones."""

    def __init__(self, shard: int, shard_count: int, intents: Intent) -> None:
        self.id = secrets.token_hex(16)
        self.shard, self.shard_count, self.intents = shard, shard_count, intents
        self.sequence = 0
        self.connection: Connection | None = None
        self._sent: deque[Json] = deque(maxlen=EVENTS_KEPT)

    def attach(self, connection: Connection) -> None:
        """Have a socket from now on."""
        self.connection, connection.session = connection, self

    def tell(self, event: str, data: Json) -> None:
        """Send an event, or keep it for when the session is resumed."""
        self.sequence += 1
        packet = {"op": 0, "d": data, "s": self.sequence, "t": event}
        self._sent.append(packet)
        if self.connection is not None:
            self.connection.send(packet)

    def after(self, sequence: int) -> list[Json] | None:
        """What came after an event; nothing if some of it is no longer known."""
        missed = [packet for packet in self._sent if packet["s"] > sequence]
        return missed if len(missed) == self.sequence - sequence else None
