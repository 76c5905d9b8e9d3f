"""How tables and indexes are read: from memory, and by which way."""

from dataclasses import dataclass

from tuxdb.engine.service import DatabaseService
from tuxdb.inspect.catalogue import Catalogue

ENOUGH_BLOCKS = 10_000
GOOD_RATIO = 0.99


@dataclass(frozen=True)
class CacheHit:
    """Blocks found in the server's memory; few reads say nothing yet.

    Reads that the system's own cache answered count as reads here.
    """

    part: str
    hits: int
    reads: int
    ratio: float | None
    verdict: str


@dataclass(frozen=True)
class SequentialScans:
    """A table that is read from end to end, many times over."""

    table: str
    rows: int
    seq_scans: int
    rows_read: int
    times_over: float
    index_scans: int


async def inspect_cache_hit(service: DatabaseService) -> list[CacheHit]:
    """The share of blocks found in memory, for tables and for indexes."""
    return [
        _judged(row["part"], row["hits"], row["reads"])
        for row in await Catalogue(service).ask("cache_hit")
    ]


async def inspect_seq_scans(
    service: DatabaseService, *, min_rows: int = 1000, times: int = 100
) -> list[SequentialScans]:
    """Tables larger than `min_rows` that scans have read `times` times over."""
    rows = await Catalogue(service).ask("seq_scans", min_rows=min_rows, times=times)
    return [SequentialScans(**row) for row in rows]


def _judged(part: str, hits: int, reads: int) -> CacheHit:
    total = hits + reads
    if total < ENOUGH_BLOCKS:
        ratio = round(hits / total, 4) if total else None
        return CacheHit(part, hits, reads, ratio, "not enough reads")
    ratio = hits / total
    verdict = "good" if ratio >= GOOD_RATIO else "low"
    return CacheHit(part, hits, reads, round(ratio, 4), verdict)
