"""What the server is doing right now: who waits, who holds, who is connected."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.catalogue import Catalogue

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Sessions(Generic[RowT]):
    """Rows about sessions; of `hidden` others this role may see nothing.

    `grant` is what would show them.
    """

    items: list[RowT]
    hidden: int
    grant: str


@dataclass(frozen=True)
class Blocking:
    """A session that waits, and one that it waits for; `fix` ends the latter.

    `is_root` is for a blocker that waits for nobody itself.
    """

    waiting_pid: int
    waiting_app: str
    waiting_seconds: float | None
    waiting_query: str
    blocking_pid: int
    blocking_app: str | None
    blocking_state: str | None
    blocking_transaction_seconds: float | None
    blocking_query: str | None
    is_root: bool
    fix: str | None


@dataclass(frozen=True)
class Lock:
    """A lock on a table or index, held or waited for."""

    pid: int
    role: str | None
    application: str | None
    state: str | None
    relation: str
    mode: str
    granted: bool
    transaction_seconds: float | None
    query: str | None


@dataclass(frozen=True)
class LongQuery:
    """A query that runs for long, or a transaction in which nothing happens."""

    pid: int
    role: str | None
    application: str | None
    state: str
    seconds: float
    transaction_seconds: float | None
    waiting_for: str | None
    query: str
    fix: str


@dataclass(frozen=True)
class ConnectionGroup:
    """Connections of one role and application in one state."""

    database: str | None
    role: str | None
    application: str | None
    state: str | None
    connections: int
    longest_seconds: float | None


@dataclass(frozen=True)
class Connections:
    """All connections, and how many there can be.

    `pool_size` is what one process of the bot may open.
    """

    items: list[ConnectionGroup]
    max_connections: int
    reserved: int
    pool_size: int

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(group.connections for group in self.items)


async def inspect_blocking(service: DatabaseService) -> Sessions[Blocking]:
    """Who waits for whom; those first that wait for a session which could go on."""
    return await _sessions(service, Blocking, "blocking")


async def inspect_locks(service: DatabaseService) -> Sessions[Lock]:
    """Locks on tables and indexes; those waited for first."""
    return await _sessions(service, Lock, "locks")


async def inspect_long_queries(
    service: DatabaseService, *, longer_than: float = 300.0
) -> Sessions[LongQuery]:
    """What is active, or idle in a transaction, for more than so many seconds."""
    return await _sessions(service, LongQuery, "long_queries", longer_than=longer_than)


async def inspect_connections(service: DatabaseService) -> Connections:
    """Count connections by role, application and state."""
    catalogue = Catalogue(service)
    (limits,) = await catalogue.ask("connection_limits")
    groups = [ConnectionGroup(**row) for row in await catalogue.ask("connections")]
    return Connections(groups, **limits, pool_size=service.settings.pool_size)


async def _sessions(
    service: DatabaseService, row_type: type[RowT], query: str, **parameters: float
) -> Sessions[RowT]:
    catalogue = Catalogue(service)
    rows = [row_type(**row) for row in await catalogue.ask(query, **parameters)]
    (hidden,) = await catalogue.ask("hidden_sessions")
    return Sessions(rows, hidden["sessions"], hidden["grant_sql"])
