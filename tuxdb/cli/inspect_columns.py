"""The columns of `tuxdb inspect`, and those that narrow terminals get first."""

import shutil
from collections.abc import Mapping

import typer

from tuxdb.cli.invocation import invocation

Columns = tuple[str, ...]

# from which width of the terminal on; the others can be had by --columns
WIDE, USUAL, NARROW = 160, 80, 0

TABLE = (
    "table",
    "total_bytes",
    "table_bytes",
    "index_bytes",
    "toast_bytes",
    "rows",
    "rows_are",
    "dead_rows",
    "seq_scans",
    "index_scans",
    "last_vacuum",
    "last_analyze",
)
TABLE_OF_80 = ("table", "total_bytes", "index_bytes", "rows", "rows_are", "dead_rows")
TABLE_OF_60 = ("table", "total_bytes", "rows", "rows_are")
INDEX = (
    "table",
    "index",
    "bytes",
    "scans",
    "last_idx_scan",
    "primary",
    "unique",
    "partial",
    "valid",
    "definition",
)
INDEX_OF_60 = ("index", "bytes", "scans", "unique", "valid", "definition")
BLOCKING = (
    "waiting_pid",
    "waiting_app",
    "waiting_seconds",
    "waiting_query",
    "blocking_pid",
    "blocking_app",
    "blocking_state",
    "blocking_transaction_seconds",
    "blocking_query",
    "is_root",
    "fix",
)
LOCK = (
    "pid",
    "role",
    "application",
    "state",
    "relation",
    "mode",
    "granted",
    "transaction_seconds",
    "query",
)
LOCK_OF_60 = ("pid", "relation", "mode", "granted", "query")
LONG_QUERY = (
    "pid",
    "role",
    "application",
    "state",
    "seconds",
    "transaction_seconds",
    "waiting_for",
    "query",
    "fix",
)
LONG_QUERY_OF_60 = ("pid", "state", "seconds", "query")
CONNECTION = (
    "database",
    "role",
    "application",
    "state",
    "connections",
    "longest_seconds",
)
CONNECTION_OF_60 = ("role", "application", "state", "connections")
SEQ_SCAN = ("table", "rows", "seq_scans", "rows_read", "times_over", "index_scans")


def fitting(ctx: typer.Context, by_width: Mapping[int, Columns]) -> Columns:
    """The columns that a terminal has room for; all, where it goes elsewhere."""
    is_table = invocation(ctx).format == "table"
    room = shutil.get_terminal_size().columns if is_table else WIDE
    return by_width[max(width for width in by_width if width <= room)]
