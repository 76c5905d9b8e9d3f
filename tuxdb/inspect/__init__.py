"""Looking into any PostgreSQL database: sizes, activity, findings and their fixes.

Its use cases load when they are first named, so that naming a check on the command
line costs no SQLAlchemy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuxdb.inspect.activity import (
        inspect_blocking,
        inspect_connections,
        inspect_locks,
        inspect_long_queries,
    )
    from tuxdb.inspect.report import inspect_database
    from tuxdb.inspect.sizes import inspect_indexes, inspect_size, inspect_tables
    from tuxdb.inspect.usage import inspect_cache_hit, inspect_seq_scans

__all__ = [
    "inspect_blocking",
    "inspect_cache_hit",
    "inspect_connections",
    "inspect_database",
    "inspect_indexes",
    "inspect_locks",
    "inspect_long_queries",
    "inspect_seq_scans",
    "inspect_size",
    "inspect_tables",
]

_MODULES = {
    "activity": (
        "inspect_blocking",
        "inspect_connections",
        "inspect_locks",
        "inspect_long_queries",
    ),
    "report": ("inspect_database",),
    "sizes": ("inspect_indexes", "inspect_size", "inspect_tables"),
    "usage": ("inspect_cache_hit", "inspect_seq_scans"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
