"""How the connection pools of a service are used, for its metrics."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlalchemy import QueuePool

if TYPE_CHECKING:
    from tuxdb.engine.service import DatabaseService


def pool_figures(
    service: "DatabaseService",
) -> Iterator[tuple[tuple[str, str], float]]:
    """Connections in use and waiting: `(("writing", "busy"), 3)`."""
    engines = {"writing": service._writer, "reading": service._reader}
    for name, engine in engines.items():
        pool = engine.pool
        if isinstance(pool, QueuePool):
            yield (name, "busy"), pool.checkedout()
            yield (name, "idle"), pool.checkedin()
